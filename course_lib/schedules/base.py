"""What all schedules share."""

from collections.abc import Callable
from dataclasses import dataclass

Rate = Callable[[float], float]


def require(holds: bool, rule: str, value: object) -> None:
    """Raise a ValueError that states the rule and the value that broke it."""
    if not holds:
        raise ValueError(f"{rule}, got {value!r}")


@dataclass(frozen=True)
class Schedule:
    """What all schedules share: ``schedule(step)`` for step 0, 1, 2, … gives a float.

    To write one's own, derive a dataclass and define `rate`.
    """

    def __call__(self, step: float) -> float:
        """Return the learning rate of one step."""
        require(step >= 0, "step must not be negative (steps count from 0)", step)
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
        require(
            self.initial_learning_rate > 0,
            "initial_learning_rate must be positive",
            self.initial_learning_rate,
        )
        require(self.decay_steps > 0, "decay_steps must be positive", self.decay_steps)
