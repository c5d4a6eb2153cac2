"""Widgets of chapter 03: gradient norm by depth; bumps that build a function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import anywidget
import numpy as np
import traitlets

from course_lib.figures.expressiveness import Function, nielsen
from course_lib.reference.activations import get_activation
from course_lib.widgets import script, stylesheet

ACTIVATIONS = ("linear", "sigmoid", "hard_sigmoid", "tanh", "softsign", "relu", "leaky_relu", "elu", "selu", "softplus")


def gradients_by_layer(
    activation: str, scale: float, depth: int = 20, width: int = 64, batch: int = 64, seed: int = 0
) -> dict[str, list[float]]:
    """Send one random batch forward, one random gradient backward through ``depth`` layers of equal width.

    Weights are normal with standard deviation scale/√width and there are no biases; input and upstream gradient are
    standard normal. The same seed gives the same draws for every activation and scale.

    Returns
    -------
    dict
        ``norm``: Frobenius norms of dL/ds of layers 1 to ``depth``, divided by that of the last one;
        ``spread``: standard deviations of the layers' outputs.

    Examples
    --------
    >>> study = gradients_by_layer("sigmoid", 1.0)
    >>> study["norm"][-1], study["norm"][0] < 1e-11  # less than a quarter a layer
    (1.0, True)
    """
    rng, f = np.random.default_rng(seed), get_activation(activation)
    a, G = rng.normal(size=(2, batch, width))
    weights = rng.normal(size=(depth, width, width)) * scale / np.sqrt(width)
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    for W in weights:
        s = a @ W
        a = f(s)
        kept.append((s, a))
    norms = []
    for (s, a), W in zip(kept[::-1], weights[::-1], strict=True):
        delta = f.backward(s, a, G)
        norms.append(float(np.linalg.norm(delta)))
        G = delta @ W.T
    return {
        "norm": [_short(norm / norms[0]) if norms[0] else 0.0 for norm in norms[::-1]],
        "spread": [_short(float(a.std())) for _, a in kept],
    }


def _short(value: float) -> float:
    return float(f"{value:.3g}")


class GradientByDepth(anywidget.AnyWidget):
    """Choose an activation and the scale of the initial weights, see the gradient norm of every layer.

    Examples
    --------
    >>> widget = GradientByDepth()
    >>> len(widget.studies["relu"]), len(widget.studies["relu"][0]["norm"])
    (13, 20)
    """

    _esm = script("gradient_by_depth")
    _css = stylesheet()
    studies = traitlets.Dict().tag(sync=True)
    scales = traitlets.List().tag(sync=True)
    activation = traitlets.Unicode("sigmoid").tag(sync=True)
    choice = traitlets.Int(2).tag(sync=True)
    all_scales: ClassVar[tuple[float, ...]] = (0.5, 0.75, 1, 1.2, 1.41, 1.6, 2, 2.5, 3, 4, 5, 6, 8)

    def __init__(self, activations: Sequence[str] = ACTIVATIONS, **state: Any) -> None:
        studies = {name: [gradients_by_layer(name, scale) for scale in self.all_scales] for name in activations}
        super().__init__(studies=studies, scales=list(self.all_scales), **state)

    def __repr__(self) -> str:
        return "GradientByDepth()"


FUNCTIONS: Mapping[str, Function] = {
    "Nielsen's function": nielsen,
    "half a sine": lambda x: 0.9 * np.sin(np.pi * x),
    "a jump": lambda x: np.where(x < 0.5, 0.2, 0.8),
}


class Bumps(anywidget.AnyWidget):
    """Choose how many sigmoid bumps build a function on [0, 1], and how steep they are.

    Python gives the function on a grid; the browser adds up the bumps
    height·(σ(w(x − left)) − σ(w(x − right))), as high as the function is in the middle of each.

    Examples
    --------
    >>> len(Bumps().functions["half a sine"])
    401
    """

    _esm = script("bumps")
    _css = stylesheet()
    functions = traitlets.Dict().tag(sync=True)
    function = traitlets.Unicode("Nielsen's function").tag(sync=True)
    bumps = traitlets.Int(5).tag(sync=True)
    steepness = traitlets.Float(2.0).tag(sync=True)  # power of ten

    def __init__(self, **state: Any) -> None:
        grid = np.linspace(0, 1, 401)
        functions = {name: [round(float(value), 5) for value in f(grid)] for name, f in FUNCTIONS.items()}
        super().__init__(functions=functions, **state)

    def __repr__(self) -> str:
        return "Bumps()"
