"""What all schedules share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from course_lib.validation import check_number

Rate = Callable[[float], float]


def check_schedule(schedule: Rate) -> None:
    """Raise a TypeError unless the schedule can be called with a step."""
    if not callable(schedule):
        raise TypeError(f"a schedule is a callable that maps a step to a rate, got {schedule!r}")


def check_boundaries(boundaries: Sequence[float], needed: int, parts: str) -> None:
    """Raise a ValueError unless there are as many boundaries as needed, and they increase."""
    if len(boundaries) != needed:
        raise ValueError(f"{needed} boundaries belong to {needed + 1} {parts}, got {len(boundaries)}")
    if list(boundaries) != sorted(set(boundaries)):
        raise ValueError(f"boundaries must increase, got {list(boundaries)}")


@dataclass(frozen=True)
class Schedule:
    """What all schedules share: ``schedule(step)`` for step 0, 1, 2, … gives a float.

    To write one's own, derive a dataclass and define `rate`.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Halving(Schedule):
    ...     first: float
    ...     def rate(self, step):
    ...         return self.first / 2**step
    >>> Halving(0.8)(3)
    0.1
    """

    def __call__(self, step: float) -> float:
        """Return the learning rate of one step."""
        check_number("step", step, 0)
        return float(self.rate(step))

    def rate(self, step: float) -> float:
        """Return the learning rate of one step, which is known to be at least 0."""
        raise NotImplementedError


@dataclass(frozen=True)
class Decay(Schedule):
    """A schedule with a first rate and a number of steps that sets its pace."""

    initial_learning_rate: float
    decay_steps: float

    def __post_init__(self) -> None:
        check_number("initial_learning_rate", self.initial_learning_rate, 0)
        check_number("decay_steps", self.decay_steps, 0, open_low=True)
