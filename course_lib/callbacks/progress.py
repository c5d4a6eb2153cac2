"""The progress bar."""

from __future__ import annotations

from typing import Any

from course_lib.callbacks.base import Callback, Logs


class ProgbarLogger(Callback):
    """A tqdm progress bar over all batches of the run, with the newest numbers behind it; `fit(verbose=1)` adds one.

    Parameters
    ----------
    **options
        Passed to `tqdm`, such as `file` or `disable`.

    Examples
    --------
    >>> import io
    >>> from course_lib.callbacks import Run
    >>> bar = ProgbarLogger(file=io.StringIO())
    >>> bar.run = Run(model=None, optimizer=None, epochs=2, steps=10)
    >>> bar.on_train_begin()
    >>> bar.on_batch_end(0, {})
    >>> bar.bar.n, bar.bar.total
    (1, 20)
    >>> bar.on_train_end()
    """

    def __init__(self, **options: Any) -> None:
        self.options = options

    def on_train_begin(self) -> None:
        """Open the bar."""
        from tqdm.auto import tqdm

        self.bar = tqdm(total=self.run.epochs * self.run.steps, unit="batch", **self.options)

    def on_epoch_begin(self, epoch: int) -> None:
        """Say which epoch it is."""
        self.bar.set_description(f"epoch {epoch + 1}/{self.run.epochs}", refresh=False)

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Move on by one."""
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Show the numbers of the epoch."""
        self.bar.set_postfix({name: f"{value:.4g}" for name, value in logs.items()})

    def on_train_end(self) -> None:
        """Close the bar and say why the run was stopped, if it was."""
        if self.run.stopped:
            self.bar.write(f"stopped: {self.run.stopped}")
        self.bar.close()
