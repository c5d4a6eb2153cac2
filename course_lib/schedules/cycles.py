"""Schedules with waves: triangles, half a cosine, and the cosine with restarts."""

import math
from dataclasses import dataclass

from course_lib.schedules.base import Decay, Schedule
from course_lib.validation import check_number


@dataclass(frozen=True)
class Triangular(Schedule):
    """Up and down in straight lines between two rates (Smith, 2015): the cyclical schedule.

    Parameters
    ----------
    minimum, maximum : float
        The rates at steps 0, 2h, 4h, … and h, 3h, …
    half_period : float
        h, the steps of one way.
    decay : float
        The height of each triangle over that of the one before: 1, or ½ for Smith's *triangular2*.

    Examples
    --------
    >>> rate = Triangular(0.1, 0.5, half_period=4)
    >>> [round(rate(k), 1) for k in range(9)]
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.4, 0.3, 0.2, 0.1]
    """

    minimum: float
    maximum: float
    half_period: float
    decay: float = 1.0

    def __post_init__(self) -> None:
        check_number("minimum", self.minimum, 0)
        check_number("maximum", self.maximum, self.minimum)
        check_number("half_period", self.half_period, 0, open_low=True)
        check_number("decay", self.decay, 0)

    def rate(self, step: float) -> float:
        """Return the point of the triangle that belongs to the step."""
        cycle, within = divmod(step, 2 * self.half_period)
        height = 1 - abs(within / self.half_period - 1)
        return self.minimum + (self.maximum - self.minimum) * height * self.decay**cycle


@dataclass(frozen=True)
class CosineDecay(Decay):
    r"""Half a cosine from the first rate down to `alpha` times it, then constant.

    .. math:: η_k = η_0 \bigl(α + (1 − α)\tfrac12(1 + \cos(π \min(k/T, 1)))\bigr)

    Source: Loshchilov and Hutter, 2016.

    Examples
    --------
    >>> rate = CosineDecay(0.1, 100)
    >>> [round(rate(k), 3) for k in (0, 50, 100, 200)]
    [0.1, 0.05, 0.0, 0.0]
    """

    alpha: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("alpha", self.alpha, 0)

    def rate(self, step: float) -> float:
        """Return η at step k."""
        return self.initial_learning_rate * _half_cosine(min(step / self.decay_steps, 1.0), self.alpha, 1.0)


@dataclass(frozen=True)
class CosineDecayRestarts(Schedule):
    """Half a cosine, again and again: warm restarts, SGDR (Loshchilov and Hutter, 2016).

    Parameters
    ----------
    initial_learning_rate : float
        The rate at step 0 and, with ``m_mul=1``, at each restart.
    first_decay_steps : float
        The length T of the first period; the rate is back up at step T.
    t_mul : float
        The length of a period over that of the one before, at least 1 (shrinking periods would pile up).
    m_mul : float
        The height of a restart over that of the one before.
    alpha : float
        The floor, as a fraction of the initial rate.

    Examples
    --------
    >>> rate = CosineDecayRestarts(0.1, 10, t_mul=2)
    >>> [round(rate(k), 4) for k in (0, 5, 10, 20, 30)]
    [0.1, 0.05, 0.1, 0.05, 0.1]
    """

    initial_learning_rate: float
    first_decay_steps: float
    t_mul: float = 2.0
    m_mul: float = 1.0
    alpha: float = 0.0

    def __post_init__(self) -> None:
        check_number("initial_learning_rate", self.initial_learning_rate, 0)
        check_number("first_decay_steps", self.first_decay_steps, 0, open_low=True)
        check_number("t_mul", self.t_mul, 1)
        check_number("m_mul", self.m_mul, 0)
        check_number("alpha", self.alpha, 0)

    def rate(self, step: float) -> float:
        """Return η at step k, counted from the last restart."""
        period, height = self.first_decay_steps, 1.0
        if self.t_mul == 1:
            restarts, step = divmod(step, period)
            height = self.m_mul**restarts
        while step >= period:
            step, period, height = step - period, period * self.t_mul, height * self.m_mul
        return self.initial_learning_rate * _half_cosine(step / period, self.alpha, height)


def _half_cosine(done: float, alpha: float, height: float) -> float:
    return alpha + (1 - alpha) * height * (1 + math.cos(math.pi * done)) / 2
