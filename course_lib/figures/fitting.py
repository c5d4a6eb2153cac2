"""Figures of chapter 06 on over- and under-fitting: capacity, bias and variance, learning curves, early stopping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.figures.activations import MARKS
from course_lib.figures.style import COLORS, canvas, powers_of_ten, styled

Array = NDArray[np.floating]


@styled
def fits_by_capacity(
    points: tuple[Array, Array], grid: Array, truth: Array, fits: Mapping[str, Array]
) -> tuple[Figure, ...]:
    """Draw noisy points, the true curve (grey) and a fitted curve (blue), one panel a model."""
    x, y = points
    figures = []
    for title, curve in fits.items():
        error = float(np.sqrt(np.mean((curve - truth) ** 2)))
        figure, axes = canvas(
            230,
            220,
            alt=f"{title}: {len(x)} noisy points, the true curve in grey and the fitted one in blue, which is "
            f"{error:.2g} away from the truth on average.",
        )
        axes.plot(grid, truth, color=COLORS["grey"], linewidth=3, alpha=0.5)
        axes.plot(grid, curve, color=COLORS["blue"])
        axes.plot(x, y, "o", color="black", markersize=4)
        axes.set(title=title, xlabel="x", ylim=(-2, 2), xlim=(grid[0], grid[-1]))
        figures.append(figure)
    return tuple(figures)


@styled
def errors_by_capacity(
    capacity: Sequence[float], errors: Mapping[str, Sequence[float]], xlabel: str, ylabel: str, lowest: float = 1e-3
) -> Figure:
    """Draw errors over capacity, on a logarithmic axis that begins at ``lowest``; a dot marks the best of each line."""
    best = {name: int(np.argmin(row)) for name, row in errors.items()}
    told = "; ".join(f"{name} least at {capacity[best[name]]:g}, {row[best[name]]:.2g}" for name, row in errors.items())
    figure, axes = canvas(440, 300, alt=f"{ylabel} over {xlabel} from {capacity[0]:g} to {capacity[-1]:g}: {told}.")
    for (name, row), (color, dash, mark) in zip(errors.items(), MARKS, strict=False):
        axes.plot(capacity, row, dash, color=COLORS[color], label=name)
        axes.plot(capacity[best[name]], row[best[name]], mark, color=COLORS[color], markersize=8)
    highest = 2 * max(max(row) for row in errors.values())
    axes.set(yscale="log", xlabel=xlabel, ylabel=ylabel, ylim=(lowest, min(highest, 100)))
    powers_of_ten(axes.yaxis)
    axes.legend()
    return figure


@styled
def learning_curves(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    ylabel: str = "loss",
    limits: tuple[float, float] = (0, 1),
) -> tuple[Figure, ...]:
    """Draw training (dashed) and validation (solid) curves over epochs, one panel a setting, all on one scale."""
    figures = []
    for title, (train, validation) in curves.items():
        best = int(np.argmin(validation)) if ylabel == "loss" else int(np.argmax(validation))
        figure, axes = canvas(
            230,
            210,
            alt=f"{title}: {ylabel} over {len(train)} epochs. Training ends at {train[-1]:.3f}, validation at "
            f"{validation[-1]:.3f}, after its best, {validation[best]:.3f} in epoch {best + 1}.",
        )
        epochs = np.arange(1, len(train) + 1)
        axes.plot(epochs, train, "--", color=COLORS["orange"], label="training")
        axes.plot(epochs, validation, color=COLORS["blue"], label="validation")
        axes.plot(best + 1, validation[best], "o", color=COLORS["blue"])
        axes.set(title=title, xlabel="epoch", ylabel=ylabel, ylim=limits)
        axes.legend(borderaxespad=0)
        figures.append(figure)
    return tuple(figures)


@styled
def early_stop(validation: Sequence[float], best: int, stopped: int, train: Sequence[float]) -> Figure:
    """Draw both curves of a run that was stopped after epoch ``stopped`` and goes back to epoch ``best`` (from 0)."""
    figure, axes = canvas(
        440,
        270,
        alt=f"Validation loss is least in epoch {best} with {validation[best]:.3f}; the run was stopped after "
        f"epoch {stopped}, at {validation[stopped]:.3f}. Training loss falls all the way to {train[-1]:.3f}.",
    )
    axes.plot(train, "--", color=COLORS["orange"], label="training")
    axes.plot(validation, color=COLORS["blue"], label="validation")
    axes.plot(best, validation[best], "o", color=COLORS["blue"], markersize=8)
    axes.axvline(best, color=COLORS["grey"], linewidth=1)
    axes.axvline(stopped, color=COLORS["grey"], linewidth=1, linestyle="--")
    top = max(validation[0], train[0])
    axes.text(best, top, " best ", ha="right", va="top")
    axes.text(stopped, top, "stopped ", ha="right", va="top")
    axes.set(xlabel="epoch", ylabel="loss", ylim=(0, 1.05 * top))
    axes.legend(loc="lower left")
    return figure


@styled
def gaps(rows: Mapping[str, tuple[Sequence[float], Sequence[float]]], xlabel: str) -> Figure:
    """Draw training (hollow) and held-out (filled) losses of several settings: all runs and medians."""
    height = 22 * len(rows) + 90
    medians = {name: (float(np.median(train)), float(np.median(test))) for name, (train, test) in rows.items()}
    told = "; ".join(f"{name} {train:.3f} and {test:.3f}" for name, (train, test) in medians.items())
    figure, axes = canvas(470, height, alt=f"{xlabel}, training and held out, medians: {told}.")
    for place, (name, (train, test)) in enumerate(rows.items()):
        y = len(rows) - 1 - place
        axes.plot(medians[name], (y, y), color=COLORS["grey"], linewidth=3, alpha=0.5)
        axes.plot(train, [y] * len(train), "s", color=COLORS["orange"], fillstyle="none", markersize=5)
        axes.plot(test, [y] * len(test), "o", color=COLORS["blue"], markersize=5)
    axes.set_yticks(range(len(rows)), list(rows)[::-1])
    axes.set(xlabel=xlabel, xlim=(0, None), ylim=(-0.6, len(rows) - 0.4))
    _key(figure, {"training": ("s", "orange", "none"), "held out": ("o", "blue", "full")})
    return figure


def _key(figure: Figure, marks: Mapping[str, tuple[str, str, Any]]) -> None:
    axes = figure.axes[0]
    for name, (mark, color, fill) in marks.items():
        axes.plot([], [], mark, color=COLORS[color], fillstyle=fill, label=name)
    figure.legend(loc="outside lower center", ncols=2)
