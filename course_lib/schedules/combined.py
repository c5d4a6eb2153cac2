"""Schedules made from schedules: a ramp before one, and one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from course_lib.schedules.base import Rate, Schedule, check_boundaries, check_schedule
from course_lib.validation import check_number


@dataclass(frozen=True)
class LinearWarmup(Schedule):
    """A straight ramp up to the first rate of another schedule, then that schedule from its step 0.

    Parameters
    ----------
    schedule : callable
        What comes after the ramp.
    steps : int
        Length of the ramp, at least 1.
    start : float
        The rate at step 0.

    Examples
    --------
    >>> from course_lib.schedules import ExponentialDecay
    >>> rate = LinearWarmup(ExponentialDecay(0.1, 10, 0.5), steps=4)
    >>> [round(rate(k), 3) for k in (0, 1, 2, 4, 14)]
    [0.0, 0.025, 0.05, 0.1, 0.05]
    """

    schedule: Rate
    steps: int
    start: float = 0.0

    def __post_init__(self) -> None:
        check_schedule(self.schedule)
        check_number("steps", self.steps, 1)
        check_number("start", self.start, 0)

    def rate(self, step: float) -> float:
        """Return the rate on the ramp, or behind it."""
        if step >= self.steps:
            return self.schedule(step - self.steps)
        return self.start + (self.schedule(0) - self.start) * step / self.steps


@dataclass(frozen=True)
class Chain(Schedule):
    """One schedule after the other; each counts its steps from its own start (as ``optax.join_schedules``).

    Parameters
    ----------
    schedules : sequence of callables
    boundaries : sequence of int
        The steps at which the second, third, … schedule begins.

    Examples
    --------
    >>> from course_lib.schedules import LinearDecay
    >>> rate = Chain([lambda k: 0.1, LinearDecay(0.1, 10, final_fraction=0)], [5])
    >>> [rate(k) for k in (0, 5, 10)]
    [0.1, 0.1, 0.05]
    """

    schedules: Sequence[Rate]
    boundaries: Sequence[float]

    def __post_init__(self) -> None:
        if not self.schedules:
            raise ValueError("a chain needs at least one schedule")
        for schedule in self.schedules:
            check_schedule(schedule)
        check_boundaries(self.boundaries, len(self.schedules) - 1, "schedules")

    def rate(self, step: float) -> float:
        """Return the rate of the schedule whose turn it is."""
        turn = sum(step >= boundary for boundary in self.boundaries)
        return self.schedules[turn](step - (self.boundaries[turn - 1] if turn else 0))
