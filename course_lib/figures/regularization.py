"""Figures of chapter 06 on penalties and normalization; those on over-fitting are in `figures.fitting`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from course_lib.figures.activations import MARKS
from course_lib.figures.style import COLORS, canvas, styled

Array = NDArray[np.floating]


@styled
def balls(H: ArrayLike, center: ArrayLike, best: Mapping[str, tuple[ArrayLike, float]]) -> tuple[Figure, ...]:
    """Draw contours of ½ (w − center)ᵀ H (w − center), the ball of a penalty and the point where they touch.

    ``best`` maps a title to the point and the power of the norm, 1 or 2.
    """
    H, center = np.asarray(H, float), np.asarray(center, float)
    line = np.linspace(-1.6, 3.4, 201)
    w = np.stack(np.meshgrid(line, line), axis=-1) - center
    loss = 0.5 * np.einsum("ijk,kl,ijl->ij", w, H, w)
    figures = []
    for title, (point, power) in best.items():
        point = np.asarray(point, float)
        at = 0.5 * (point - center) @ H @ (point - center)
        told = "a diamond, touched at a corner" if power == 1 else "a circle, touched on its side"
        figure, axes = canvas(
            230,
            230,
            alt=f"{title}: ellipses around the best weights ({center[0]:g}, {center[1]:g}), and {told}, at "
            f"({point[0]:.2f}, {point[1]:.2f}).",
        )
        axes.contour(line, line, loss, [0.1, 0.5, 1.2, 2.2], colors=COLORS["grey"], linewidths=0.8)
        axes.contour(line, line, loss, [at], colors=COLORS["blue"], linewidths=2)
        t = np.linspace(0, 2 * np.pi, 181)
        way = np.column_stack([np.cos(t), np.sin(t)])
        ball = way / np.linalg.norm(way, power, axis=1, keepdims=True) * np.linalg.norm(point, power)
        axes.plot(*ball.T, "--", color=COLORS["orange"])
        axes.plot(*center, ".", color=COLORS["grey"])
        axes.plot(*point, "o", color=COLORS["blue"])
        axes.axhline(0, color=COLORS["grey"], linewidth=0.7)
        axes.axvline(0, color=COLORS["grey"], linewidth=0.7)
        axes.set(title=title, xlabel="w₁", ylabel="w₂", xlim=(-1.6, 3.4), ylim=(-1.6, 2.4), aspect="equal")
        figures.append(figure)
    return tuple(figures)


@styled
def paths(strengths: Sequence[float], weights: Mapping[str, Array], useful: int) -> tuple[Figure, ...]:
    """Draw weights over the strength of a penalty; the first ``useful`` ones (blue) carry the signal."""
    figures = []
    for title, rows in weights.items():
        zeros = int(np.sum(rows[-1] == 0))
        figure, axes = canvas(
            230,
            230,
            alt=f"{title}: {rows.shape[1]} weights over λ from {strengths[0]:.2g} to {strengths[-1]:.2g}; "
            f"at the end {zeros} of them are exactly zero.",
        )
        for j, column in enumerate(rows.T):
            color, width = ("blue", 1.8) if j < useful else ("grey", 0.9)
            axes.plot(strengths, column, "-" if j < useful else "--", color=COLORS[color], linewidth=width)
        axes.set(xscale="log", title=title, xlabel="λ", ylabel="weight")
        axes.set_xticks([10.0**k for k in range(-3, 3) if strengths[0] <= 10.0**k <= strengths[-1]])
        axes.set_xticklabels([f"{tick:g}" for tick in axes.get_xticks()])
        axes.minorticks_off()
        figures.append(figure)
    return tuple(figures)


@styled
def priors() -> tuple[Figure, Figure]:
    """Draw the Gaussian and the Laplace prior of unit variance, and what they add to a loss."""
    w = np.linspace(-4, 4, 161)
    scale = np.sqrt(0.5)
    gauss = w**2 / 2 + 0.5 * np.log(2 * np.pi)
    laplace = np.abs(w) / scale + np.log(2 * scale)
    left, axes = canvas(
        230,
        230,
        alt="Two densities of a weight, both of variance one: the Gaussian is round at zero, the Laplace density "
        "has a sharp peak there and heavier tails.",
    )
    right, other = canvas(
        230,
        230,
        alt="Minus the logarithm of both, shifted to zero: a parabola, flat at zero, and two straight lines with "
        "a corner at zero.",
    )
    for name, surprise, (color, dash, _) in zip(("Gaussian", "Laplace"), (gauss, laplace), MARKS, strict=False):
        axes.plot(w, np.exp(-surprise), dash, color=COLORS[color], label=name)
        other.plot(w, surprise - surprise.min(), dash, color=COLORS[color], label=name)
    axes.set(xlabel="weight w", title="prior p(w)")
    other.set(xlabel="weight w", title="−ln p(w)", ylim=(0, 6))
    axes.legend(loc="upper left", borderaxespad=0, handlelength=1.3)
    return left, right


@styled
def weight_histograms(edges: Sequence[float], counts: Mapping[str, Sequence[int]]) -> tuple[Figure, ...]:
    """Draw histograms of weights on a logarithmic axis, one panel a setting, all on the same bins."""
    figures = []
    middle = (np.asarray(edges)[1:] + np.asarray(edges)[:-1]) / 2
    top = max(max(row) / sum(row) for row in counts.values())
    for title, row in counts.items():
        share = np.asarray(row, float) / np.sum(row)
        spread = float(np.sqrt(np.sum(share * middle**2)))
        figure, axes = canvas(
            230,
            190,
            alt=f"{title}: histogram of {int(np.sum(row))} weights, root mean square about {spread:.3f}, share in "
            f"the middle bins {share[np.abs(middle) < 0.021].sum():.0%}.",
        )
        axes.stairs(np.maximum(share, 1e-6), edges, fill=True, color=COLORS["blue"], baseline=1e-6)
        axes.set(yscale="log", title=title, xlabel="weight", ylim=(1e-5, 2 * top))
        axes.set_yticks([1e-4, 1e-2, 1], ["0.01 %", "1 %", "100 %"])
        axes.minorticks_off()
        figures.append(figure)
    return tuple(figures)


@styled
def steps_by_rate(rates: Sequence[float], losses: Mapping[str, Sequence[float]], ylabel: str) -> Figure:
    """Draw a loss after training over the learning rate, one line a kind of network."""
    told = "; ".join(f"{name} {', '.join(f'{value:.2g}' for value in row)}" for name, row in losses.items())
    figure, axes = canvas(440, 270, alt=f"{ylabel} by learning rate ({', '.join(f'{r:g}' for r in rates)}): {told}.")
    for (name, row), (color, dash, mark) in zip(losses.items(), MARKS, strict=False):
        axes.plot(rates, row, dash, marker=mark, color=COLORS[color], label=name)
    axes.set(xscale="log", yscale="log", xlabel="learning rate", ylabel=ylabel)
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.minorticks_off()
    axes.legend()
    return figure
