"""Four surfaces with a difficulty each, the paths of optimizers over them, and maps to draw both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from contourpy import contour_generator
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.figures.style import COLORS, canvas, styled
from course_lib.filters.table import row
from course_lib.reference.optimizers import Optimizer

Array = NDArray[np.floating]
FAR = 1e6  # a path that gets so far away is cut
MARKS = (("blue", "-", "o"), ("orange", "--", "s"), ("green", "-.", "^"), ("purple", ":", "D"), ("grey", "-", "v"))


@dataclass(frozen=True)
class Surface:
    """A function of two variables, and the part of the plane worth a look.

    Attributes
    ----------
    name, formula : str
    value : callable
        ``value(x, y)``, elementwise.
    gradient, hessian : callables
        ``gradient(w)`` → (2,) and ``hessian(w)`` → (2, 2) for w = (x, y).
    window : tuple
        x from, x to, y from, y to.
    start : tuple
        Where paths begin.
    minimum : tuple or None
        Where the minimum is; None for the saddle, which falls for ever.
    levels : tuple of float
        Heights of the contour lines.
    """

    name: str
    formula: str
    value: Callable[[Any, Any], Any]
    gradient: Callable[[Array], Array]
    hessian: Callable[[Array], Array]
    window: tuple[float, float, float, float]
    start: tuple[float, float]
    minimum: tuple[float, float] | None
    levels: tuple[float, ...]


def _beale_parts(w: Array) -> tuple[Array, Array, list[Array]]:
    """Return the three residuals, their slopes (3, 2) and their second derivatives."""
    x, y = w
    powers = np.arange(1, 4)
    r = np.array([1.5, 2.25, 2.625]) - x + x * y**powers
    J = np.column_stack([y**powers - 1, x * powers * y ** (powers - 1.0)])
    curved = [
        np.array([[0, p * y ** (p - 1)], [p * y ** (p - 1), x * p * (p - 1) * y ** max(p - 2, 0)]]) for p in (1, 2, 3)
    ]
    return r, J, curved


def _beale_gradient(w: Array) -> Array:
    r, J, _ = _beale_parts(w)
    return 2 * J.T @ r


def _beale_hessian(w: Array) -> Array:
    r, J, curved = _beale_parts(w)
    return 2 * (J.T @ J + sum(each * part for each, part in zip(r, curved, strict=True)))


SURFACES: Mapping[str, Surface] = {
    surface.name: surface
    for surface in (
        Surface("saddle", "x² − y²", lambda x, y: x**2 - y**2, lambda w: np.array([2 * w[0], -2 * w[1]]),
                lambda w: np.diag([2.0, -2.0]), (-1.6, 1.6, -1.3, 1.3), (-1.4, 0.01), None,
                tuple(np.arange(-1.5, 2.6, 0.5))),
        Surface("valley", "½(x² + 30y²)", lambda x, y: 0.5 * (x**2 + 30 * y**2), lambda w: np.array([w[0], 30 * w[1]]),
                lambda w: np.diag([1.0, 30.0]), (-10.0, 4.0, -2.6, 2.6), (-9.0, 1.6), (0.0, 0.0),
                (0.5, 3.0, 9.0, 20.0, 36.0, 60.0, 90.0)),
        Surface("Beale", "(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²",
                lambda x, y: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2,
                _beale_gradient, _beale_hessian, (-0.5, 4.5, -1.6, 1.9), (1.0, 1.5), (3.0, 0.5),
                (0.1, 0.4, 1.0, 2.0, 4.0, 8.0, 14.2, 30.0, 80.0, 250.0)),
        Surface("Rosenbrock", "(1 − x)² + 100(y − x²)²", lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
                lambda w: np.array([2 * (w[0] - 1) - 400 * w[0] * (w[1] - w[0] ** 2), 200 * (w[1] - w[0] ** 2)]),
                lambda w: np.array([[2 - 400 * (w[1] - 3 * w[0] ** 2), -400 * w[0]], [-400 * w[0], 200.0]]),
                (-1.7, 1.5, -0.6, 2.0), (-1.2, 1.0), (1.0, 1.0), (1.0, 4.0, 10.0, 30.0, 80.0, 180.0, 400.0)),
    )
}  # fmt: skip


def trajectory(surface: Surface, optimizer: Optimizer, steps: int, start: Sequence[float] | None = None) -> Array:
    """Return the points that an optimizer visits, (at most steps + 1, 2), the start first; cut if it flies away.

    Examples
    --------
    >>> trajectory(SURFACES["valley"], row("SGD").make(lr=0.01), 2).round(4)
    array([[-9.    ,  1.6   ],
           [-8.91  ,  1.12  ],
           [-8.8209,  0.784 ]])
    """
    w = np.array(surface.start if start is None else start, dtype=float)
    path = [w.copy()]
    for _ in range(steps):
        optimizer.step(w, surface.gradient(w))
        if not np.abs(w).max() < FAR:
            break
        path.append(w.copy())
    return np.array(path)


@cache
def best_rate(surface: Surface, name: str, steps: int, **settings: float) -> float:
    """Return the learning rate, two a decade, with which an optimizer ends lowest without ever leaving the window.

    Examples
    --------
    >>> best_rate(SURFACES["valley"], "SGD", 100)
    0.032
    """
    ends = {
        rate: _height_at_end(surface, row(name).make(lr=rate, **settings), steps)
        for rate in row(name).settings[0].choices[::2]
    }
    return min(ends, key=ends.__getitem__)


def _height_at_end(surface: Surface, optimizer: Optimizer, steps: int) -> float:
    """Return the height after that many steps; infinity as soon as the path leaves the window."""
    low, high, bottom, top = surface.window
    w = np.array(surface.start, dtype=float)
    for _ in range(steps):
        optimizer.step(w, surface.gradient(w))
        if not (low <= w[0] <= high and bottom <= w[1] <= top):
            return np.inf
    return float(surface.value(*w))


@cache
def contour_lines(surface: Surface, points: int = 97, digits: int = 3) -> list[list[list[float]]]:
    """Return the contour lines as lists of [x, y], a quarter of the points that were found: a page has many maps.

    Examples
    --------
    >>> lines = contour_lines(SURFACES["valley"])
    >>> len(lines) >= len(SURFACES["valley"].levels), len(lines[0][0])
    (True, 2)
    """
    x, y = _grid(surface, points)
    generator = contour_generator(x, y, surface.value(x[None, :], y[:, None]))
    lines = [np.asarray(line, float) for level in surface.levels for line in generator.lines(level)]
    return [np.round(np.vstack([line[:-1:4], line[-1:]]), digits).tolist() for line in lines]


def _grid(surface: Surface, points: int) -> tuple[Array, Array]:
    low, high, bottom, top = surface.window
    return np.linspace(low, high, points), np.linspace(bottom, top, points)


@styled
def paths_on(surface: Surface, paths: Mapping[str, Array], title: str = "", legend: bool = True) -> Figure:
    """Draw a map of the surface with named paths on it."""
    steps = max(len(path) for path in paths.values()) - 1
    told = "; ".join(f"{name} ends at ({path[-1][0]:.2g}, {path[-1][1]:.2g})" for name, path in paths.items())
    figure, axes = canvas(
        350,
        366 if legend else 330,
        alt=f"Contour map of the {surface.name} {surface.formula} with paths of at most {steps} steps from "
        f"({path_start(paths)}): {told}.".replace("-", "−"),
    )
    gap = [[np.nan, np.nan]]
    contours = np.array([point for line in contour_lines(surface) for point in line + gap])
    axes.plot(*contours.T, color=COLORS["grey"], linewidth=0.7)
    for (name, path), (color, dash, marker) in zip(paths.items(), MARKS, strict=False):
        every = max(1, len(path) // 8)
        axes.plot(
            *path.T, dash, color=COLORS[color], label=name, marker=marker, markevery=every, markersize=4, linewidth=1.6
        )
    if surface.minimum:
        axes.plot(*surface.minimum, "*", color="black", markersize=12)
    low, high, bottom, top = surface.window
    axes.set(xlim=(low, high), ylim=(bottom, top), xlabel="x", ylabel="y", title=title or surface.name)
    if legend:
        # outside, for inside contours or paths would cross it
        figure.legend(loc="outside lower center", ncols=2, fontsize=10, labelspacing=0.2)
    return figure


def path_start(paths: Mapping[str, Array]) -> str:
    """Return the common start as text: x, y."""
    first = next(iter(paths.values()))[0]
    return f"{first[0]:g}, {first[1]:g}"
