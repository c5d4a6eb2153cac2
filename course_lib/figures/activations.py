"""Figures of chapter 03 on activations and gradients; those on expressiveness are in `figures.expressiveness`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course_lib.figures.style import COLORS, canvas, powers_of_ten, styled
from course_lib.reference.activations import Elementwise, get_activation, sigmoid, softmax

MARKS = (("blue", "-", "o"), ("orange", "--", "s"), ("green", "-.", "^"), ("purple", ":", "D"), ("grey", "-", "v"))


@styled
def folded_points() -> tuple[Figure, ...]:
    """Draw exclusive or before and after a hidden layer of two ReLU units (Goodfellow et al., 2016, section 6.1)."""
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    hidden = np.maximum(0, X.sum(axis=1, keepdims=True) + np.array([0, -1]))
    before, axes = canvas(
        230,
        230,
        alt="The four corners of the unit square. (0,1) and (1,0) are filled circles, "
        "class one; (0,0) and (1,1) are open squares, class zero: no straight line parts them.",
    )
    _corners(axes, X, [(0.06, 0.06)] * 4)
    axes.set(title="inputs", xlabel="x₁", ylabel="x₂", xlim=(-0.3, 1.5), ylim=(-0.3, 1.5))
    after, axes = canvas(
        230,
        230,
        alt="The same points after the hidden layer: (0,0) stays, (0,1) and (1,0) both lie "
        "on (1,0), and (1,1) lies on (2,1). A straight line parts the classes.",
    )
    axes.plot([0.25, 2.05], [-0.25, 0.65], "--", color=COLORS["grey"], linewidth=1.5)
    _corners(axes, hidden, [(-0.1, 0.12), (-0.3, -0.28), None, (-0.55, 0.12)], ["(0,0)", "(0,1), (1,0)", "", "(1,1)"])
    axes.set(title="after two ReLU units", xlabel="a₁", ylabel="a₂", xlim=(-0.4, 2.4), ylim=(-0.4, 1.6))
    return before, after


def _corners(axes: Any, places: np.ndarray, shifts: Sequence[Any], words: Sequence[str] | None = None) -> None:
    names = words or ["(0,0)", "(0,1)", "(1,0)", "(1,1)"]
    for place, shift, name, one in zip(places, shifts, names, (False, True, True, False), strict=True):
        if one:
            axes.plot(*place, "o", color=COLORS["blue"], markersize=9)
        else:
            axes.plot(*place, "s", color=COLORS["orange"], markersize=9, fillstyle="none", markeredgewidth=2)
        if shift is not None:
            axes.text(place[0] + shift[0], place[1] + shift[1], name, fontsize=11)


@styled
def gallery(activations: Mapping[str, str | Elementwise], low: float = -4, high: float = 4) -> tuple[Figure, ...]:
    """Draw each activation and its derivative, one panel each; ``activations`` maps a title to a name or object."""
    return tuple(_curve_and_slope(title, get_activation(f), low, high) for title, f in activations.items())


def _curve_and_slope(title: str, f: Any, low: float, high: float) -> Figure:
    s = np.linspace(low, high, 321)
    a, slope = f(s), f.derivative(s)
    jumps = np.abs(np.diff(slope, prepend=slope[0])) > 0.09  # leave a gap where the derivative jumps
    figure, axes = canvas(
        225,
        190,
        alt=f"{title} from s = {low:g} to {high:g}: {_reading(f, (-2, 0, 2))}. Its derivative, dashed: "
        f"{_reading(f.derivative, (-2, 0, 2))}.".replace("-", "−"),
    )
    axes.axhline(0, color=COLORS["grey"], linewidth=0.7)
    axes.axvline(0, color=COLORS["grey"], linewidth=0.7)
    axes.plot(s, a, color=COLORS["blue"])
    axes.plot(s, np.where(jumps, np.nan, slope), "--", color=COLORS["orange"])
    bottom, top = min(a.min(), -0.1), max(a.max(), 1.05)
    axes.set(title=title, xlim=(low, high), ylim=(max(bottom, -2.2) - 0.1, min(top, 4) + 0.1))
    return figure


def _reading(f: Callable[[float], Any], at: Sequence[float]) -> str:
    return ", ".join(f"{float(f(float(s))):.2f} at {s:g}" for s in at)


@styled
def softmax_curves(others: Sequence[float] = (0.0, 1.0)) -> Figure:
    """Draw softmax as its first logit moves and the others stay, and the derivatives: one column of the Jacobian."""
    s = np.linspace(-4, 6, 161)
    logits = np.column_stack([s, *(np.full_like(s, other) for other in others)])
    a = softmax(logits)
    column = a * ((np.arange(a.shape[1]) == 0) - a[:, :1])
    start, end = (", ".join(f"{value:.2f}" for value in row) for row in (a[0], a[-1]))
    figure, axes = canvas(
        440,
        270,
        alt=f"Three softmax outputs as the first logit goes from −4 to 6 and the others stay at {others[0]:g} and "
        f"{others[1]:g}. They start at {start} and end at {end}. Dashed derivatives: the first is positive, "
        f"the others negative, and at every place they add up to zero.",
    )
    for place, (color, _, _) in zip(range(a.shape[1]), MARKS, strict=False):
        label = "a₁ (its logit moves)" if place == 0 else f"a{'₁₂₃₄₅'[place]} (logit {others[place - 1]:g})"
        axes.plot(s, a[:, place], color=COLORS[color], label=label)
        axes.plot(s, column[:, place], "--", color=COLORS[color], linewidth=1.5)
    axes.axhline(0, color=COLORS["grey"], linewidth=0.7)
    axes.set(xlabel="first logit s₁", ylabel="output, and slope (dashed)", ylim=(-0.3, 1.05))
    axes.legend(loc="center right")
    return figure


@styled
def maxout_units() -> tuple[Figure, ...]:
    """Draw what a maxout unit can learn: ReLU, |s|, and a parabola by four of its tangents."""
    at = np.array([-1.5, -0.5, 0.5, 1.5])
    units = {"two pieces: ReLU": [(0, 0), (1, 0)], "two pieces: |x|": [(-1, 0), (1, 0)],
             "four pieces: about x²": list(zip(2 * at, -(at**2), strict=True))}  # fmt: skip
    return tuple(_maxout_unit(title, pieces) for title, pieces in units.items())


def _maxout_unit(title: str, pieces: Sequence[tuple[float, float]]) -> Figure:
    x = np.linspace(-2.5, 2.5, 101)
    lines = np.array([w * x + b for w, b in pieces])
    words = " and ".join(_affine(w, b) for w, b in pieces)
    figure, axes = canvas(225, 200, alt=f"{title}: the dashed lines {words}, and their maximum, drawn bold.")
    for line in lines:
        axes.plot(x, line, "--", color=COLORS["grey"], linewidth=1.2)
    axes.plot(x, lines.max(axis=0), color=COLORS["blue"], linewidth=2.6)
    axes.set(title=title, xlim=(-2.5, 2.5), ylim=(-2.2, 5.2 if len(pieces) > 2 else 2.7))
    return figure


def _affine(w: float, b: float) -> str:
    if not w:
        return f"{b:g}"
    slope = "" if w == 1 else "-" if w == -1 else f"{w:g}"
    return (f"{slope}x" + (f" {b:+g}" if b else "")).replace("-", "−")


@styled
def two_classes() -> tuple[Figure, ...]:
    """Draw softmax for two classes: level lines over both logits, and the ½x identity."""
    plane, axes = canvas(
        235,
        235,
        alt="Level lines of the second softmax output over the plane of two logits: "
        "straight lines, all parallel to the diagonal on which both logits are equal and a is ½.",
    )
    ends = np.array([-3.0, 3.0])
    for p, dash in ((0.1, ":"), (0.3, "--"), (0.5, "-"), (0.7, "--"), (0.9, ":")):
        shift = np.log(p / (1 - p))
        axes.plot(ends, ends + shift, dash, color=COLORS["blue" if p >= 0.5 else "orange"], linewidth=1.6)
        end = (3 - max(shift, 0), 3 + min(shift, 0))  # where the line leaves the picture
        axes.annotate(f"{p}", end, (3, 2), textcoords="offset points", fontsize=11)
    axes.set_title("second output", pad=18)
    axes.set(xlabel="s₁", ylabel="s₂", xlim=(-3, 3), ylim=(-3, 3))
    curves, axes = canvas(
        235,
        235,
        alt="Softmax of (x, −x) over x is a sigmoid twice as steep as the sigmoid of x; "
        "softmax of (x/2, −x/2) lies exactly on the sigmoid, drawn as dots.",
    )
    x = np.linspace(-5, 5, 101)
    axes.plot(x, softmax(np.column_stack([x, -x]))[:, 0], "--", color=COLORS["orange"], label="x, −x")
    axes.plot(x, softmax(np.column_stack([x / 2, -x / 2]))[:, 0], color=COLORS["blue"], label="½x, −½x")
    axes.plot(x[::10], sigmoid(x[::10]), "o", color=COLORS["blue"], markersize=4, label="σ(x)")
    axes.set(title="first output", xlabel="x", ylim=(-0.03, 1.03))
    axes.legend(loc="upper left", borderaxespad=0, handlelength=1.3)
    return plane, curves


@styled
def norms_by_layer(norms: Mapping[str, Sequence[float]], title: str = "") -> Figure:
    """Draw gradient norms over layers, relative to the last one, on a logarithmic axis, one line an activation."""
    told = "; ".join(f"{name} {values[0] / values[-1]:.0e}" for name, values in norms.items()).replace("-", "−")
    figure, axes = canvas(
        440, 300, alt=f"Gradient norm by layer as a part of that in the last layer. In the first layer it is: {told}."
    )
    for (name, values), (color, dash, mark) in zip(norms.items(), MARKS, strict=False):
        relative = np.asarray(values) / values[-1]
        layers = np.arange(1, len(relative) + 1)
        axes.plot(layers, relative, dash, marker=mark, markersize=4, color=COLORS[color], label=name)
    axes.set(yscale="log", xlabel="layer", ylabel="gradient norm, last layer = 1", title=title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    powers_of_ten(axes.yaxis)
    axes.legend(loc="lower right")
    return figure


@styled
def runs_by_setting(
    at: Sequence[float], runs: Mapping[str, Sequence[Sequence[float]]], xlabel: str, ylabel: str, log: bool = False
) -> Figure:
    """Draw every run as a dot and the medians as a line; ``runs[name][i]`` are the runs at the setting ``at[i]``."""
    medians = {name: np.median(np.asarray(rows), axis=1) for name, rows in runs.items()}
    told = "; ".join(f"{name} {', '.join(f'{m:.2f}' for m in values)}" for name, values in medians.items())
    figure, axes = canvas(
        440,
        290,
        alt=f"{ylabel} against {xlabel} ({', '.join(f'{x:g}' for x in at)}), medians of "
        f"{len(next(iter(runs.values()))[0])} runs: {told}.",
    )
    for (name, rows), (color, dash, mark) in zip(runs.items(), MARKS, strict=False):
        axes.plot(at, medians[name], dash, marker=mark, color=COLORS[color], label=name)
        for x, row in zip(at, rows, strict=True):
            axes.plot([x] * len(row), row, mark, color=COLORS[color], markersize=3, fillstyle="none")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if log:
        axes.set_xscale("log")
        axes.set_xticks(at, [f"{x:g}" for x in at])
        axes.minorticks_off()
    axes.legend()
    return figure


@styled
def losses_over_steps(losses: Mapping[str, Sequence[float]]) -> Figure:
    """Draw losses over steps of gradient descent."""
    told = "; ".join(f"{name} from {v[0]:.2f} to {v[-1]:.2f}" for name, v in losses.items())
    figure, axes = canvas(400, 240, alt=f"Loss over {len(next(iter(losses.values()))) - 1} steps: {told}.")
    for (name, values), (color, dash, _) in zip(losses.items(), MARKS, strict=False):
        axes.plot(values, dash, color=COLORS[color], label=name)
    axes.set(xlabel="step", ylabel="loss", ylim=(0, None))
    axes.legend()
    return figure
