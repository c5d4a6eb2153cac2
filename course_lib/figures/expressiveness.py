"""Figures of chapter 03 on what networks can express: bumps, Nielsen's function, folds, regions, depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.figures.activations import MARKS
from course_lib.figures.style import COLORS, canvas, powers_of_ten, styled
from course_lib.reference.activations import sigmoid

Array = NDArray[np.floating]
Function = Callable[[Array], Array]


def nielsen(x: Array) -> Array:
    """Return 0.2 + 0.4x² + 0.3x sin 15x + 0.05 cos 50x, the function of Nielsen (2015), chapter 4.

    Examples
    --------
    >>> float(nielsen(np.array(0.0)))
    0.25
    """
    return 0.2 + 0.4 * x**2 + 0.3 * x * np.sin(15 * x) + 0.05 * np.cos(50 * x)


def bump_sum(f: Function, n_bumps: int, steepness: float, x: Array) -> Array:
    """Return the sum at ``x`` of ``n_bumps`` sigmoid bumps side by side on [0, 1], as high as ``f`` in their middle.

    Each bump is height·(σ(steepness·(x − left)) − σ(steepness·(x − right))). The outermost steps stand at −1 and 2, so
    that the ends of the interval are covered like its middle.

    Examples
    --------
    >>> bump_sum(lambda x: x, 2, 1000.0, np.array([0.25, 0.75])).round(6)
    array([0.25, 0.75])
    """
    edges = np.linspace(0, 1, n_bumps + 1)
    heights = f((edges[:-1] + edges[1:]) / 2)
    edges[[0, -1]] = -1, 2
    steps = sigmoid(steepness * (np.asarray(x)[..., None] - edges))
    return (steps[..., :-1] - steps[..., 1:]) @ heights


@styled
def steps_to_bump(steepness: Sequence[float] = (10, 40, 400)) -> tuple[Figure, ...]:
    """Draw the three stages: steps of growing steepness, two opposite steps, their sum, a bump (Nielsen, 2015)."""
    x = np.linspace(0, 1, 401)
    told = ", ".join(f"{w:g}" for w in steepness)
    steps, axes = canvas(
        225,
        200,
        alt=f"Sigmoids with their middle at x = 0.4 and weights {told}: the larger "
        "the weight, the more the curve looks like a step.",
    )
    for w, (color, dash, _) in zip(steepness, MARKS, strict=False):
        axes.plot(x, sigmoid(w * (x - 0.4)), dash, color=COLORS[color], label=f"w = {w:g}")
    axes.legend(loc="lower right", borderaxespad=0)
    axes.set(title="one unit: a step", xlabel="x", ylim=(-0.05, 1.1))
    up, down = sigmoid(100 * (x - 0.4)), sigmoid(100 * (x - 0.6))
    pair, axes = canvas(225, 200, alt="A step up to 0.8 at x = 0.4 and, dashed, a step down to minus 0.8 at x = 0.6.")
    axes.plot(x, 0.8 * up, color=COLORS["blue"])
    axes.plot(x, -0.8 * down, "--", color=COLORS["orange"])
    axes.set(title="two units: up and down", xlabel="x", ylim=(-1, 1.1))
    bump, axes = canvas(225, 200, alt="The sum of the two steps: a bump 0.8 high from x = 0.4 to x = 0.6, else zero.")
    axes.plot(x, 0.8 * (up - down), color=COLORS["green"])
    axes.set(title="their sum: a bump", xlabel="x", ylim=(-1, 1.1))
    return steps, pair, bump


@styled
def bump_errors(errors: Mapping[str, tuple[Sequence[int], Sequence[float]]]) -> Figure:
    """Draw the error of the sum of bumps over their number; ``errors`` maps a label to (numbers, errors)."""
    told = "; ".join(f"{name}: {e[0]:.2g} with {n[0]}, {e[-1]:.2g} with {n[-1]}" for name, (n, e) in errors.items())
    figure, axes = canvas(420, 280, alt=f"Root mean squared error against the number of bumps. {told}.")
    for (name, (n, e)), (color, dash, mark) in zip(errors.items(), MARKS, strict=False):
        axes.plot(n, e, dash, marker=mark, markersize=4, color=COLORS[color], label=name)
    axes.set(xscale="log", yscale="log", xlabel="number of bumps", ylabel="root mean squared error")
    axes.legend(title="weight w", loc="lower left")
    powers_of_ten(axes.yaxis)
    axes.set_xticks(n, [str(number) for number in n])
    axes.minorticks_off()
    return figure


@styled
def fits(curves: Mapping[str, Sequence[float]], x: Array) -> tuple[Figure, ...]:
    """Draw Nielsen's function and, in one panel each, the curves that networks have learned; ``x`` their places."""
    return tuple(_fit(name, np.asarray(curve), x) for name, curve in curves.items())


