"""Networks that are no chain: several inputs and outputs, layers that are used twice.

A `GraphNetwork` is a table, one line a node: its name, the layer that computes it, the nodes it is computed from.
Keras' functional interface builds the same table behind calls like ``h = dense(x)``.

>>> shared = Dense(4)
>>> network = GraphNetwork(
...     inputs={"user": 3, "film": 3},
...     nodes={
...         "h1": (shared, "user"),
...         "h2": (shared, "film"),                          # the same weights once more
...         "h": (concatenate, "h1", "h2"),
...         "a": (Activation("relu"), "h"),
...         "rating": (Dense(1), "a"),
...         "genre": (Dense(5), "a"),
...     },
...     outputs=["rating", "genre"],
...     seed=0,
... )
>>> rating, genre = network(torch.ones(7, 3), torch.zeros(7, 3))
>>> rating.shape, genre.shape
(torch.Size([7, 1]), torch.Size([7, 5]))
>>> print(network.summary())
node        layer            from        output    parameters
user        input                        (n, 3)             0
film        input                        (n, 3)             0
h1          Dense            user        (n, 4)            16
h2          Dense (shared)   film        (n, 4)             0
h           concatenate      h1, h2      (n, 8)             0
a           Activation relu  h           (n, 8)             0
rating      Dense            a           (n, 1)             9
genre       Dense            a           (n, 5)            45
70 parameters

It is a `torch.nn.Module`: autograd sums the gradients of a shared layer over its uses, and every optimizer, hook and
tracer of PyTorch works with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.accelerated.devices import check_device
from course_lib.accelerated.layers import Activation, Dense
from course_lib.accelerated.modules import LayerModule
from course_lib.reference.layers import Layer
from course_lib.validation import as_generator, unknown_name

__all__ = ["Activation", "Dense", "GraphNetwork", "concatenate"]

Shape = tuple[int, ...]
Node = tuple[Any, ...]  # (layer, name of a parent, name of another parent, …)


def concatenate(*parents: Tensor) -> Tensor:
    """Return the features of several nodes side by side, (n, k₁ + k₂ + …).

    Examples
    --------
    >>> concatenate(torch.ones(2, 1), torch.zeros(2, 2))
    tensor([[1., 0., 0.],
            [1., 0., 0.]])
    """
    return torch.cat(parents, dim=1)


class GraphNetwork(nn.Module):
    """A directed acyclic graph of layers.

    Parameters
    ----------
    inputs
        Shape of one sample of each input (or its number of features), by name, in the order of `forward`'s arguments.
    nodes
        ``name: (layer, parent, …)``; parents are names of inputs or nodes, in any order. A layer is one of the
        course's, a `torch.nn.Module`, or a function of tensors. One layer object in two nodes is shared.
    outputs
        Names of the nodes that `forward` returns.
    seed
        For the initial weights of the course's layers and their dropout.
    dtype, device
        Of the weights.

    Raises
    ------
    ValueError
        If a parent is unknown, the nodes form a circle, a node leads to no output, a layer cannot be shared, or there
        is no such device here.

    Examples
    --------
    >>> nodes = {"h": (Dense(3), "x"), "y": (torch.add, "h", "x")}      # a path around a layer
    >>> GraphNetwork({"x": 3}, nodes, ["y"])(torch.zeros(2, 3)).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        inputs: Mapping[str, int | Shape],
        nodes: Mapping[str, Node],
        outputs: Sequence[str],
        seed: int | np.random.Generator = 0,
        dtype: torch.dtype = torch.float32,
        device: str | torch.device = "cpu",
    ) -> None:
        super().__init__()
        self.input_shapes = {name: (s,) if isinstance(s, int) else tuple(s) for name, s in inputs.items()}
        self.parents: dict[str, list[str]] = {name: list(node[1:]) for name, node in nodes.items()}
        self.outputs = list(outputs)
        self._check_names()
        self.order = self._sort()
        self.parts = nn.ModuleDict()
        self.callables: dict[str, Callable[..., Tensor]] = {}
        self.kinds: dict[str, str] = {}
        self.shapes: dict[str, Shape] = dict(self.input_shapes)
        self._build(nodes, as_generator(seed), dtype, check_device(device))

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Return the outputs, in their order (one alone without a tuple), for one batch of each input."""
        if len(inputs) != len(self.input_shapes):
            raise ValueError(f"there are {len(self.input_shapes)} inputs ({self._words()}), got {len(inputs)}")
        values = dict(zip(self.input_shapes, inputs, strict=True))
        for name in self.order:
            values[name] = self.callables[name](*[values[parent] for parent in self.parents[name]])
        results = tuple(values[name] for name in self.outputs)
        return results[0] if len(results) == 1 else results

    def summary(self) -> str:
        """Return a table of the nodes in the order in which they are computed, to be printed."""
        rows = [("node", "layer", "from", "output", "parameters")]
        rows += [(name, "input", "", _shape(shape), "0") for name, shape in self.input_shapes.items()]
        counted: set[int] = set()
        for name in self.order:
            part = self.callables[name]
            again = id(part) in counted
            size = sum(p.numel() for p in part.parameters()) if isinstance(part, nn.Module) and not again else 0
            counted |= {id(part)} if isinstance(part, nn.Module) else set()
            kind = self.kinds[name] + (" (shared)" if again else "")
            rows.append((name, kind, ", ".join(self.parents[name]), _shape(self.shapes[name]), f"{size:,}"))
        a, b, c, d = (max(len(row[i]) for row in rows) + 2 for i in range(4))
        lines = [f"{n:<{max(a, 12)}}{k:<{b}}{p:<{max(c, 12)}}{s:<{d}}{size:>12}" for n, k, p, s, size in rows]
        return "\n".join([*lines, f"{sum(p.numel() for p in self.parameters()):,} parameters"])

    def draw(self) -> Any:
        """Return a matplotlib figure of the graph: `course_lib.figures.architecture.draw_architecture`."""
        from course_lib.figures.architecture import draw_architecture

        return draw_architecture(self)

    # Making it

    def _words(self) -> str:
        return ", ".join(f"{name} {_shape(shape)}" for name, shape in self.input_shapes.items())

    def _check_names(self) -> None:
        known = [*self.input_shapes, *self.parents]
        for name in self.parents:
            if name in self.input_shapes or not name.isidentifier() or hasattr(nn.ModuleDict(), name):
                raise ValueError(
                    f"node {name!r} needs a name of its own, of letters, digits and _, that modules have no use for "
                    "(type, values, forward, …)"
                )
        for name, parents in {**self.parents, "outputs": self.outputs}.items():
            if not parents:
                raise ValueError(f"{name!r} has no parents: write (layer, 'name of a parent')")
            for parent in parents:
                if parent not in known:
                    raise unknown_name(f"parent of {name!r},", parent, known)

    def _sort(self) -> list[str]:
        """Return the nodes, each after its parents, else in the order in which they were given."""
        try:
            TopologicalSorter(self.parents).prepare()
        except CycleError as error:
            raise ValueError(f"the nodes form a circle, {' ← '.join(error.args[1])}: there is no first one") from None
        order: list[str] = []
        while len(order) < len(self.parents):
            done = {*order, *self.input_shapes}
            order.append(next(n for n, ps in self.parents.items() if n not in done and done.issuperset(ps)))
        needed = set(self.outputs)
        for name in reversed(order):
            needed |= set(self.parents[name]) if name in needed else set()
        idle = [name for name in (*self.input_shapes, *order) if name not in needed]
        if idle:
            raise ValueError(f"{idle[0]!r} leads to no output: leave it out, or name it in outputs")
        return order

    def _build(
        self, nodes: Mapping[str, Node], rng: np.random.Generator, dtype: torch.dtype, device: torch.device
    ) -> None:
        """Make every layer's weights, and find all shapes by sending two samples of zeros through."""
        made: dict[int, Callable[..., Tensor]] = {}
        values = {name: torch.zeros((2, *s), dtype=dtype, device=device) for name, s in self.input_shapes.items()}
        for name in self.order:
            layer, inputs = nodes[name][0], [values[parent] for parent in self.parents[name]]
            if id(layer) not in made:
                made[id(layer)] = part = self._make(layer, inputs, rng, dtype, device)
                if isinstance(part, nn.Module):
                    self.parts[name] = part
            self.callables[name] = part = made[id(layer)]
            self.kinds[name] = (
                part.kind if isinstance(part, LayerModule) else getattr(layer, "__name__", type(layer).__name__)
            )
            try:
                with torch.no_grad():
                    values[name] = _quietly(part, inputs)
            except RuntimeError as error:
                shapes = ", ".join(f"{p} {_shape(self.shapes[p])}" for p in self.parents[name])
                hint = "; a shared layer needs inputs of one shape" if name not in self.parts else ""
                raise ValueError(f"node {name!r} ({self.kinds[name]}) cannot take {shapes}: {error}{hint}") from error
            self.shapes[name] = tuple(values[name].shape[1:])

    def _make(
        self, layer: Any, inputs: list[Tensor], rng: np.random.Generator, dtype: torch.dtype, device: torch.device
    ) -> Callable[..., Tensor]:
        if isinstance(layer, Layer):
            return LayerModule.build(layer, tuple(inputs[0].shape[1:]), rng, dtype, device)
        if isinstance(layer, nn.Module):
            return layer.to(device, dtype)
        if callable(layer):
            return layer
        raise TypeError(f"a node starts with a layer, a module or a function of tensors, got {layer!r}")


def _quietly(part: Callable[..., Tensor], inputs: list[Tensor]) -> Tensor:
    """Return the outputs in evaluation mode, so that looking at shapes changes nothing (running means, dropout)."""
    if not isinstance(part, nn.Module):
        return part(*inputs)
    was = part.training
    part.eval()
    try:
        return part(*inputs)
    finally:
        part.train(was)


def _shape(shape: Shape) -> str:
    return f"({', '.join(['n', *map(str, shape)])})"
