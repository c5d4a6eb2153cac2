"""Callbacks that end a run: EarlyStopping and TerminateOnNaN."""

from __future__ import annotations

import math
from typing import Any

from course_lib.callbacks.base import Callback, Logs, better, watched
from course_lib.validation import check_count, check_number


class EarlyStopping(Callback):
    """Stop when a number has not improved for `patience` epochs in a row, and go back to the best weights.

    An epoch improves if its value is better than the best so far by more than `min_delta`; NaN never improves.

    | who | weights at the end |
    |---|---|
    | here (`restore_best_weights=True`) | the best epoch's, also when the run was not stopped early |
    | Keras (default) | the last epoch's |

    Parameters
    ----------
    monitor
        Name in the logs.
    min_delta
        Smallest improvement that counts, >= 0.
    patience
        Epochs in a row without improvement after which the run stops, >= 1.
    mode
        "min", "max", or "auto" by the name.
    baseline
        Value that has to be beaten from the start, or None.
    restore_best_weights
        Whether to end with the weights of the best epoch.
    start_from_epoch
        Epochs before this one are not looked at.

    Attributes
    ----------
    best, best_epoch, stopped_epoch
        Best value and its epoch; the epoch after which the run was stopped, or None.

    Examples
    --------
    >>> from course_lib.callbacks import Run
    >>> stopping = EarlyStopping("loss", patience=2, restore_best_weights=False)
    >>> stopping.run = Run(None, None, epochs=9, steps=1)
    >>> stopping.on_train_begin()
    >>> for epoch, loss in enumerate([3.0, 2.0, 2.5, 2.1]):
    ...     stopping.on_epoch_end(epoch, {"loss": loss})
    >>> stopping.best_epoch, stopping.stopped_epoch
    (1, 3)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 1,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = True,
        start_from_epoch: int = 0,
    ) -> None:
        self.monitor = monitor
        self.min_delta = check_number("min_delta", min_delta, 0)
        self.patience = check_count("patience", patience, 1)
        self.sign = better(monitor, mode)
        self.baseline = None if baseline is None else check_number("baseline", baseline)
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = check_count("start_from_epoch", start_from_epoch, 0)

    def on_train_begin(self) -> None:
        """Start from scratch: one callback may serve several runs."""
        self.best = -self.sign * math.inf if self.baseline is None else self.baseline
        self.best_epoch: int | None = None
        self.stopped_epoch: int | None = None
        self.best_weights: Any = None
        self.waited = 0

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Take note of an improvement, or lose patience."""
        if epoch < self.start_from_epoch:
            return
        value = watched(logs, self.monitor, "EarlyStopping")
        if self.sign * (value - self.best) > self.min_delta:
            self.best, self.best_epoch, self.waited = value, epoch, 0
            if self.restore_best_weights:
                self.best_weights = self.run.model.get_weights()
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.stopped_epoch = epoch
            self.run.stop(f"{self.monitor} has not improved for {self.patience} epochs; best {self.best:.4g}")

    def on_train_end(self) -> None:
        """Go back to the best weights."""
        if self.best_weights is not None:
            self.run.model.set_weights(self.best_weights)


class TerminateOnNaN(Callback):
    """Stop at the first batch whose loss is NaN or infinite.

    Examples
    --------
    >>> from course_lib.callbacks import Run
    >>> callback = TerminateOnNaN()
    >>> callback.run = Run(None, None, epochs=9, steps=100)
    >>> callback.on_batch_end(17, {"loss": float("nan")})
    >>> callback.run.stopped
    'the loss of batch 17 is nan'
    """

    wants_batch_loss = True

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Look at the loss of the batch."""
        if not math.isfinite(logs["loss"]):
            self.run.stop(f"the loss of batch {batch} is {logs['loss']}")
