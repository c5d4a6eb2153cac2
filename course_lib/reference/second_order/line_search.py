r"""How far to go: a step length that satisfies the strong Wolfe conditions.

.. math:: φ(t) ≤ φ(0) + c_1 t φ'(0), \qquad |φ'(t)| ≤ c_2 |φ'(0)|

The first asks for a loss that falls as much as the step promises, the second for a point where the slope has
flattened; together they keep y·s positive, which BFGS needs. Source: Nocedal and Wright, 2006, algorithms 3.5
and 3.6. Next to a minimum the loss falls by less than it is rounded to; there the slope alone decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Function = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class Point:
    """A point on the line: step length, value, slope along the line, gradient."""

    t: float
    value: float
    slope: float
    gradient: Any


def strong_wolfe(
    function: Function,
    w: np.ndarray,
    direction: np.ndarray,
    value: float,
    gradient: np.ndarray,
    first: float = 1.0,
    c1: float = 1e-4,
    c2: float = 0.9,
    max_evaluations: int = 25,
) -> tuple[Point | None, int]:
    """Search along w + t·direction for a step that satisfies both conditions.

    Parameters
    ----------
    function : callable
        ``function(w)`` → (value, gradient).
    w, direction : ndarray, (size,)
        Start, and a direction in which the function falls.
    value, gradient : float and ndarray, (size,)
        Of the function at `w`.
    first : float
        The first step length tried; 1 is right for Newton's direction.
    c1, c2 : float
        0 < c1 < c2 < 1.
    max_evaluations : int
        After these the lowest point seen is returned.

    Returns
    -------
    point : Point or None
        Where to go; None if no step makes the function fall.
    evaluations : int
        How often the function was called.

    Examples
    --------
    >>> square = lambda w: (float(w @ w), 2 * w)
    >>> w = np.array([1.0])
    >>> point, evaluations = strong_wolfe(square, w, np.array([-2.0]), *square(w))
    >>> point.t, point.value, evaluations
    (0.5, 0.0, 2)
    """
    search = _Search(function, w, direction, c1, c2, max_evaluations, Point(0.0, value, gradient @ direction, gradient))
    if search.start.slope >= 0:
        raise ValueError(f"direction must point downhill, but the slope along it is {search.start.slope:.3g}")
    return search.run(first), search.evaluations


class _Search:
    def __init__(
        self, function: Function, w: np.ndarray, direction: np.ndarray, c1: float, c2: float, budget: int, start: Point
    ) -> None:
        self.function, self.w, self.direction = function, w, direction
        self.c1, self.c2, self.budget, self.start = c1, c2, budget, start
        self.evaluations = 0
        self.lowest: Point | None = None  # the lowest point below the start
        self.rounding = 4 * float(np.finfo(start.gradient.dtype).eps) * abs(start.value)

    def at(self, t: float) -> Point:
        self.evaluations += 1
        value, gradient = self.function(self.w + t * self.direction)
        point = Point(t, float(value), float(gradient @ self.direction), gradient)
        if value < (self.lowest or self.start).value:
            self.lowest = point
        return point

    def too_high(self, point: Point) -> bool:
        bound = self.start.value + self.c1 * point.t * self.start.slope + self.rounding
        return not point.value <= bound  # NaN is too high as well

    def flat(self, point: Point) -> bool:
        return abs(point.slope) <= -self.c2 * self.start.slope

    def run(self, t: float) -> Point | None:
        """Lengthen the step until a good one lies in between, then close in on it."""
        previous = self.start
        while self.evaluations < self.budget:
            point = self.at(t)
            if self.too_high(point) or (previous.t > 0 and point.value >= previous.value):
                return self.zoom(previous, point)
            if self.flat(point):
                return point
            if point.slope >= 0:
                return self.zoom(point, previous)
            previous, t = point, 2 * t
        return self.lowest

    def zoom(self, low: Point, high: Point) -> Point | None:
        """Close in: `low` is the better end of an interval that holds a good point."""
        while self.evaluations < self.budget and abs(high.t - low.t) > 1e-12 * abs(high.t):
            point = self.at(_between(low, high))
            if self.too_high(point) or point.value >= low.value:
                high = point
                continue
            if self.flat(point):
                return point
            if point.slope * (high.t - low.t) >= 0:
                high = low
            low = point
        return self.lowest


def _between(low: Point, high: Point) -> float:
    """Return the minimum of the cubic through both ends, kept a tenth of the interval away from them."""
    width = high.t - low.t
    t = low.t + width / 2
    if np.isfinite(high.value) and np.isfinite(high.slope):
        d1 = low.slope + high.slope - 3 * (high.value - low.value) / width
        square = d1**2 - low.slope * high.slope
        if square >= 0:
            d2 = np.sign(width) * np.sqrt(square)
            bottom = high.slope - low.slope + 2 * d2
            t = high.t - width * (high.slope + d2 - d1) / bottom if bottom else t
    inner, outer = sorted((low.t + 0.1 * width, high.t - 0.1 * width))
    return float(np.clip(t, inner, outer))
