"""Figures of chapter 02, backprop. Computation graphs are drawn by `course_lib.figures.graph.draw_graph`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from course_lib.figures.style import COLORS, canvas, powers_of_ten, styled

Array = NDArray[np.floating]
STEP = 70  # pixels from one factor of a chain to the next
Factor = tuple[str, str, str]  # numerator, denominator, what the factor is

LAST: tuple[Factor, ...] = (("∂L", "∂a₂", "loss"), ("∂a₂", "∂s₂", "slope of h"), ("∂s₂", "∂w₂", "input a₁"))
SECOND_TO_LAST: tuple[Factor, ...] = (
    *LAST[:2],
    ("∂s₂", "∂a₁", "weight w₂"),
    ("∂a₁", "∂s₁", "slope of h"),
    ("∂s₁", "∂w₁", "input x"),
)


@styled
def factor_chains() -> tuple[Figure, Figure]:
    """Draw the factor chains of the last and the second-to-last layer (UW ML530, 2021)."""
    return (
        _factor_chain("last layer", "∂w₂", LAST, (("δ₂", 2),)),
        _factor_chain("second-to-last layer", "∂w₁", SECOND_TO_LAST, (("δ₂", 2), ("δ₁", 4))),
    )


def _factor_chain(title: str, weight: str, factors: Sequence[Factor], braces: Sequence[tuple[str, int]]) -> Figure:
    words = "; ".join(f"{top} by {bottom}, {meaning}" for top, bottom, meaning in factors)
    shared = " and ".join(f"the first {count} are {name}" for name, count in braces)
    width = STEP * len(factors) + 58
    figure, axes = canvas(width, 190, f"Chain of {len(factors)} factors, {title}: {words}. Together, {shared}.")
    axes.set(xlim=(-58, width - 58), ylim=(-62, 128))
    axes.axis("off")
    axes.text(-56, 112, title, ha="left", va="center")
    _fraction(axes, -34, "∂L", weight, "black")
    axes.text(-8, 50, "=", ha="center", va="center", fontsize=14)
    for place, (top, bottom, meaning) in enumerate(factors):
        color = COLORS["orange"] if place == len(factors) - 1 else COLORS["blue"]
        _fraction(axes, STEP * (place + 0.5), top, bottom, color)
        axes.text(STEP * (place + 0.5), 10, meaning, ha="center", va="center", fontsize=11, color=color)
        if place:
            axes.text(STEP * place, 50, "·", ha="center", va="center", fontsize=16)
            axes.plot([STEP * place - 22, STEP * place + 22], [41, 59], ":", color=COLORS["grey"], linewidth=1.2)
    for row, (name, count) in enumerate(braces):
        height = -12 - 24 * row
        axes.plot([6, 6, STEP * count - 6, STEP * count - 6], [height + 5, height, height, height + 5],
                  color=COLORS["green"], linewidth=1.4)  # fmt: skip
        axes.text(STEP * count + 4, height, name, ha="left", va="center", color=COLORS["green"])
    return figure


def _fraction(axes: Axes, x: float, top: str, bottom: str, color: str) -> None:
    axes.text(x, 64, top, ha="center", va="center", fontsize=14, color=color)
    axes.text(x, 36, bottom, ha="center", va="center", fontsize=14, color=color)
    axes.plot([x - 17, x + 17], [50, 50], color=color, linewidth=1)


@styled
def one_unit_many_ways(units: int = 3) -> tuple[Figure, Figure]:
    """Draw one unit i that feeds several units j: its output goes out on all weights, their deltas come back."""
    return (
        _fan("forward: aᵢ goes out on every weight", units, back=False),
        _fan("backward: what comes back is added", units, back=True),
    )


def _fan(title: str, units: int, *, back: bool) -> Figure:
    way = (
        f"each sends its delta times that weight back, and unit i adds the {units} of them"
        if back
        else f"it sends its output through {units} weights forward to them"
    )
    figure, axes = canvas(340, 230, f"Unit i of one layer beside {units} units of the next layer: {way}.")
    color = COLORS["orange"] if back else COLORS["blue"]
    heights = np.linspace(1, -1, units)
    for j, height in enumerate(heights, 1):
        unit = (2.0, float(height))
        tip, tail = ((0.0, 0.0), unit) if back else (unit, (0.0, 0.0))
        style = {"arrowstyle": "-|>", "color": color, "shrinkA": 17, "shrinkB": 17}
        axes.annotate("", tip, tail, arrowprops=style)
        axes.plot(*unit, "o", markersize=26, markerfacecolor="none", color=COLORS["grey"])
        axes.text(*unit, f"{j}", ha="center", va="center")
        axes.text(2.35, height, f"δ{_sub(j)}" if back else f"s{_sub(j)}", ha="left", va="center", color=color)
        label = f"wᵢ{_sub(j)} δ{_sub(j)}" if back else f"wᵢ{_sub(j)}"
        axes.text(1.12, 0.6 * height + 0.17, label, ha="center", va="center", color=color)
    axes.plot(0, 0, "o", markersize=26, markerfacecolor="none", color=COLORS["grey"])
    axes.text(0, 0, "i", ha="center", va="center")
    axes.text(0, -0.5, "h′(sᵢ) Σ" if back else "aᵢ", ha="center", va="center", color=color)
    axes.set(xlim=(-0.6, 2.8), ylim=(-1.35, 1.35), title=title)
    axes.axis("off")
    return figure


def _sub(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


@styled
def dense_shapes(n: int = 5, d: int = 4, k: int = 3) -> tuple[Figure, ...]:
    """Draw the four products of a dense layer as rectangles: forward, and the gradients by X, W and b."""
    return (
        _product("forward: X W + b", ("X", n, d), ("W", d, k), ("s", n, k)),
        _product("dL/dX = G Wᵀ", ("G", n, k), ("Wᵀ", k, d), ("dX", n, d)),
        _product("dL/dW = Xᵀ G", ("Xᵀ", d, n), ("G", n, k), ("dW", d, k)),
        _product("dL/db = 1ᵀ G", ("1ᵀ", 1, n), ("G", n, k), ("db", 1, k)),
    )


def _product(title: str, *matrices: tuple[str, int, int]) -> Figure:
    words = ", ".join(f"{name} is {rows} by {columns}" for name, rows, columns in matrices)
    figure, axes = canvas(300, 150, f"Rectangles of cells for {title}: {words}. Equal inner sizes touch.")
    x = 0.0
    for (name, rows, columns), color, sign in zip(matrices, ("blue", "blue", "orange"), ("@", "=", ""), strict=True):
        axes.add_patch(Rectangle((x, -rows / 2), columns, rows, facecolor="none", edgecolor=COLORS[color], lw=1.6))
        for i in range(rows):
            for j in range(columns):
                axes.plot(x + j + 0.5, i + 0.5 - rows / 2, ".", color=COLORS[color], markersize=4)
        axes.text(x + columns / 2, rows / 2 + 0.65, name, ha="center", va="center")
        axes.text(x + columns / 2, -rows / 2 - 0.65, f"{rows}×{columns}", ha="center", va="center", fontsize=11)
        axes.text(x + columns + 0.75, 0, sign, ha="center", va="center", fontsize=14)
        x += columns + 1.5
    axes.set(xlim=(-0.4, 16), ylim=(-3.6, 3.6), aspect="equal", title=title)
    axes.axis("off")
    return figure


@styled
def gradient_check(analytic: Array, numeric: Array) -> Figure:
    """Draw every entry of a gradient, analytic over numeric."""
    bound = 10.0 ** np.ceil(np.log10(np.abs(analytic - numeric).max()))
    figure, axes = canvas(
        380,
        300,
        alt=f"Scatter of {analytic.size} gradient entries, backprop over differences: all lie on the diagonal, "
        f"no distance is above {bound:.0e}.",
    )
    ends = np.array([numeric.min(), numeric.max()])
    axes.plot(ends, ends, ":", color=COLORS["grey"], linewidth=1.4)
    axes.plot(numeric, analytic, ".", color=COLORS["blue"], markersize=4)
    axes.set(xlabel="by central differences", ylabel="by backprop")
    return figure


@styled
def digit_images(images: Array, labels: Sequence[int], guesses: Sequence[int]) -> tuple[Figure, ...]:
    """Draw 8×8 digits, each with its label and what the network made of it."""
    figures = []
    for image, label, guess in zip(images, labels, guesses, strict=True):
        alt = f"Handwritten digit, 8 by 8 grey pixels: labelled {label}, read by the network as {guess}."
        figure, axes = canvas(96, 112, alt)
        rows, columns = np.nonzero(image)
        axes.scatter(columns, -rows, s=44 * image[rows, columns] / image.max(), marker="s", color="black", linewidths=0)
        axes.set(xlim=(-0.6, 7.6), ylim=(-7.6, 0.6), aspect="equal", title=f"{label}, read as {guess}")
        axes.axis("off")
        figures.append(figure)
    return tuple(figures)


@styled
def learning_curves(curves: Mapping[str, tuple[Array, Array]], xlabel: str, *, log_x: bool = False) -> Figure:
    """Draw training loss, logarithmic, for several ways to train; ``curves`` maps a name to ``(x, loss)``."""
    ends = "; ".join(f"{name} from {loss[0]:.2g} to {loss[-1]:.2g}" for name, (_, loss) in curves.items())
    figure, axes = canvas(360, 300, f"Training loss, logarithmic, over {xlabel}. In words: {ends}.")
    looks = (("blue", "-", "s"), ("orange", "-", "o"), ("green", "--", ""))
    for (name, (x, loss)), (color, dash, marker) in zip(curves.items(), looks, strict=False):
        axes.plot(x, loss, dash, marker=marker, markersize=4, color=COLORS[color], linewidth=1.5, label=name)
    axes.set(yscale="log", xlabel=xlabel, ylabel="loss on all training samples")
    powers_of_ten(axes.yaxis)
    if log_x:
        axes.set(xscale="log")
        powers_of_ten(axes.xaxis)
    axes.legend(loc="lower left")
    return figure


@styled
def gradient_noise(sizes: Array, errors: Array) -> Figure:
    """Draw the relative error of the gradient of a mini-batch over its size, beside the line 1/√m."""
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    figure, axes = canvas(
        400,
        300,
        alt=f"Relative error of the gradient over batch size {sizes[0]:g} to {sizes[-1]:g}, both axes logarithmic: "
        f"points on a falling line of slope {slope:.2f}, from {errors[0]:.2g} to {errors[-1]:.2g}.",
    )
    axes.plot(sizes, errors[0] * (sizes / sizes[0]) ** -0.5, ":", color=COLORS["grey"], label="falls as 1/√m")
    axes.plot(sizes, errors, "o", color=COLORS["blue"], label="measured")
    axes.set(xscale="log", yscale="log", xlabel="samples in the batch, m", ylabel="error of the gradient, relative")
    for axis, ticks in ((axes.xaxis, sizes[::2]), (axes.yaxis, [0.2, 0.5, 1, 2, 5])):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.set_minor_locator(NullLocator())
    axes.legend()
    return figure


@styled
def times(measured: Mapping[str, float], unit: str) -> Figure:
    """Draw how long several ways to do the same took, as bars on a logarithmic axis."""
    words = "; ".join(f"{name} {value:.3g}" for name, value in measured.items())
    figure, axes = canvas(440, 60 + 34 * len(measured), f"Bars of the time that each way took, in {unit}: {words}.")
    names = list(measured)[::-1]
    values = [measured[name] for name in names]
    axes.barh(names, values, color=COLORS["blue"], height=0.6)
    for row, value in enumerate(values):
        axes.text(value * 1.15, row, f"{value:.3g}", va="center")
    axes.set(xscale="log", xlim=(min(values) / 3, max(values) * 8), xlabel=f"time, {unit}")
    powers_of_ten(axes.xaxis)
    return figure
