"""Figures of chapter 05: symmetry, variance through the layers, initializers; those of training are in `starts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from course_lib.figures.activations import MARKS
from course_lib.figures.style import COLORS, canvas, powers_of_ten, styled

Array = NDArray[np.floating]


@styled
def units_over_steps(weights: Mapping[str, Array]) -> tuple[Figure, ...]:
    """Draw one weight of every hidden unit over the steps; ``weights`` maps a title to an array (steps, units)."""
    figures = []
    for title, rows in weights.items():
        steps, units = rows.shape
        places = len(np.unique(rows[-1].round(6)))
        told = "all on one curve" if places == 1 else f"on {places} different curves"
        figure, axes = canvas(
            230,
            220,
            alt=f"{title}: one weight of each of {units} hidden units over {steps - 1} steps, {told} at the end.",
        )
        for unit, column in enumerate(rows.T):
            color, dash, _ = MARKS[unit % len(MARKS)]
            axes.plot(column, dash, color=COLORS[color], linewidth=1.4)
        axes.set(title=title, xlabel="step", ylabel="weight")
        figures.append(figure)
    return tuple(figures)


@styled
def by_layer(
    values: Mapping[str, Sequence[float]], ylabel: str, title: str = "", lowest: float = 1e-12, highest: float = 1e12
) -> Figure:
    """Draw a size over the layers, one line a way to begin, on a logarithmic axis cut at ``lowest`` and ``highest``."""
    told = "; ".join(f"{name} {row[0]:.1g} in the first, {row[-1]:.1g} in the last" for name, row in values.items())
    figure, axes = canvas(
        440, 300, alt=f"{title or ylabel} over {len(next(iter(values.values())))} layers: {told}.".replace("-", "−")
    )
    for (name, row), (color, dash, mark) in zip(values.items(), MARKS, strict=False):
        layers = np.arange(1, len(row) + 1)
        seen = np.where(np.asarray(row) > 0, row, np.nan)
        every = max(1, len(row) // 10)
        axes.plot(layers, seen, dash, marker=mark, markevery=every, markersize=4, color=COLORS[color], label=name)
    low, high = _limits(values, lowest, highest)
    axes.set(yscale="log", ylim=(low, high), xlabel="layer", ylabel=ylabel, title=title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    powers_of_ten(axes.yaxis)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _limits(values: Mapping[str, Sequence[float]], lowest: float, highest: float) -> tuple[float, float]:
    sizes = np.concatenate([np.asarray(row, float) for row in values.values()])
    sizes = sizes[sizes > 0]
    return max(lowest, float(sizes.min()) / 2), min(highest, 2 * float(sizes.max()))


@styled
def output_histograms(outputs: Mapping[str, Mapping[int, Array]], limit: float = 1.0) -> tuple[Figure, ...]:
    """Draw histograms of the outputs of some layers, one above the other, one panel a way to begin."""
    figures = []
    bins = np.linspace(-limit, limit, 42)
    for title, layers in outputs.items():
        told = "; ".join(f"layer {layer}: {np.std(a):.2g}" for layer, a in layers.items())
        figure, axes = canvas(
            230, 290, alt=f"{title}: histograms of the outputs, one row a layer. Standard deviations: {told}."
        )
        for row, (layer, a) in enumerate(layers.items()):
            counts, _ = np.histogram(np.clip(a, -limit, limit), bins)
            base = len(layers) - 1 - row
            axes.stairs(base + 0.85 * counts / counts.max(), bins, baseline=base, fill=True, color=COLORS["blue"])
            axes.text(-1.06 * limit, base + 0.45, str(layer), fontsize=11, va="center", ha="right")
        axes.set(title=title, xlabel="output a", yticks=[], xlim=(-1.3 * limit, limit))
        axes.spines["left"].set_visible(False)
        figures.append(figure)
    return tuple(figures)


@styled
def law_of_sums(numbers: Sequence[int], ratios: Mapping[str, Sequence[float]]) -> Figure:
    """Draw a measured variance as a part of N Var(w) Var(x), over the number N of terms."""
    told = "; ".join(f"{name} about {np.mean(row):.2f}" for name, row in ratios.items())
    figure, axes = canvas(
        440, 280, alt=f"Variance of a sum of N products, divided by N Var(w) Var(x), for N from {numbers[0]} to "
        f"{numbers[-1]}: {told}."
    )  # fmt: skip
    for (name, row), (color, dash, mark) in zip(ratios.items(), MARKS, strict=False):
        axes.plot(numbers, row, dash, marker=mark, markersize=5, color=COLORS[color], label=name)
    axes.set(xscale="log", xlabel="number of terms N", ylabel="Var(s) / (N Var(w) Var(x))", ylim=(0, None))
    axes.set_xticks(numbers, [str(n) for n in numbers])
    axes.minorticks_off()
    axes.legend(loc="center right")
    return figure


@styled
def densities(draws: Mapping[str, Array], std: float) -> tuple[Figure, ...]:
    """Draw histograms of weights that share one standard deviation; dashed lines at one standard deviation."""
    figures = []
    bins = np.linspace(-3.5 * std, 3.5 * std, 57)
    for title, weights in draws.items():
        figure, axes = canvas(
            225,
            190,
            alt=f"Histogram of {weights.size} weights, {title}: standard deviation {weights.std():.3f}, "
            f"largest {np.abs(weights).max():.3f}, or {np.abs(weights).max() / std:.2f} standard deviations.",
        )
        counts, _ = np.histogram(weights, bins, density=True)
        axes.stairs(counts * std, bins / std, fill=True, color=COLORS["blue"], alpha=0.75)
        for at in (-1, 1):
            axes.axvline(at, color=COLORS["grey"], linestyle="--", linewidth=1)
        axes.set(title=title, xlabel="weight / standard deviation", ylim=(0, 0.5), yticks=[])
        figures.append(figure)
    return tuple(figures)


@styled
def hinton(matrices: Mapping[str, Array]) -> tuple[Figure, ...]:
    """Draw matrices as squares: the area is the size of the entry, filled for plus, hollow for minus."""
    figures = []
    for title, W in matrices.items():
        rows, columns = W.shape
        negative = int(np.sum(W < 0))
        figure, axes = canvas(
            150,
            170,
            alt=f"{title}: {rows} by {columns} squares, their area the size of a weight, from {W.min():.2g} to "
            f"{W.max():.2g}; {negative} are negative, drawn hollow.",
        )
        side = 0.9 * np.sqrt(np.abs(W) / max(float(np.abs(W).max()), 1e-12))
        for (i, j), width in np.ndenumerate(side):
            if width > 0.02:
                _square(axes, j, rows - 1 - i, width, bool(W[i, j] > 0))
        axes.set(title=title, xlim=(-0.6, columns - 0.4), ylim=(-0.6, rows - 0.4), xticks=[], yticks=[], aspect="equal")
        for spine in axes.spines.values():
            spine.set(visible=True, linewidth=0.6)
        figures.append(figure)
    return tuple(figures)


def _square(axes: Any, x: float, y: float, width: float, positive: bool) -> None:
    color = COLORS["blue" if positive else "orange"]
    corner = (x - width / 2, y - width / 2)
    axes.add_patch(
        Rectangle(corner, width, width, facecolor=color if positive else "none", edgecolor=color, linewidth=1)
    )


@styled
def singular_values(values: Mapping[str, Sequence[float]], title: str) -> Figure:
    """Draw the singular values of products of matrices, largest first, on a logarithmic axis."""
    told = "; ".join(f"{name} from {row[0]:.2g} down to {row[-1]:.2g}" for name, row in values.items())
    figure, axes = canvas(420, 280, alt=f"Singular values, {title}: {told}.".replace("-", "−"))
    for (name, row), (color, dash, _) in zip(values.items(), MARKS, strict=False):
        axes.plot(np.arange(1, len(row) + 1), row, dash, color=COLORS[color], label=name)
    axes.set(yscale="log", xlabel="number, largest first", ylabel="singular value", title=title)
    powers_of_ten(axes.yaxis)
    axes.legend(loc="lower left")
    return figure
