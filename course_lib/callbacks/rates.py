"""Callbacks that change the learning rate between epochs."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable

from course_lib.callbacks.base import Callback, Logs, better, watched
from course_lib.schedules import ReduceOnPlateau
from course_lib.validation import check_number


class LearningRateScheduler(Callback):
    """Set the learning rate at the start of each epoch (a schedule given to the optimizer sets it at each step).

    Parameters
    ----------
    schedule
        Function of the epoch (from 0) and the rate so far, or of the epoch alone; returns the new rate.

    Examples
    --------
    >>> from course_lib.callbacks import Run
    >>> from course_lib.reference.optimizers import SGD
    >>> callback = LearningRateScheduler(lambda epoch, rate: rate / 2)
    >>> callback.run = Run(None, SGD(0.1), epochs=1, steps=1)
    >>> callback.on_epoch_begin(0)
    >>> callback.run.optimizer.learning_rate
    0.05
    """

    def __init__(self, schedule: Callable[..., float]) -> None:
        self.schedule = schedule

    def on_epoch_begin(self, epoch: int) -> None:
        """Ask for the rate of this epoch."""
        rate = constant_rate(self, self.run.optimizer.learning_rate)
        arguments = (epoch, rate) if len(inspect.signature(self.schedule).parameters) > 1 else (epoch,)
        rate = self.schedule(*arguments)
        self.run.optimizer.learning_rate = check_number("learning_rate", rate, 0)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write the rate into the logs."""
        logs["learning_rate"] = self.run.optimizer.learning_rate


class ReduceLROnPlateau(Callback):
    """Multiply the learning rate by `factor` when a number has not improved for `patience` epochs.

    The rule is that of `course_lib.schedules.ReduceOnPlateau`, which says who differs.

    Parameters
    ----------
    monitor, mode
        Name in the logs; "min", "max", or "auto" by the name.
    factor, patience, min_delta, cooldown, min_lr
        As in `ReduceOnPlateau`.

    Examples
    --------
    >>> from course_lib.callbacks import Run
    >>> from course_lib.reference.optimizers import SGD
    >>> callback = ReduceLROnPlateau("loss", factor=0.5, patience=1)
    >>> callback.run = Run(None, SGD(0.1), epochs=3, steps=1)
    >>> callback.on_train_begin()
    >>> for epoch, loss in enumerate([1.0, 1.0, 1.0]):
    ...     callback.on_epoch_end(epoch, {"loss": loss})
    >>> callback.run.optimizer.learning_rate
    0.025
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        self.monitor = monitor
        self.sign = better(monitor, mode)
        self.options = dict(factor=factor, patience=patience, min_delta=min_delta, cooldown=cooldown, min_lr=min_lr)
        ReduceOnPlateau(math.inf, **self.options)  # type: ignore[arg-type]  # a wrong option is reported here

    def on_train_begin(self) -> None:
        """Start from the optimizer's rate."""
        rate = constant_rate(self, self.run.optimizer.learning_rate)
        self.plateau = ReduceOnPlateau(rate, **self.options)  # type: ignore[arg-type]

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Show the newest value to the rule and take over its rate."""
        value = watched(logs, self.monitor, "ReduceLROnPlateau")
        self.plateau.learning_rate = self.run.optimizer.learning_rate
        self.run.optimizer.learning_rate = self.plateau.update(-self.sign * value)
        logs["learning_rate"] = self.run.optimizer.learning_rate


def constant_rate(callback: Callback, rate: float | Callable[[int], float]) -> float:
    """Return `rate` if it is a number; a schedule and a callback cannot both set it."""
    if callable(rate):
        raise ValueError(
            f"{type(callback).__name__} sets the learning rate, but the optimizer has the schedule {rate!r}: "
            "give the optimizer a number, or leave the callback out"
        )
    return rate
