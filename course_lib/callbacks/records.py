"""Callbacks that keep a record: History, CSVLogger, ModelCheckpoint, RemoteMonitor."""

from __future__ import annotations

import csv
import json
import math
import urllib.request
from os import PathLike
from pathlib import Path
from typing import Any

from course_lib.callbacks.base import Callback, Logs, better, watched


class History(Callback):
    """The numbers of every epoch; `fit` always keeps one and returns it.

    Attributes
    ----------
    epoch
        The epochs' numbers.
    history
        Lists by name: "loss", "val_loss", metrics.
    stopped
        Why the run ended before its last epoch, or None.

    Examples
    --------
    >>> history = History()
    >>> history.on_epoch_end(0, {"loss": 2.0})
    >>> history.on_epoch_end(1, {"loss": 1.0})
    >>> history.history
    {'loss': [2.0, 1.0]}
    >>> history["loss"]
    [2.0, 1.0]
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}
        self.stopped: str | None = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Append the numbers; one that a callback adds late is NaN in the epochs before."""
        for name in {*logs, *self.history}:
            column = self.history.setdefault(name, [math.nan] * len(self.epoch))
            column.append(float(logs.get(name, math.nan)))
        self.history = {name: self.history[name] for name in [*logs, *(n for n in self.history if n not in logs)]}
        self.epoch.append(epoch)

    def on_train_end(self) -> None:
        """Take note of why the run ended."""
        self.stopped = self.run.stopped

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.history:
            raise KeyError(f"this run has no {name!r}, only {', '.join(self.history)}")
        return self.history[name]

    def best(self, monitor: str = "val_loss", mode: str = "auto") -> tuple[int, float]:
        """Return epoch and value of the best epoch by `monitor`."""
        if not self.epoch:
            raise ValueError("no epoch is the best: the history has none yet")
        values = [better(monitor, mode) * value for value in watched(self.history, monitor, "History.best")]
        place = max(range(len(values)), key=lambda i: -math.inf if math.isnan(values[i]) else values[i])
        return self.epoch[place], self.history[monitor][place]

    def to_frame(self) -> Any:
        """Return a pandas DataFrame, one row an epoch (needs pandas)."""
        import pandas as pd

        return pd.DataFrame(self.history, index=pd.Index(self.epoch, name="epoch"))

    def plot(self, *names: str) -> Any:
        """Return figures of the curves, training beside validation: `course_lib.figures.network.draw_history`."""
        from course_lib.figures.network import draw_history

        return draw_history(self, *names)


class CSVLogger(Callback):
    """Stream the numbers of every epoch to a CSV file, one row an epoch, written at once.

    Parameters
    ----------
    path
        The file.
    append
        Whether to go on with a file that is there (a resumed run) instead of starting anew.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     logger = CSVLogger(Path(folder) / "run.csv")
    ...     logger.on_train_begin()
    ...     logger.on_epoch_end(0, {"loss": 2.0, "val_loss": 2.5})
    ...     logger.path.read_text().split()
    ['epoch,loss,val_loss', '0,2.0,2.5']
    """

    def __init__(self, path: str | PathLike[str], append: bool = False) -> None:
        self.path = Path(path)
        self.append = append

    def on_train_begin(self) -> None:
        """Open the file; the columns are known after the first epoch."""
        if not (self.append and self.path.exists()):
            self.path.write_text("")
        with self.path.open(newline="") as file:
            self.columns = next(csv.reader(file), [])

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Append a row."""
        with self.path.open("a", newline="") as file:
            writer = csv.writer(file)
            if not self.columns:
                self.columns = ["epoch", *logs]
                writer.writerow(self.columns)
            row = {"epoch": epoch, **logs}
            writer.writerow([row.get(name, "") for name in self.columns])


class ModelCheckpoint(Callback):
    """Save the model after every epoch, or only when it is the best so far.

    Parameters
    ----------
    path
        File name; may hold fields such as "{epoch:02d}-{val_loss:.2f}.npz".
    monitor, mode
        What "best" means, as in `EarlyStopping`.
    save_best_only
        Whether a worse epoch leaves the file alone.
    with_optimizer
        Whether the optimizer's state goes into the file, so that a run can be taken up again.

    Attributes
    ----------
    best, saved
        The best value so far; the last file written.

    Examples
    --------
    The second epoch is worse, so the file of the first stays:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from course_lib.callbacks import Run
    >>> from course_lib.reference.layers import Dense
    >>> from course_lib.reference.network import Network
    >>> with TemporaryDirectory() as folder:
    ...     checkpoint = ModelCheckpoint(Path(folder) / "{epoch}.npz", save_best_only=True)
    ...     checkpoint.run = Run(Network([Dense(1)], input_shape=2), optimizer=None, epochs=2, steps=1)
    ...     checkpoint.on_train_begin()
    ...     checkpoint.on_epoch_end(0, {"val_loss": 1.0})
    ...     checkpoint.on_epoch_end(1, {"val_loss": 1.5})
    ...     checkpoint.best, checkpoint.saved.name, checkpoint.saved.exists()
    (1.0, '0.npz', True)
    """

    def __init__(
        self,
        path: str | PathLike[str],
        monitor: str = "val_loss",
        mode: str = "auto",
        save_best_only: bool = False,
        with_optimizer: bool = False,
    ) -> None:
        self.path = str(path)
        self.monitor = monitor
        self.sign = better(monitor, mode)
        self.save_best_only = save_best_only
        self.with_optimizer = with_optimizer

    def on_train_begin(self) -> None:
        """Start from scratch."""
        self.best = -self.sign * math.inf
        self.saved: Path | None = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Save, if this epoch deserves it."""
        if self.save_best_only:
            value = watched(logs, self.monitor, "ModelCheckpoint")
            if not self.sign * (value - self.best) > 0:
                return
            self.best = value
        self.saved = Path(self.path.format(epoch=epoch, **logs))
        partial = self.saved.with_name(self.saved.name + ".partial")  # a killed run leaves the last file whole
        self.run.model.save(partial, *([self.run.optimizer] if self.with_optimizer else []))
        partial.replace(self.saved)


class RemoteMonitor(Callback):
    """Send the numbers of every epoch to a server, as JSON by HTTP POST: {"epoch": 3, "loss": 0.25, …}.

    A server that does not answer is reported once and does not end the run.

    Parameters
    ----------
    url
        Where to, http or https.
    timeout
        Seconds to wait for the answer.

    Examples
    --------
    >>> RemoteMonitor("localhost:8000")
    Traceback (most recent call last):
    ...
    ValueError: url must start with http:// or https://, got 'localhost:8000'
    """

    def __init__(self, url: str, timeout: float = 2.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"url must start with http:// or https://, got {url!r}")
        self.url = url
        self.timeout = timeout
        self.failed: str | None = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Send; after a failure stay silent."""
        if self.failed:
            return
        body = json.dumps({"epoch": epoch, **{name: float(value) for name, value in logs.items()}}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=self.timeout).close()
        except OSError as error:
            self.failed = str(error)
            print(f"RemoteMonitor: {self.url} does not answer ({error}); no more numbers are sent in this run")
