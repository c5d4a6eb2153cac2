"""Widgets of chapter 05: variance through the layers, computed as you drag; equal units that stay equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import NDArray

from course_lib.reference.activations import get_activation, sigmoid
from course_lib.widgets import browser, script, stylesheet

Array = NDArray[np.floating]
ACTIVATIONS = ("linear", "tanh", "sigmoid", "relu", "leaky_relu", "selu")
WIDTH, BATCH = 80, 32


class VarianceByLayer(anywidget.AnyWidget):
    """Choose activation, scale of the weights and depth: a random network is run in the browser, there and back.

    Weights are normal with standard deviation scale/√width, biases zero, inputs and upstream gradient standard
    normal; the browser draws, multiplies and measures, and `variances_by_layer` does the same in Python.

    Examples
    --------
    >>> widget = VarianceByLayer(activation="relu", scale=2**0.5)
    >>> widget.activation in widget.activations, widget.depth
    (True, 50)
    """

    _esm = script("random", "variance_by_layer")
    _css = stylesheet()
    activations = traitlets.List(list(ACTIVATIONS)).tag(sync=True)
    width = traitlets.Int(WIDTH).tag(sync=True)
    batch = traitlets.Int(BATCH).tag(sync=True)
    activation = traitlets.Unicode("tanh").tag(sync=True)
    scale = traitlets.Float(0.5).tag(sync=True)
    depth = traitlets.Int(50).tag(sync=True)
    seed = traitlets.Int(1).tag(sync=True)

    def __repr__(self) -> str:
        return "VarianceByLayer()"


def variances_by_layer(
    activation: str, scale: float, depth: int, seed: int = 1, width: int = WIDTH, batch: int = BATCH
) -> dict[str, list[float]]:
    """Send a random batch forward and a random gradient backward through ``depth`` random layers.

    Returns
    -------
    dict
        ``forward``: variance of the outputs of layers 1 to ``depth``; ``backward``: mean square of dL/ds there.

    Examples
    --------
    >>> study = variances_by_layer("linear", 0.5, 10)
    >>> study["forward"][-1] < 1e-5 and study["backward"][0] < 1e-4  # a quarter of it is left in each layer
    True
    """
    f = get_activation(activation)
    normal = browser.normal(seed, batch * width * 2 + depth * width * width)
    a, G = normal[: 2 * batch * width].reshape(2, batch, width)
    weights = normal[2 * batch * width :].reshape(depth, width, width) * (scale / np.sqrt(width))
    kept: list[tuple[Array, Array]] = []
    for W in weights:
        s = a @ W
        a = f(s)
        kept.append((s, a))
    squares = []
    for (s, a), W in zip(kept[::-1], weights[::-1], strict=True):
        delta = f.backward(s, a, G)
        squares.append(float(np.mean(delta**2)))
        G = delta @ W.T
    return {"forward": [float(a.var()) for _, a in kept], "backward": squares[::-1]}


STARTS: Mapping[str, tuple[float, float]] = {
    "all zeros": (0.0, 0.0),
    "all equal": (0.5, 0.0),
    "equal, noise 10⁻⁶": (0.5, 1e-6),
    "equal, noise 10⁻³": (0.5, 1e-3),
    "equal, noise 0.1": (0.5, 0.1),
    "random": (0.0, 0.5),
}


class SymmetryBreaking(anywidget.AnyWidget):
    """Choose how six hidden units start and move through training: who leaves the crowd, and when.

    Examples
    --------
    >>> widget = SymmetryBreaking()
    >>> list(widget.studies)[:2], len(widget.steps), len(widget.studies["random"]["units"][0])
    (['all zeros', 'all equal'], 51, 6)
    """

    _esm = script("symmetry_breaking")
    _css = stylesheet()
    studies = traitlets.Dict().tag(sync=True)
    steps = traitlets.List().tag(sync=True)
    start = traitlets.Unicode("all equal").tag(sync=True)
    moment = traitlets.Int(0).tag(sync=True)

    def __init__(self, **state: Any) -> None:
        steps = list(range(0, 2001, 40))
        studies = {name: train_units(base, noise, steps) for name, (base, noise) in STARTS.items()}
        super().__init__(studies=studies, steps=steps, **state)

    def __repr__(self) -> str:
        return "SymmetryBreaking()"


def disc_and_ring(n: int = 120, seed: int = 0) -> tuple[Array, Array]:
    """Return n points (n, 2) and whether each lies in the inner disc (1) or the ring around it (0).

    Examples
    --------
    >>> points, inner = disc_and_ring()
    >>> bool(np.all((np.hypot(*points.T) < 1) == inner))
    True
    """
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 2).astype(float)
    radius = np.where(y == 1, rng.uniform(0, 0.8, n), rng.uniform(1.2, 2, n))
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), y


def train_units(base: float, noise: float, steps: list[int], units: int = 6, rate: float = 0.5) -> dict[str, Any]:
    """Train 2 inputs, tanh units and a sigmoid by gradient descent; all weights start at base + noise·N(0, 1).

    Returns
    -------
    dict
        At each of ``steps``: ``units``, the input weights of every unit; ``loss``; ``accuracy``; ``places``, how many
        different units there are (weights that differ by more than 0.01).

    Examples
    --------
    >>> train_units(0.5, 0.0, [0, 100])["places"]
    [1, 1]
    """
    X, y = disc_and_ring()
    rng = np.random.default_rng(1)
    W, v = base + noise * rng.normal(size=(2, units)), base + noise * rng.normal(size=units)
    b, c = np.zeros(units), 0.0
    told: dict[str, Any] = {"units": [], "loss": [], "accuracy": [], "places": []}
    for step in range(steps[-1] + 1):
        a = np.tanh(X @ W + b)
        s = a @ v + c
        if step in steps:
            told["units"].append(np.round(W.T, 3).tolist())
            told["loss"].append(round(float(np.mean(np.logaddexp(0, s) - y * s)), 3))
            told["accuracy"].append(round(float(np.mean((s > 0) == y)), 3))
            told["places"].append(different(np.vstack([W, b, v]).T))
        delta = (sigmoid(s) - y) / len(y)
        back = np.outer(delta, v) * (1 - a**2)
        v, c = v - rate * a.T @ delta, c - rate * delta.sum()
        W, b = W - rate * X.T @ back, b - rate * back.sum(axis=0)
    return told


def different(rows: Array, limit: float = 0.01) -> int:
    """Return how many of the rows differ from all rows before them by more than ``limit``.

    >>> different(np.array([[1.0, 2.0], [1.0, 2.001], [1.0, 3.0]]))
    2
    """
    kept: list[Array] = []
    for row in rows:
        if all(np.abs(row - other).max() > limit for other in kept):
            kept.append(row)
    return len(kept)
