"""Widgets of chapter 02: a computation graph to step through; matrix shapes that snap together or refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import anywidget
import numpy as np
import traitlets

from course_lib.reference.graph import Tensor, topological_order
from course_lib.widgets import script, stylesheet

SIGNS = {"**": "square", "sigmoid": "σ"}  # how a box names its operation
Place = tuple[float, float]  # column and row of a box; the rows go down


def stylesheet_of_chapter() -> str:
    """CSS that only these two widgets need.

    Examples
    --------
    >>> "{" in stylesheet_of_chapter()
    True
    """
    return (Path(__file__).parent / "js" / "backprop.css").read_text("utf-8")


class Example(NamedTuple):
    """A graph to step through: how it is built, and where its boxes stand (in topological order).

    Examples
    --------
    >>> EXAMPLE = next(iter(EXAMPLES.values()))
    >>> len(describe(EXAMPLE)) == len(EXAMPLE.places)
    True
    """

    build: Callable[[], Tensor]
    places: Sequence[Place]


def sum_times() -> Tensor:
    """Return f = (x + y)·z at (−2, 5, −4), the graph of the Computing Lab II slides (2021).

    Examples
    --------
    >>> float(sum_times().data)
    -12.0
    """
    x, y, z = Tensor(-2.0, "x"), Tensor(5.0, "y"), Tensor(-4.0, "z")
    q = x + y
    q.name = "q"
    return _named(q * z, "f")


def product_plus() -> Tensor:
    """Return f = x·y + z at the same point, the graph of the W4995 slides (2021).

    Examples
    --------
    >>> float(product_plus().data)
    -14.0
    """
    x, y, z = Tensor(-2.0, "x"), Tensor(5.0, "y"), Tensor(-4.0, "z")
    return _named(_named(x * y, "p") + z, "f")


def used_twice() -> Tensor:
    """Return f = q + q·z with q = x + y: the smallest graph in which the order of the way back matters.

    Examples
    --------
    >>> float(used_twice().data)                           # q = 3, q·z = −12
    -9.0
    """
    x, y, z = Tensor(-2.0, "x"), Tensor(5.0, "y"), Tensor(-4.0, "z")
    q = _named(x + y, "q")
    return _named(q + _named(q * z, "r"), "f")


def neuron() -> Tensor:
    """Return the squared error of one sigmoid neuron, L = (σ(wx + b) − 1)².

    Examples
    --------
    >>> 0 < float(neuron().data) < 1
    True
    """
    w, x, b = Tensor(0.5, "w"), Tensor(2.0, "x"), Tensor(-1.0, "b")
    a = _named((_named(_named(w * x, "p") + b, "s")).sigmoid(), "a")
    return _named(_named(a - 1, "e") ** 2, "L")


EXAMPLES: Mapping[str, Example] = {
    "f = (x + y) · z": Example(sum_times, ((0, 0), (1, 0), (0.5, 1), (2, 1), (1.25, 2))),
    "f = x · y + z": Example(product_plus, ((0, 0), (1, 0), (0.5, 1), (2, 1), (1.25, 2))),
    "f = q + q · z with q = x + y": Example(used_twice, ((0, 0), (1, 0), (0.5, 1), (2, 1), (1.5, 2), (0.5, 3))),
    "one neuron, L = (σ(wx + b) − 1)²": Example(
        neuron, ((0, 0), (1, 0), (0.5, 1), (1.75, 1), (1.1, 2), (1.1, 3), (1.1, 4), (1.1, 5))
    ),
}


def _named(tensor: Tensor, name: str) -> Tensor:
    tensor.name = name
    return tensor


def describe(example: Example) -> list[dict[str, Any]]:
    """Nodes of a graph in topological order, constants left out, with values, local derivatives and gradients.

    Returns
    -------
    list of dict
        ``name, operation, value, gradient, place`` and ``parents``: pairs of index and local derivative.

    Examples
    --------
    >>> f = describe(EXAMPLES["f = (x + y) · z"])[-1]
    >>> f["value"], f["parents"]
    (-12.0, [[2, -4.0], [3, 3.0]])
    """
    result = example.build()
    result.backward()
    order = [node for node in topological_order(result) if not node.constant]
    index = {id(node): i for i, node in enumerate(order)}
    return [
        {
            "name": node.name,
            "operation": SIGNS.get(node.operation, node.operation),
            "value": float(node.data),
            "gradient": float(node.grad),
            "place": list(place),
            "parents": [
                [index[id(parent)], float(pull(np.ones(())))]
                for parent, pull in zip(node.parents, node._pulls, strict=True)
                if not parent.constant
            ],
        }
        for node, place in zip(order, example.places, strict=True)
    ]


class GraphSteps(anywidget.AnyWidget):
    """Step forward and backward through a computation graph, in the right order or in one of your own.

    Examples
    --------
    >>> nodes = GraphSteps().graphs["f = q + q · z with q = x + y"]
    >>> {node["name"]: node["gradient"] for node in nodes}
    {'x': -3.0, 'y': -3.0, 'q': -3.0, 'z': 3.0, 'r': 1.0, 'f': 1.0}
    """

    _esm = script("graph_steps")
    _css = stylesheet() + stylesheet_of_chapter()
    graphs = traitlets.Dict().tag(sync=True)
    graph = traitlets.Unicode("f = (x + y) · z").tag(sync=True)
    own_order = traitlets.Bool(False).tag(sync=True)
    forward = traitlets.Int(0).tag(sync=True)
    passed = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(self, **state: Any) -> None:
        super().__init__(graphs={name: describe(example) for name, example in EXAMPLES.items()}, **state)

    def __repr__(self) -> str:
        return "GraphSteps()"


class ShapeSnap(anywidget.AnyWidget):
    """Choose two factors for a gradient of s = XW + b and see whether their shapes snap together.

    Examples
    --------
    >>> widget = ShapeSnap()
    >>> widget.rules["dL/dW"], widget.factors["Xᵀ"]
    (['Xᵀ', 'G'], ['d', 'n'])
    """

    _esm = script("shape_snap")
    _css = stylesheet() + stylesheet_of_chapter()
    # shapes in terms of n samples, d features, k units; the row 1ᵀ of ones sums over the batch
    factors = traitlets.Dict(
        {
            "X": ["n", "d"], "Xᵀ": ["d", "n"], "W": ["d", "k"], "Wᵀ": ["k", "d"],
            "G": ["n", "k"], "Gᵀ": ["k", "n"], "1ᵀ": ["1", "n"],
        }
    ).tag(sync=True)  # fmt: skip
    rules = traitlets.Dict({"dL/dX": ["G", "Wᵀ"], "dL/dW": ["Xᵀ", "G"], "dL/db": ["1ᵀ", "G"]}).tag(sync=True)
    shapes = traitlets.Dict({"dL/dX": ["n", "d"], "dL/dW": ["d", "k"], "dL/db": ["1", "k"]}).tag(sync=True)
    sizes = traitlets.Dict({"n": 4, "d": 3, "k": 2}).tag(sync=True)
    wanted = traitlets.Unicode("dL/dX").tag(sync=True)
    left = traitlets.Unicode("G").tag(sync=True)
    right = traitlets.Unicode("W").tag(sync=True)

    def __repr__(self) -> str:
        return "ShapeSnap()"
