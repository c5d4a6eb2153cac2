"""The slope of a line through a function, with an estimate of its own error, and the kinks it must not cross.

A numeric derivative that does not know how wrong it is needs a generous tolerance, and a generous tolerance
lets wrong gradients pass. So each slope is measured at two step sizes, whose difference bounds the truncation
error, and the rounding error follows from the size of the numbers and the step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

EPS = float(np.finfo(np.float64).eps)
STEPS = (1e-3, 1e-4, 1e-5, 1e-6)


class Slope(NamedTuple):
    """A measured derivative: how far off truncation and rounding may have put it, and whether it is one at all."""

    value: float
    truncation: float
    rounding: float
    smooth: bool

    @property
    def uncertainty(self) -> float:
        """The bound on both errors together."""
        return self.truncation + self.rounding

    def scaled(self, factor: float) -> Slope:
        """Return the slope along a line that is run through `factor` times as fast (factor > 0)."""
        return Slope(self.value * factor, self.truncation * factor, self.rounding * factor, self.smooth)


def measure_slope(phi: Callable[[float], float], magnitude: float) -> Slope:
    """Return the derivative of `phi` at 0 by fourth-order differences, with its uncertainty.

    Parameters
    ----------
    phi : callable
        float64 in, float64 out.
    magnitude : float
        Size of the numbers that `phi` adds up: it is known to about eps·magnitude.

    Returns
    -------
    Slope
        `smooth` is False if the slopes on both sides differ, or no step size gives an answer that a smaller
        step repeats. A kink near 0 makes the step smaller until it is out of the picture.

    Examples
    --------
    >>> slope = measure_slope(lambda t: np.sin(2 * t), 1.0)
    >>> bool(abs(slope.value - 2) < slope.uncertainty < 1e-10), slope.smooth
    (True, True)
    >>> measure_slope(abs, 1.0).smooth
    False
    """
    best = Slope(np.nan, np.inf, np.inf, False)
    for h in STEPS:
        with np.errstate(all="ignore"):  # a step may leave the domain; a smaller one stays inside
            slope = _measure(phi, h, magnitude)
        if slope.smooth and slope.uncertainty < best.uncertainty:
            best = slope
        if best.smooth and best.truncation <= max(best.rounding, 1e-9 * abs(best.value)):
            break  # a smaller step would only round more
    return best


def _measure(phi: Callable[[float], float], h: float, magnitude: float) -> Slope:
    at = {k: phi(k * h / 2) for k in (-4, -2, -1, 0, 1, 2, 4)}

    def central(k: int) -> float:  # step k·h/2, from k and 2k
        return (8 * (at[k] - at[-k]) - (at[2 * k] - at[-2 * k])) / (6 * k * h)

    def one_sided(k: int) -> float:  # three points on the side of the sign of k
        return (4 * at[k] - 3 * at[0] - at[2 * k]) / (k * h)

    rounding = 10 * EPS * max(magnitude, max(abs(value) for value in at.values())) / h
    fine, coarse = central(1), central(2)
    truncation = abs(fine - coarse)
    # the slopes on both sides approach each other as the step shrinks, unless there is a kink at 0
    gap, wide_gap = abs(one_sided(1) - one_sided(-1)), abs(one_sided(2) - one_sided(-2))
    kink = gap > wide_gap / 2 and gap > 10 * rounding
    unsettled = truncation > 100 * rounding and truncation > 1e-4 * abs(fine)
    smooth = bool(np.isfinite(truncation)) and not kink and not unsettled
    return Slope(float(fine), float(truncation), float(rounding), smooth)
