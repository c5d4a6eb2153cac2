"""Figures of chapter 04, second half: losses for classes, logits, and what float32 makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.figures.style import COLORS, canvas, powers_of_ten, styled
from course_lib.reference.activations import sigmoid, softplus
from course_lib.reference.losses import max_star

Array = NDArray[np.floating]
_STYLES = (("blue", "-"), ("orange", "--"), ("green", "-."), ("purple", ":"))


@styled
def square_or_entropy() -> tuple[Figure, Figure]:
    """Draw (a − 1)² and −ln a with a = σ(s) over the logit s, and their slopes."""
    s = np.linspace(-8, 4, 121)
    a = sigmoid(s)
    square, square_slope = (a - 1) ** 2, 2 * (a - 1) * a * (1 - a)
    left, axes = canvas(
        350,
        270,
        alt="Two losses of a sigmoid output over its logit from minus 8 to 4, for the target 1. Cross-entropy is a "
        "straight line of slope minus 1 on the far left; squared error is flat there, just below 1.",
    )
    right, other = canvas(
        350,
        270,
        alt=f"Slopes of the two losses. Cross-entropy: a minus 1, close to minus 1 on the left. Squared error: at most "
        f"{np.abs(square_slope).max():.2f} in size, and {abs(square_slope[0]):.4f} at minus 8, where the error is "
        "largest.",
    )
    axes.plot(s, softplus(-s), color=COLORS["blue"], label="cross-entropy −ln a")
    axes.plot(s, square, "--", color=COLORS["orange"], label="squared error (a − 1)²")
    other.plot(s, a - 1, color=COLORS["blue"])
    other.plot(s, square_slope, "--", color=COLORS["orange"])
    axes.set(xlabel="logit s, target y = 1", ylabel="loss")
    other.set(xlabel="logit s, target y = 1", ylabel="slope of the loss", ylim=(-1.1, 0.1))
    axes.legend(loc="upper right")
    return left, right


@styled
def entropy_and_divergence(rows: Mapping[str, tuple[float, float]]) -> Figure:
    """Draw stacked bars ``{name: (entropy of the labels, KL divergence)}``: together they are the cross-entropy."""
    told = "; ".join(f"{name}: entropy {entropy:.2f}, KL {kl:.2f}" for name, (entropy, kl) in rows.items())
    figure, axes = canvas(460, 250, alt=f"Bars of cross-entropy, split into entropy and KL divergence. {told}.")
    places = np.arange(len(rows))[::-1]
    entropy, kl = np.array(list(rows.values())).T
    axes.barh(places, entropy, 0.55, color=COLORS["blue"], alpha=0.35)
    axes.barh(places, kl, 0.55, left=entropy, color=COLORS["orange"], alpha=0.75)
    for place, first, second in zip(places, entropy, kl, strict=True):
        axes.text(first + second + 0.03, place, f"{first:.2f} + {second:.2f}", va="center")
    axes.plot([], [], "s", color=COLORS["blue"], alpha=0.35, label="entropy of the labels")
    axes.plot([], [], "s", color=COLORS["orange"], alpha=0.75, label="KL divergence")
    axes.set(xlabel="cross-entropy", xlim=(0, 1.32 * (entropy + kl).max()))
    axes.set_yticks(places, list(rows))
    axes.legend(loc="upper right")
    return figure


@styled
def margins() -> Figure:
    """Draw hinge, squared hinge, cross-entropy and the count of mistakes over the margin ȳs with ȳ = ±1."""
    margin = np.linspace(-2.5, 2.5, 201)
    figure, axes = canvas(
        460,
        300,
        alt="Four losses over the margin. Mistakes: 1 left of zero, 0 right of it. Hinge: a straight line that falls "
        "to 0 at margin 1 and stays there. Squared hinge: its square. Cross-entropy: smooth, 0.69 "
        "at zero, never quite 0.",
    )
    hinge = np.maximum(0, 1 - margin)
    axes.step(margin, (margin < 0).astype(float), color=COLORS["grey"], linewidth=1.5, label="mistakes, 0 or 1")
    curves = {"hinge": hinge, "squared hinge": hinge**2, "cross-entropy": softplus(-margin)}
    for (name, curve), (color, dash) in zip(curves.items(), _STYLES, strict=False):
        axes.plot(margin, curve, dash, color=COLORS[color], label=name)
    axes.set(xlabel="margin: score, counted towards the right class", ylabel="loss", ylim=(-0.1, 5))
    axes.legend(loc="upper right")
    return figure


@styled
def soft_maximum(y: float = 0.0) -> Figure:
    """Draw max(x, y) and max*(x, y) = ln(eˣ + eʸ) over x."""
    x = np.linspace(-5, 5, 121)
    gap = float(max_star(y, y)) - y
    figure, axes = canvas(
        460,
        270,
        alt=f"The maximum of x and {y:g} is a corner; ln of e to the x plus e to the {y:g} is that corner, rounded. "
        f"It is highest above the maximum, by {gap:.2f}, where the two are equal.",
    )
    axes.plot(x, np.maximum(x, y), "--", color=COLORS["orange"], label=f"max(x, {y:g})")
    axes.plot(x, max_star(x, np.full_like(x, y)), color=COLORS["blue"], label=f"max*(x, {y:g})")
    axes.annotate(
        "", (y, y), (y, y + gap), arrowprops={"arrowstyle": "<->", "color": "black", "shrinkA": 0, "shrinkB": 0}
    )
    axes.annotate("ln 2", (y, y + gap), (-2, 6), textcoords="offset points", ha="right", va="bottom")
    axes.set(xlabel="x", ylabel="value")
    axes.legend(loc="upper left")
    return figure


@styled
def lost_digits(s: Array, curves: Mapping[str, Array], ylabel: str) -> Figure:
    """Draw relative errors over the logit, logarithmic; where a value is no number or 100 % wrong, a cross on top."""
    told = []
    for name, error in curves.items():
        bad = s[~np.isfinite(error) | (error >= 1)]
        told.append(f"{name} fails from {bad.min():g} on" if len(bad) else f"{name} is right everywhere")
    figure, axes = canvas(360, 300, alt=f"{ylabel} in float32 over the logit up to {s.max():g}: {'; '.join(told)}.")
    for (name, error), (color, dash) in zip(curves.items(), _STYLES, strict=False):
        good = np.isfinite(error) & (error < 1)
        axes.plot(s, np.where(good, np.maximum(error, 1e-9), np.nan), dash, color=COLORS[color], label=name)
        axes.plot(s[~good][::4], np.ones((~good).sum())[::4], "x", color=COLORS[color], markersize=5)
    axes.set(yscale="log", ylim=(3e-10, 8), xlabel="size of the logit, |s|", ylabel=ylabel)
    powers_of_ten(axes.yaxis)
    axes.legend(loc="center right", borderaxespad=0)
    return figure


@styled
def training_curves(runs: Mapping[str, Sequence[float]]) -> Figure:
    """Draw losses over steps of training; a run that stops being a number ends in a cross."""
    finite = {name: np.asarray(losses, float) for name, losses in runs.items()}
    lengths = {name: int(np.argmin(np.append(np.isfinite(losses), False))) for name, losses in finite.items()}
    told = "; ".join(
        f"{name} {'runs to the end' if lengths[name] == len(losses) else 'breaks off early, no longer a number'}"
        for name, losses in finite.items()
    )
    figure, axes = canvas(460, 280, alt=f"The loss over steps of training on a logarithmic axis: {told}.")
    for (name, losses), (color, dash) in zip(finite.items(), _STYLES, strict=False):
        good = losses[: lengths[name]]
        axes.plot(np.arange(len(good)), good, dash, color=COLORS[color], label=name)
        if len(good) < len(losses):
            axes.plot(len(good) - 1, good[-1], "X", color=COLORS[color], markersize=10)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    powers_of_ten(axes.yaxis)
    axes.legend()
    return figure
