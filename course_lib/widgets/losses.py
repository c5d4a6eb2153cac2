"""Widgets of chapter 04: an outlier under three losses; logits and their gradient; where float32 overflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from course_lib.widgets import script, stylesheet

Array = NDArray[np.floating]
_CSS = stylesheet() + (Path(__file__).parent / "js" / "losses.css").read_text("utf-8")
POINTS = np.array([0.8, 0.7, 1.6, 2.1, 1.8, 2.9, 3.2, 3.1, 4.3, 4.2, 5.1])  # near 0.5 + 0.45x at x = 0 … 10


class OutlierFit(anywidget.AnyWidget):
    """Drag one point of eleven; see the best line under squared, absolute and Huber loss.

    Examples
    --------
    >>> widget = OutlierFit()
    >>> widget.places, len(widget.heights), len(widget.fits["at the end, x = 10"]["absolute"])
    ({'at the end, x = 10': 10, 'in the middle, x = 5': 5}, 49, 49)
    """

    _esm = script("outlier_fit")
    _css = _CSS
    points = traitlets.List().tag(sync=True)
    heights = traitlets.List().tag(sync=True)
    places = traitlets.Dict().tag(sync=True)
    fits = traitlets.Dict().tag(sync=True)
    place = traitlets.Unicode("at the end, x = 10").tag(sync=True)
    height = traitlets.Float(5.0).tag(sync=True)

    def __init__(self, delta: float = 0.5, **state: Any) -> None:
        heights = np.arange(-8, 16.5, 0.5)
        places = {"at the end, x = 10": 10, "in the middle, x = 5": 5}
        fits = {name: outlier_study(heights, place, delta) for name, place in places.items()}
        super().__init__(points=POINTS.tolist(), heights=heights.tolist(), places=places, fits=fits, **state)

    def __repr__(self) -> str:
        return "OutlierFit()"


def outlier_study(heights: Array, place: int, delta: float) -> dict[str, list[list[float]]]:
    """Best lines ``[slope, intercept]`` for every height of the point at x = ``place``, by loss.

    Examples
    --------
    >>> study = outlier_study(POINTS[-1:], place=len(POINTS) - 1, delta=1.0)  # the point stays where it is
    >>> study["squared"] == squared_lines(np.arange(len(POINTS)), POINTS[None]).round(4).tolist()
    True
    """
    x = np.arange(len(POINTS), dtype=float)
    Y = np.tile(POINTS, (len(heights), 1))
    Y[:, place] = heights
    lines = {"squared": squared_lines(x, Y), "absolute": absolute_lines(x, Y), "huber": huber_lines(x, Y, delta)}
    return {name: np.round(found, 4).tolist() for name, found in lines.items()}


def squared_lines(x: ArrayLike, Y: ArrayLike, weights: ArrayLike = 1.0) -> Array:
    """Return the (m, 2) slopes and intercepts of the (weighted) least squares lines through m rows of heights.

    Parameters
    ----------
    x : (n,) array
        Positions shared by all rows.
    Y : (m, n) array
        Heights, one data set a row.
    weights : (m, n) array or number
        Weight of each point.

    Examples
    --------
    >>> squared_lines([0.0, 1.0, 2.0], [[1.0, 3.0, 5.0]])
    array([[2., 1.]])
    """
    x, Y = np.asarray(x, float), np.asarray(Y, float)
    w = np.broadcast_to(np.asarray(weights, float), Y.shape)
    total = w.sum(axis=1, keepdims=True)
    x_mean, y_mean = (w * x).sum(axis=1, keepdims=True) / total, (w * Y).sum(axis=1, keepdims=True) / total
    slope = (w * (x - x_mean) * (Y - y_mean)).sum(axis=1) / (w * (x - x_mean) ** 2).sum(axis=1)
    return np.column_stack([slope, y_mean[:, 0] - slope * x_mean[:, 0]])


def absolute_lines(x: ArrayLike, Y: ArrayLike) -> Array:
    """Return the (m, 2) lines of least absolute error: some best line passes through two of the points, so try all.

    Examples
    --------
    >>> absolute_lines([0.0, 1.0, 2.0, 3.0], [[1.0, 3.0, 5.0, -40.0]])
    array([[2., 1.]])
    """
    x, Y = np.asarray(x, float), np.asarray(Y, float)
    i, j = np.triu_indices(len(x), 1)
    slope = (Y[:, j] - Y[:, i]) / (x[j] - x[i])
    intercept = Y[:, i] - slope * x[i]
    cost = np.abs(slope[..., None] * x + intercept[..., None] - Y[:, None]).sum(axis=-1)
    rows, best = np.arange(len(Y)), cost.argmin(axis=1)
    return np.column_stack([slope[rows, best], intercept[rows, best]])


def huber_lines(x: ArrayLike, Y: ArrayLike, delta: float = 1.0, steps: int = 300) -> Array:
    """Return the (m, 2) lines of least Huber loss, by reweighting: points further off than δ count δ/|e| (Huber 1964).

    Examples
    --------
    >>> huber_lines([0.0, 1.0, 2.0], [[1.0, 3.0, 5.0]])
    array([[2., 1.]])
    """
    x, Y = np.asarray(x, float), np.asarray(Y, float)
    lines = squared_lines(x, Y)
    for _ in range(steps):
        error = np.abs(lines[:, :1] * x + lines[:, 1:] - Y)
        lines = squared_lines(x, Y, delta / np.maximum(error, delta))
    return lines


class LogitGradient(anywidget.AnyWidget):
    """Move four logits; see the softmax, the cross-entropy and its gradient a − y, and take a step down.

    Parameters
    ----------
    targets : mapping of str to sequence of float
        Target distributions over four classes to choose from.

    Examples
    --------
    >>> LogitGradient({"hard": [0, 0, 1, 0], "none": [0.25] * 4}, target="none").target
    'none'
    """

    _esm = script("logit_gradient")
    _css = _CSS
    targets = traitlets.Dict().tag(sync=True)
    target = traitlets.Unicode().tag(sync=True)
    logits = traitlets.List([2.0, 1.0, 0.0, -1.0]).tag(sync=True)
    choices: ClassVar[Mapping[str, Sequence[float]]] = {
        "class 1 (hard)": [1, 0, 0, 0],
        "class 2 (hard)": [0, 1, 0, 0],
        "class 4 (hard)": [0, 0, 0, 1],
        "class 2, smoothed by 0.2": [0.05, 0.85, 0.05, 0.05],
        "soft: 0.4, 0.3, 0.2, 0.1": [0.4, 0.3, 0.2, 0.1],
    }

    def __init__(self, targets: Mapping[str, Sequence[float]] | None = None, **state: Any) -> None:
        targets = dict(self.choices if targets is None else targets)
        super().__init__(targets=targets, **{"target": list(targets)[1], **state})

    def __repr__(self) -> str:
        return "LogitGradient()"


class Overflow(anywidget.AnyWidget):
    """Scale three logits; see cross-entropy in float32, step by step, naive beside stable.

    Examples
    --------
    >>> sorted(Overflow(scale=50).studies), Overflow(scale=50).scale
    (['1', '2', '3'], 50)
    """

    _esm = script("overflow")
    _css = _CSS
    studies = traitlets.Dict().tag(sync=True)
    true = traitlets.Unicode("2").tag(sync=True)
    scale = traitlets.Int(10).tag(sync=True)
    directions: ClassVar[tuple[float, ...]] = (1.0, 0.5, -1.0)

    def __init__(self, **state: Any) -> None:
        studies = {
            str(true + 1): [cross_entropy_by_steps(np.multiply(self.directions, c), true) for c in range(0, 131, 5)]
            for true in range(3)
        }
        super().__init__(studies=studies, **state)

    def __repr__(self) -> str:
        return "Overflow()"


def cross_entropy_by_steps(logits: ArrayLike, true: int) -> dict[str, list[str]]:
    """Cross-entropy of the class ``true`` in float32, every intermediate result as text: naive and by log-sum-exp.

    Returns
    -------
    dict
        ``logits``; ``naive``: eˢ, their sum, a of the true class, −ln a; ``stable``: the maximum m, e^(s−m),
        their sum, ln(sum) − (s − m) of the true class (a small loss would be lost in the sum with a large m).

    Examples
    --------
    >>> steps = cross_entropy_by_steps([120.0, 60.0, -120.0], 1)
    >>> steps["naive"]
    ['inf, 1.14e+26, 0', 'inf', '0', 'inf']
    >>> steps["stable"]
    ['120', '1, 8.76e-27, 0', '1', '60']
    """
    s = np.asarray(logits, np.float32)
    with np.errstate(all="ignore"):
        e = np.exp(s)
        a = e[true] / e.sum()
        m = s.max()
        shifted = np.exp(s - m)
        naive = [words(e), words(e.sum()), words(a), words(-np.log(a))]
        stable = [words(m), words(shifted), words(shifted.sum()), words(np.log(shifted.sum()) - (s[true] - m))]
    return {"logits": [words(each) for each in s], "naive": naive, "stable": stable}


def words(values: ArrayLike) -> str:
    """Numbers with three digits, separated by commas.

    >>> words([0.5, 1e-30, -0.0])
    '0.5, 1e-30, 0'
    """
    return ", ".join(f"{each + 0.0:.3g}" for each in np.atleast_1d(values))
