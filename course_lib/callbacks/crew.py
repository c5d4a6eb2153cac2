"""All callbacks of a run, told of each moment."""

from __future__ import annotations

from typing import Any

from course_lib.callbacks.base import MOMENTS, Callback, Run


class Crew:
    """All callbacks of a run; only those are called that override a moment.

    Examples
    --------
    >>> from course_lib.callbacks import LambdaCallback
    >>> crew = Crew([LambdaCallback(on_epoch_begin=lambda epoch: print("epoch", epoch))], Run(None, None, 1, 1))
    >>> crew.tell("on_train_begin")
    >>> crew.tell("on_epoch_begin", 0)
    epoch 0
    """

    def __init__(self, callbacks: list[Callback], run: Run) -> None:
        self.run = run
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks must be Callback objects, got {callback!r}")
            callback.run = run
        self.wants_batch_loss = any(callback.wants_batch_loss for callback in callbacks)
        self.listeners = {
            moment: [
                getattr(callback, moment)
                for callback in callbacks
                if moment in vars(callback) or getattr(type(callback), moment) is not getattr(Callback, moment)
            ]
            for moment in MOMENTS
        }
        self.watches_batches = bool(self.listeners["on_batch_begin"] or self.listeners["on_batch_end"])

    def tell(self, moment: str, *arguments: Any) -> None:
        """Call that moment's method of every callback that has one of its own."""
        for listener in self.listeners[moment]:
            listener(*arguments)
