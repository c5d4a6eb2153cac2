"""Figures of chapter 04, first half: losses for numbers, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.figures.style import COLORS, canvas, styled
from course_lib.reference.losses import (
    Huber,
    LogCosh,
    Loss,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
)

Array = NDArray[np.floating]
_STYLES = (("blue", "-"), ("orange", "--"), ("green", "-."), ("purple", ":"))


def terms(loss: Loss, y: Any, a: Any) -> Array:
    """Return the loss of each entry, before any mean."""
    return loss.terms(*loss.prepare(np.broadcast_to(np.asarray(y, float), np.shape(a)), a))


def slopes(loss: Loss, y: Any, a: Any) -> Array:
    """Return the slope of each entry, before any mean."""
    return loss.slopes(*loss.prepare(np.broadcast_to(np.asarray(y, float), np.shape(a)), a))


@styled
def best_constant(waits: Sequence[float]) -> tuple[Figure, Figure]:
    """Draw mean squared and mean absolute error of a single guess for all ``waits``, each with its minimum."""
    y = np.asarray(waits, float)
    guesses = np.linspace(30, 180, 301)
    panels = (
        ("mean squared error", (guesses[:, None] - y) ** 2, np.mean(y), "mean", "blue", (0, 12)),
        ("mean absolute error", np.abs(guesses[:, None] - y), np.median(y), "median", "orange", (55, -4)),
    )
    figures = []
    for name, errors, best, word, color, offset in panels:
        curve = errors.mean(axis=1)
        figure, axes = canvas(
            340,
            260,
            alt=f"The {name} of one guess for {len(y)} waits, over the guess from 30 to 180 minutes. Its minimum is "
            f"at {best:.0f}, the {word}. Six of the waits lie between 52 and 61, the seventh is far outside.",
        )
        axes.plot(guesses, curve, color=COLORS[color])
        axes.plot(best, curve.min(), "o", color=COLORS[color])
        near = y[y < 180]
        axes.plot(near, np.full(len(near), curve.min() - 0.12 * np.ptp(curve)), "|", color="black", markersize=12)
        axes.annotate(f"{word}: {best:.0f}", (best, curve.min()), offset, textcoords="offset points", ha="center")
        axes.set(xlabel="guess, minutes", ylabel=name)
        figures.append(figure)
    return figures[0], figures[1]


@styled
def regression_shapes() -> tuple[Figure, Figure]:
    """Draw ½e², |e|, Huber and log-cosh over the error e, and their slopes."""
    e = np.linspace(-4, 4, 161)
    losses: Mapping[str, tuple[Loss, float]] = {
        "½e², half the square": (MeanSquaredError(), 0.5),
        "|e|, absolute": (MeanAbsoluteError(), 1),
        "Huber, δ = 1": (Huber(), 1),
        "log-cosh": (LogCosh(), 1),
    }
    left, axes = canvas(
        350,
        300,
        alt="Four losses over the error from minus 4 to 4, all zero at zero. Half the square reaches 8 at the ends, "
        "the absolute error 4, Huber 3.5, log-cosh 3.3: the last two are round at zero and straight far out.",
    )
    right, other = canvas(
        350,
        300,
        alt="Slopes of the four losses. Of half the square: the error itself, without bound. Absolute: minus 1 or plus "
        "1, with a jump at zero. Huber: the error, cut at minus 1 and 1. Log-cosh: an S from minus 1 to 1.",
    )
    for (name, (loss, factor)), (color, dash) in zip(losses.items(), _STYLES, strict=True):
        axes.plot(e, factor * terms(loss, 0, e), dash, color=COLORS[color], label=name)
        slope = factor * slopes(loss, 0, e)
        other.plot(e, np.where(np.abs(e) < 1e-9, np.nan, slope) if "|e|" in name else slope, dash, color=COLORS[color])
    axes.set(xlabel="error e = a − y", ylabel="loss", ylim=(-0.2, 8))
    other.set(xlabel="error e = a − y", ylabel="slope of the loss", ylim=(-3, 3))
    axes.legend(loc="upper center", borderaxespad=0)
    return left, right


@styled
def robust_lines(x: Array, y: Array, lines: Mapping[str, tuple[float, float]], outlier: int) -> Figure:
    """Draw points and lines ``{name: (slope, intercept)}``; the point numbered ``outlier`` is marked."""
    told = "; ".join(f"{name}: slope {slope:.2f}" for name, (slope, _) in lines.items()).replace("-", "−")
    figure, axes = canvas(
        460, 310, alt=f"{len(x)} points, all but one near a rising line; one lies far below. Fitted lines: {told}."
    )
    clean = np.arange(len(x)) != outlier
    axes.plot(x[clean], y[clean], "o", color="black", markersize=5)
    axes.plot(x[outlier], y[outlier], "X", color="black", markersize=9)
    ends = np.array([x.min() - 0.5, x.max() + 0.5])
    for (name, (slope, intercept)), (color, dash) in zip(lines.items(), _STYLES, strict=False):
        axes.plot(ends, slope * ends + intercept, dash, color=COLORS[color], label=name)
    axes.set(xlabel="x", ylabel="y")
    axes.legend(loc="lower left")
    return figure


@styled
def relative_losses(y: float = 10.0) -> tuple[Figure, Figure]:
    """Draw MAPE and MSLE over the output for one target: equal factors against equal differences."""
    a = np.linspace(0.2, 30, 300)
    panels = (
        ("absolute percentage error", MeanAbsolutePercentageError(), "blue", "the same at 5 and at 15"),
        ("squared logarithmic error", MeanSquaredLogarithmicError(), "orange", "much larger at 5 than at 15"),
    )
    figures = []
    for name, loss, color, words in panels:
        low, high = terms(loss, y, np.array([5.0, 15.0]))
        figure, axes = canvas(
            340,
            250,
            alt=f"The {name} for the target {y:g}, over the output from 0 to 30. It is zero at {y:g} and {words}: "
            f"{low:.2g} and {high:.2g}.",
        )
        axes.plot(a, terms(loss, y, a), color=COLORS[color])
        axes.plot([5, 15], [low, high], "o", color=COLORS[color])
        axes.set(xlabel=f"output a, target {y:g}", ylabel=name)
        figures.append(figure)
    return figures[0], figures[1]


@styled
def poisson_losses(targets: Sequence[int] = (1, 4, 9)) -> Figure:
    """Draw a − y ln a, shifted to a minimum of zero, over a for several counts y."""
    figure, axes = canvas(
        460,
        290,
        alt=f"Poisson loss over the output a for targets {', '.join(map(str, targets))}, each shifted so that its "
        "minimum is zero. Every curve is zero at its target, steep on the left and flat on the right; the larger the "
        "target, the wider the curve.",
    )
    a = np.linspace(0.05, 18, 400)
    for y, (color, dash) in zip(targets, _STYLES, strict=False):
        axes.plot(a, terms(Poisson(), y, a) - (y - y * np.log(y)), dash, color=COLORS[color], label=f"y = {y}")
        axes.plot(y, 0, "o", color=COLORS[color])
    axes.set(xlabel="output a, the expected count", ylabel="loss above its minimum", ylim=(-0.3, 6))
    axes.legend(loc="upper right")
    return figure


@styled
def noise_models() -> tuple[Figure, Figure]:
    """Draw a Gaussian and a Laplace density of unit scale, and minus their logarithms."""
    e = np.linspace(-5, 5, 201)
    gauss = 0.5 * e**2 + 0.5 * np.log(2 * np.pi)
    laplace = np.abs(e) + np.log(2)
    left, axes = canvas(
        350,
        270,
        alt="Two bell-like densities over the error. The Gaussian is round at zero and practically zero beyond 4; the "
        "Laplace density has a sharp peak at zero and heavier tails.",
    )
    right, other = canvas(
        350,
        270,
        alt="Minus the logarithm of the two densities: for the Gaussian a parabola, for the Laplace density two "
        f"straight lines that meet at zero. At an error of 5 they are {gauss[-1]:.1f} and {laplace[-1]:.1f}.",
    )
    for name, surprise, (color, dash) in zip(("Gaussian", "Laplace"), (gauss, laplace), _STYLES, strict=False):
        axes.plot(e, np.exp(-surprise), dash, color=COLORS[color], label=name)
        other.plot(e, surprise, dash, color=COLORS[color], label=name)
    axes.set(xlabel="error e, in units of its scale", ylabel="density p(e)")
    other.set(xlabel="error e, in units of its scale", ylabel="−ln p(e)")
    axes.legend(loc="upper right")
    return left, right
