"""What a callback is: an object that `fit` calls at fixed moments of a training run."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from course_lib.validation import unknown_name

Logs = dict[str, float]
T = TypeVar("T")


@dataclass
class Run:
    """A training run, as a callback sees it: what is trained, how long, and the brake.

    Attributes
    ----------
    model, optimizer
        The model and the optimizer of this run; both may be changed.
    epochs, steps
        Planned number of epochs; batches an epoch.
    stopped
        Why the run was stopped, or None while it goes on.

    Examples
    --------
    >>> run = Run(model=None, optimizer=None, epochs=5, steps=10)
    >>> run.stop("the loss is not finite")
    >>> run.stopped
    'the loss is not finite'
    """

    model: Any
    optimizer: Any
    epochs: int
    steps: int
    stopped: str | None = None

    def stop(self, reason: str) -> None:
        """End the run after the batch or epoch at hand."""
        self.stopped = reason


class Callback:
    """Base class of all callbacks: override the moments you need.

    `fit` sets `run` before it starts. `logs` hold the numbers so far: at the end of an epoch "loss", metrics and their
    "val_" twins; what a callback adds to them, the callbacks after it and the history see too. At the end of a batch
    `logs` hold that batch's "loss", for callbacks with `wants_batch_loss` only: it costs a pass over the outputs.

    Examples
    --------
    A callback of your own:

    >>> class Announce(Callback):
    ...     def on_epoch_end(self, epoch, logs):
    ...         print(f"epoch {epoch}: loss {logs['loss']:.2f}")
    ...         if logs["loss"] < 0.1:
    ...             self.run.stop("good enough")
    >>> announce = Announce()
    >>> announce.run = Run(model=None, optimizer=None, epochs=5, steps=10)
    >>> announce.on_epoch_end(2, {"loss": 0.05})
    epoch 2: loss 0.05
    >>> announce.run.stopped
    'good enough'
    """

    run: Run
    wants_batch_loss = False

    def on_train_begin(self) -> None:
        """Before the first epoch."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Before epoch `epoch`, from 0."""

    def on_batch_begin(self, batch: int) -> None:
        """Before batch `batch` of the epoch, from 0."""

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """After the step on that batch."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """After the epoch and its validation."""

    def on_train_end(self) -> None:
        """After the last epoch, also when a callback or an interrupt ended the run."""


MOMENTS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class LambdaCallback(Callback):
    """A callback out of functions, for something small.

    Parameters
    ----------
    **moments
        Functions by moment, with the arguments of the method of that name in `Callback`.

    Examples
    --------
    >>> seen = []
    >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["loss"]))
    >>> callback.on_epoch_end(0, {"loss": 1.5})
    >>> seen
    [1.5]
    """

    def __init__(self, **moments: Callable[..., Any]) -> None:
        for name, function in moments.items():
            if name not in MOMENTS:
                raise unknown_name("moment", name, MOMENTS)
            setattr(self, name, function)
        self.wants_batch_loss = "on_batch_end" in moments


def better(monitor: str, mode: str = "auto") -> int:
    """Return −1 if smaller values of `monitor` are better, +1 if larger ones are.

    `mode` is "min", "max" or "auto", which knows that accuracies, areas, precision, recall, F1 and R² go up.

    Examples
    --------
    >>> better("val_loss"), better("val_accuracy"), better("score", "max")
    (-1, 1, 1)
    """
    if mode not in ("auto", "min", "max"):
        raise ValueError(f"mode must be 'auto', 'min' or 'max', got {mode!r}")
    if mode == "auto":
        rising = ("accuracy", "auc", "precision", "recall", "f1", "r2")
        return 1 if monitor.endswith(rising) else -1
    return 1 if mode == "max" else -1


def watched(logs: Mapping[str, T], monitor: str, who: str) -> T:
    """Return `logs[monitor]`, or say what there is to be monitored."""
    if monitor not in logs:
        near = difflib.get_close_matches(monitor, logs, n=1, cutoff=0.75)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        if monitor.startswith("val_") and not any(name.startswith("val_") for name in logs):
            hint = ": give fit validation_data or validation_split"
        raise ValueError(f"{who} monitors {monitor!r}, but this run has {', '.join(logs)}{hint}")
    return logs[monitor]
