"""Schedules that go down: linear, exponential, step, fractional, piecewise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from course_lib.schedules.base import Decay, Schedule, check_boundaries
from course_lib.validation import check_number


@dataclass(frozen=True)
class LinearDecay(Decay):
    r"""Straight down to a fraction of the first rate at step τ, then constant.

    .. math:: ε_k = (1 − k/τ) ε_0 + (k/τ) ε_τ, \qquad ε_τ = f ε_0, \qquad ε_k = ε_τ \text{ for } k ≥ τ

    Parameters
    ----------
    initial_learning_rate : float
        ε₀.
    decay_steps : float
        τ.
    final_fraction : float
        f; 1 % as in Computing Lab II (deck B). USC EE599 (deck C) decays to 0: ``final_fraction=0``.

    Examples
    --------
    >>> LinearDecay(1.0, 100)(50)
    0.505
    """

    final_fraction: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("final_fraction", self.final_fraction, 0)

    def rate(self, step: float) -> float:
        """Return ε at step k."""
        done = min(step / self.decay_steps, 1.0)
        return self.initial_learning_rate * ((1 - done) + done * self.final_fraction)


@dataclass(frozen=True)
class ExponentialDecay(Decay):
    """Multiply by `decay_rate` every `decay_steps` steps: η_k = η₀ ρ^(k/P).

    Parameters
    ----------
    initial_learning_rate : float
        η₀.
    decay_steps : float
        P.
    decay_rate : float
        ρ in (0, 1].
    staircase : bool
        True: only at multiples of P, η₀ ρ^⌊k/P⌋, the *step* decay of USC EE599 (deck C).

    Examples
    --------
    >>> ExponentialDecay(1.0, 10, 0.5)(20), ExponentialDecay(1.0, 10, 0.5, staircase=True)(19)
    (0.25, 0.5)
    """

    decay_rate: float
    staircase: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("decay_rate", self.decay_rate, 0, 1, open_low=True)

    def rate(self, step: float) -> float:
        """Return η at step k."""
        return self.initial_learning_rate * self.decay_rate ** _periods(self, step)


@dataclass(frozen=True)
class InverseTimeDecay(Decay):
    """The *fractional* decay of deck C: η_k = η₀ / (1 + κk/P).

    Ση = ∞ and Ση² < ∞: the schedule with which stochastic gradient descent provably converges (Robbins and
    Monro, 1951). The exponential decay stops short, since its rates have a finite sum.

    Parameters
    ----------
    initial_learning_rate : float
        η₀.
    decay_steps : float
        P.
    decay_rate : float
        κ > 0.
    staircase : bool
        Use ⌊k/P⌋ for k/P.

    Examples
    --------
    >>> InverseTimeDecay(1.0, 1, 0.5)(2)
    0.5
    """

    decay_rate: float
    staircase: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("decay_rate", self.decay_rate, 0, open_low=True)

    def rate(self, step: float) -> float:
        """Return η at step k."""
        return self.initial_learning_rate / (1 + self.decay_rate * _periods(self, step))


def _periods(decay: ExponentialDecay | InverseTimeDecay, step: float) -> float:
    periods = step / decay.decay_steps
    return math.floor(periods) if decay.staircase else periods


@dataclass(frozen=True)
class PiecewiseConstantDecay(Schedule):
    """A list of rates: `values[i]` up to and including step `boundaries[i]`, the last value after the last.

    Examples
    --------
    >>> rate = PiecewiseConstantDecay([10, 20], [1.0, 0.2, 0.04])
    >>> rate(10), rate(11), rate(21)
    (1.0, 0.2, 0.04)
    """

    boundaries: Sequence[float]
    values: Sequence[float]

    def __post_init__(self) -> None:
        check_boundaries(self.boundaries, len(self.values) - 1, "values")
        for i, value in enumerate(self.values):
            check_number(f"values[{i}]", value, 0)

    def rate(self, step: float) -> float:
        """Return the value of the piece that holds the step."""
        return self.values[sum(step > boundary for boundary in self.boundaries)]
