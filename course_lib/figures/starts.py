"""Figures of chapter 05 on training: loss curves by initializer, weights before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from course_lib.figures.activations import MARKS
from course_lib.figures.style import COLORS, canvas, styled


@styled
def loss_curves(
    curves: Mapping[str, Sequence[Sequence[float]]], title: str = "", highest: float | None = None
) -> Figure:
    """Draw losses over epochs: the median of the runs as a line, all runs between their extremes as a band.

    ``curves`` maps a name to runs, each a loss before training and after every epoch; the axis ends at ``highest``.
    """
    medians = {name: np.median(np.asarray(runs, float), axis=0) for name, runs in curves.items()}
    told = "; ".join(f"{name} {row[0]:.2f} to {row[-1]:.2f}" for name, row in medians.items())
    figure, axes = canvas(
        440,
        330,
        alt=f"{title} Loss over {len(next(iter(medians.values()))) - 1} epochs, medians: {told}.".strip(),
    )
    for (name, row), (color, dash, mark) in zip(medians.items(), MARKS, strict=False):
        runs, epochs = np.asarray(curves[name], float), np.arange(len(row))
        low, high = runs.min(axis=0), runs.max(axis=0)
        around = np.concatenate([epochs, epochs[::-1]]), np.concatenate([low, high[::-1]])
        axes.fill(*around, color=COLORS[color], alpha=0.18, linewidth=0)
        every = max(1, len(row) // 8)
        axes.plot(epochs, row, dash, marker=mark, markevery=every, markersize=4, color=COLORS[color], label=name)
    axes.set(xlabel="epoch", ylabel="loss", title=title, ylim=(0, highest))
    figure.legend(loc="outside lower center", ncols=2)
    return figure


@styled
def before_and_after(weights: Mapping[str, Mapping[str, Any]]) -> tuple[Figure, ...]:
    """Draw histograms of a layer's weights before training (grey) and after (blue), one panel an initializer.

    Each entry holds ``before`` and ``after`` with ``counts`` and ``edges``, and ``std``, the two standard deviations.
    """
    figures = []
    for title, both in weights.items():
        before, after = both["std"]
        figure, axes = canvas(
            225, 190, alt=f"{title}: histogram of the weights before training, standard deviation {before:.2g}, and "
            f"after it, {after:.2g}."
        )  # fmt: skip
        for which, color, fill in (("before", "grey", True), ("after", "blue", False)):
            counts, edges = np.asarray(both[which]["counts"], float), np.asarray(both[which]["edges"])
            density = counts / (counts.sum() * np.diff(edges))
            if which == "before" and before == 0:
                axes.axvline(0, color=COLORS["grey"], linewidth=4, alpha=0.6)
                continue
            axes.stairs(density, edges, fill=fill, color=COLORS[color], alpha=0.5 if fill else 1, linewidth=1.8)
        axes.set(title=title, yticks=[], ylim=(0, None))
        figures.append(figure)
    return tuple(figures)
