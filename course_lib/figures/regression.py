"""Figures of chapter 01, second half: one neuron as linear and as logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.figures.style import COLORS, canvas, styled
from course_lib.reference.activations import sigmoid, softmax

Array = NDArray[np.floating]
_WORDS = {"x": "eruption, minutes", "y": "wait for the next, minutes"}


@styled
def neurons() -> tuple[Figure, Figure]:
    """Draw one neuron with a linear activation and squared loss, and one with a sigmoid and cross-entropy."""
    return (
        _neuron("linear regression", "a = s", "(y − a)²"),
        _neuron("logistic regression", "a = σ(s)", "−y ln a\n−(1−y) ln(1−a)"),
    )


def _neuron(title: str, activation: str, loss: str) -> Figure:
    figure, axes = canvas(
        350,
        170,
        alt=f"Diagram of one neuron, {title}: input x and bias 1 are multiplied by w and b and summed to s = wx + b; "
        f"the activation is {activation}; with the target y the loss is {' '.join(loss.split())}.",
    )
    arrow = {"arrowstyle": "-|>", "color": "black", "shrinkA": 14, "shrinkB": 14}
    for start, end in (((0, 0.5), (2, 0)), ((0, -0.5), (2, 0)), ((2, 0), (4, 0)), ((4, 0), (6.3, 0))):
        axes.annotate("", end, start, arrowprops=arrow)
    for place, text in (((0, 0.5), "x"), ((0, -0.5), "1")):
        axes.text(*place, text, ha="center", va="center", fontsize=13)
    for place, text in (((2, 0), "s = wx + b"), ((4, 0), activation)):
        axes.plot(*place, "o", markersize=26, markerfacecolor="none", color=COLORS["blue"])
        axes.text(place[0], -0.42, text, ha="center", va="top")
    axes.text(2, 0, "Σ", ha="center", va="center", fontsize=14)
    axes.text(1, 0.36, "w", ha="center", color=COLORS["orange"])
    axes.text(1, -0.46, "b", ha="center", color=COLORS["orange"])
    axes.text(6.4, -0.42, loss, ha="center", va="top")
    axes.text(6.4, 0, "loss", ha="center", va="center", color=COLORS["purple"])
    axes.set(xlim=(-0.4, 7.6), ylim=(-1, 0.8), title=title)
    axes.set_axis_off()
    return figure


@styled
def one_parameter(x: Array, y: Array, weights: Sequence[float]) -> tuple[Figure, Figure]:
    """Draw the data with the lines ŷ = ŵx that gradient descent passes through, and the same steps on the loss."""
    last = weights[-1]
    left, axes = canvas(
        350,
        300,
        alt=f"Scatter of waiting time over eruption length. Lines through the origin turn upwards step by step; the "
        f"last, with slope {last:.1f}, cuts through the two clouds of points but fits neither well.",
    )
    _scatter(axes, x, y)
    for weight in weights[:-1]:
        axes.plot([0, 5.4], [0, 5.4 * weight], ":", color=COLORS["grey"], linewidth=1.3)
    axes.plot([0, 5.4], [0, 5.4 * last], color=COLORS["orange"])
    axes.set(xlim=(0, 5.4), ylim=(0, 105))
    loss = lambda w: np.mean((y - np.multiply.outer(w, x)) ** 2, axis=-1)  # noqa: E731
    right, axes = canvas(
        350,
        300,
        alt=f"The mean squared error over the weight is a parabola. {len(weights)} points mark the steps from "
        f"{weights[0]:g} down towards the minimum near {last:.1f}; they come closer and closer together.",
    )
    grid = np.linspace(-1, 40, 120)
    axes.plot(grid, loss(grid), color=COLORS["blue"])
    axes.plot(weights, loss(np.asarray(weights)), "o-", color=COLORS["orange"], linewidth=1, markersize=5)
    axes.set(xlabel="weight ŵ", ylabel="mean squared error")
    return left, right


@styled
def line_fits(x: Array, y: Array, w_only: float, w: float, b: float) -> Figure:
    """Draw the data with the best line through the origin and the best line with an intercept."""
    figure, axes = canvas(
        460,
        310,
        alt=f"Scatter of waiting time over eruption length with two lines: through the origin with slope {w_only:.1f}, "
        f"too steep; and with intercept {b:.1f} and slope {w:.1f}, through the middle of both clouds.",
    )
    _scatter(axes, x, y)
    grid = np.array([0, 5.4])
    axes.plot(grid, w_only * grid, "--", color=COLORS["grey"], label="one parameter: ŵx")
    axes.plot(grid, w * grid + b, color=COLORS["orange"], label="two: ŵx + b")
    axes.set(xlim=(0, 5.4), ylim=(0, 105))
    axes.legend(loc="lower right")
    return figure


@styled
def valley(x: Array, y: Array, path: Array, title: str) -> Figure:
    """Draw contours of the mean squared error over (w, b) with a path of gradient descent, ``(steps, 2)``."""
    best = np.polyfit(x, y, 1)
    reach = np.abs(path - best).max(axis=0) * 1.15
    w, b = (np.linspace(c - r, c + r, 60) for c, r in zip(best, reach, strict=True))
    loss = np.mean((y - w[:, None, None] * x - b[None, :, None]) ** 2, axis=-1)
    figure, axes = canvas(
        350,
        310,
        alt=f"Contours of the loss over weight and bias, {title}, with the path of {len(path) - 1} gradient steps; it "
        f"ends {np.hypot(*(path[-1] - best)):.2g} away from the minimum.",
    )
    levels = loss.min() + (loss.max() - loss.min()) * np.array([0.002, 0.01, 0.03, 0.08, 0.18, 0.35, 0.6])
    axes.contour(w, b, loss.T, levels=levels, colors=[COLORS["blue"]], linewidths=1)
    axes.plot(*path.T, "-", color=COLORS["orange"], linewidth=1.4)
    axes.plot(*path[:: max(1, len(path) // 40)].T, ".", color=COLORS["orange"], markersize=5)
    axes.plot(*best, "*", color="black", markersize=11)
    axes.set(xlabel="weight w", ylabel="bias b", title=title)
    return figure


@styled
def sigmoid_and_logit() -> tuple[Figure, Figure]:
    """Draw the sigmoid with its derivative, and its inverse, the log odds."""
    s = np.linspace(-6, 6, 121)
    left, axes = canvas(
        350,
        270,
        alt="The sigmoid rises from 0 to 1 in an S and is one half at 0. Its derivative is a bump, one quarter at 0, "
        "nearly 0 beyond minus 5 and 5.",
    )
    axes.plot(s, sigmoid(s), color=COLORS["blue"], label="a = σ(s)")
    axes.plot(s, sigmoid.derivative(s), "--", color=COLORS["orange"], label="σ′(s) = a(1 − a)")
    axes.set(xlabel="s, the log odds", ylabel="a, the probability")
    axes.legend(loc="upper left")
    right, axes = canvas(
        350,
        270,
        alt="The logit, ln of a over 1 minus a, over the probability a: minus infinity at 0, zero at one half, plus "
        "infinity at 1. It is the sigmoid with its axes exchanged.",
    )
    axes.plot(sigmoid(s), s, color=COLORS["blue"])
    axes.plot([0, 0.5, 0.5], [0, 0, -6], ":", color=COLORS["grey"], linewidth=1.2)
    axes.set(xlabel="a, the probability", ylabel="s = ln(a / (1 − a))", xlim=(0, 1), ylim=(-6, 6))
    return left, right


@styled
def cross_entropy() -> tuple[Figure, Figure]:
    """Draw the two parts of binary cross-entropy over a, and their slopes."""
    a = np.linspace(0.02, 0.98, 121)
    left, axes = canvas(
        350,
        270,
        alt="Loss over output a. For y = 1 the loss, minus ln a, falls from infinity to 0 as a goes to 1; "
        "for y = 0 it is the mirror image.",
    )
    right, other = canvas(
        350,
        270,
        alt="Slope of the loss over output a. For y = 1 it is minus 1 over a, always negative; "
        "for y = 0 it is 1 over 1 minus a, always positive.",
    )
    axes.plot(a, -np.log(a), color=COLORS["blue"], label="y = 1: −ln a")
    axes.plot(a, -np.log(1 - a), "--", color=COLORS["orange"], label="y = 0: −ln(1 − a)")
    other.plot(a, -1 / a, color=COLORS["blue"], label="y = 1: −1/a")
    other.plot(a, 1 / (1 - a), "--", color=COLORS["orange"], label="y = 0: 1/(1 − a)")
    axes.set(xlabel="output a", ylabel="loss")
    other.set(xlabel="output a", ylabel="slope of the loss", ylim=(-15, 15))
    axes.legend(loc="upper center")
    other.legend(loc="lower right")
    return left, right


@styled
def softmax_jacobian(s: Sequence[float]) -> Figure:
    """Draw the Jacobian of the softmax at ``s`` as numbers in cells, positive and negative in two colours."""
    matrix = softmax.jacobian(np.asarray(s, dtype=float))
    k = len(matrix)
    figure, axes = canvas(
        380,
        300,
        alt=f"Table of {k} by {k} derivatives. The diagonal is positive, everything else is negative, "
        f"and each row and each column adds up to zero.",
    )
    for (i, j), entry in np.ndenumerate(matrix):
        color = COLORS["orange" if entry > 0 else "blue"]
        axes.bar(j, 0.92, 0.92, bottom=i - 0.46, color=color, alpha=0.15 + 0.5 * abs(entry) / abs(matrix).max())
        axes.text(j, i, f"{entry:+.3f}".replace("-", "−"), ha="center", va="center")
    axes.set(xlim=(-0.6, k - 0.4), ylim=(k - 0.4, -0.6))
    labels = [str(i) for i in range(1, k + 1)]
    axes.set_xticks(range(k), labels)
    axes.set_yticks(range(k), labels)
    axes.set(xlabel="with respect to score sⱼ, j =", ylabel="derivative of output aᵢ, i =")
    return figure


@styled
def logistic_fit(x: Array, y: Array, w: float, b: float) -> Figure:
    """Draw labels 0 and 1 over x, drawn a little apart, with the fitted probability and its boundary."""
    boundary = -b / w
    figure, axes = canvas(
        460,
        300,
        alt=f"Eruptions marked 0 at the bottom and 1 at the top, over their length. The fitted probability rises "
        f"from 0 to 1 in an S and crosses one half at {boundary:.2f} minutes.",
    )
    offset = 0.05 * np.cos(7 * np.arange(len(x)))
    axes.plot(x, y + offset, "o", color=COLORS["blue"], markersize=3, alpha=0.5)
    grid = np.linspace(1.4, 5.3, 160)
    axes.plot(grid, sigmoid(w * grid + b), color=COLORS["orange"])
    axes.axvline(boundary, linestyle=":", color=COLORS["grey"])
    axes.set(xlabel=_WORDS["x"], ylabel="probability of a long wait", yticks=[0, 0.25, 0.5, 0.75, 1])
    return figure


def _scatter(axes: Any, x: Array, y: Array) -> None:
    axes.plot(x, y, "o", color=COLORS["blue"], markersize=3.5, alpha=0.5)
    axes.set(xlabel=_WORDS["x"], ylabel=_WORDS["y"])