def _fit(name: str, curve: Array, x: Array) -> Figure:
    worst = int(np.argmax(np.abs(curve - nielsen(x))))
    figure, axes = canvas(
        225,
        220,
        alt=f"Nielsen's function, grey, and a network's, {name}. They are furthest apart, "
        f"by {abs(curve[worst] - nielsen(x)[worst]):.2f}, at x = {x[worst]:.2f}.",
    )
    axes.plot(x, nielsen(x), color=COLORS["grey"], linewidth=3.5, alpha=0.55)
    axes.plot(x, curve, color=COLORS["blue"], linewidth=1.6)
    axes.set(title=name, xlabel="x", xlim=(0, 1), ylim=(0, 0.95))
    return figure


@styled
def tents(compositions: int = 3) -> tuple[Figure, ...]:
    """Draw the tent map composed with itself: each layer of two ReLU units doubles the teeth (Telgarsky, 2016)."""
    x = np.linspace(0, 1, 1025)
    figures, y = [], x
    for layers in range(1, compositions + 1):
        y = 2 * np.maximum(0, y) - 4 * np.maximum(0, y - 0.5)
        teeth = "one tooth" if layers == 1 else f"{2 ** (layers - 1)} teeth"
        alt = f"The tent map, {layers}-fold: {teeth} between 0 and 1, made of {2**layers} straight pieces."
        figure, axes = canvas(225, 170, alt=alt)
        axes.plot(x, y, color=COLORS["blue"])
        layer = "layer" if layers == 1 else "layers"
        axes.set(title=f"{layers} {layer}, {2 * layers} units: {2**layers} pieces", xlabel="x", ylim=(-0.05, 1.05))
        figures.append(figure)
    return tuple(figures)


@styled
def switch_lines(layers: Sequence[tuple[Array, Array]], regions: int, size: float = 3.0) -> Figure:
    """Draw where the units of a ReLU network on the plane switch: straight lines in layer 1, bent ones in layer 2.

    ``layers`` are pairs (W, b); ``regions`` is the number of regions, for the description.
    """
    line = np.linspace(-size, size, 161)
    a = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    units = " and ".join(str(W.shape[1]) for W, _ in layers)
    figure, axes = canvas(
        360,
        350,
        alt=f"The plane cut by the switching lines of a ReLU network with {units} units: "
        f"those of layer 1 are straight, those of layer 2, dashed, bend where they cross them. "
        f"Between them lie {regions} regions.",
    )
    for depth, (W, b) in enumerate(layers):
        s = a @ W + b
        color, dash, _ = MARKS[depth]
        for unit in s.T:
            if unit.min() < 0 < unit.max():
                axes.contour(line, line, unit.reshape(161, 161), [0], colors=COLORS[color], linestyles=dash)
        axes.plot([], [], dash, color=COLORS[color], label=f"layer {depth + 1}")
        a = np.maximum(0, s)
    axes.set(xlabel="x₁", ylabel="x₂", xlim=(-size, size), ylim=(-size, size))
    figure.legend(loc="outside upper center", ncols=2)
    return figure


@styled
def depth_errors(rows: Sequence[Mapping[str, Any]], depths: Sequence[int], title: str, ylabel: str) -> Figure:
    """Draw errors over the number of hidden layers at equal parameter count; one row of a record each depth."""
    errors = np.array([row["errors"] for row in rows])
    medians = np.median(errors, axis=1)
    told = ", ".join(f"{m:.3g} at {d}" for d, m in zip(depths, medians, strict=True))
    figure, axes = canvas(
        235, 270, alt=f"{title}: {ylabel} by number of hidden layers, medians of {errors.shape[1]} runs: {told}."
    )
    axes.plot(depths, medians, color=COLORS["blue"])
    axes.plot(depths, errors, "o", color=COLORS["blue"], markersize=4, fillstyle="none")
    for depth, row, top in zip(depths, rows, errors.max(axis=1), strict=True):
        axes.annotate(str(row["width"]), (depth, top), (4, 7), textcoords="offset points", ha="center", fontsize=10)
    axes.set(title=title, xlabel="hidden layers", ylabel=ylabel, xticks=depths)
    axes.set(xlim=(depths[0] - 0.7, depths[-1] + 0.7), ylim=(0, 1.18 * errors.max()))
    return figure
