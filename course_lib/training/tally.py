"""From the outputs of many batches to the numbers of an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.callbacks import Logs
from course_lib.metrics import Metric
from course_lib.reference.losses import Loss
from course_lib.reference.memory import by_columns
from course_lib.training.model import Model

TALLY_ROWS = 8192  # outputs are looked at this many rows at a time: far cheaper than batch by batch


class Tally:
    """Outputs of many batches, turned into the mean loss and the metrics over all their samples.

    Examples
    --------
    >>> from course_lib.reference.layers import Dense
    >>> from course_lib.reference.losses import MeanSquaredError
    >>> from course_lib.reference.network import Network
    >>> network, y = Network([Dense(1)], input_shape=1), np.array([[1.0], [3.0], [5.0]])
    >>> tally = Tally(network, y, None, MeanSquaredError(), [])
    >>> tally.add(np.array([2, 0]), np.array([[5.0], [1.0]]))
    >>> tally.add(np.array([1]), np.array([[0.0]]))
    >>> tally.result(penalty=0.5)
    {'loss': 3.5}
    """

    def __init__(
        self, model: Model, y: np.ndarray, weights: np.ndarray | None, loss: Loss, metrics: list[Metric]
    ) -> None:
        self.model, self.y, self.weights, self.loss, self.metrics = model, y, weights, loss, metrics
        self.rows: list[np.ndarray] = []
        self.outputs: list[Any] = []
        self.waiting = self.count = 0
        self.total = 0.0
        for metric in metrics:
            metric.reset()

    def add(self, rows: np.ndarray, outputs: Any) -> None:
        """Take in the outputs of the samples `rows`."""
        self.rows.append(rows)
        self.outputs.append(outputs)
        self.waiting += len(rows)
        if self.waiting >= TALLY_ROWS:
            self.flush()

    def add_all(self, rows: np.ndarray, outputs: Any) -> None:
        """Take in the outputs of a whole epoch."""
        for start in range(0, len(rows), TALLY_ROWS):
            self.add(rows[start : start + TALLY_ROWS], outputs[start : start + TALLY_ROWS])

    def loss_of(self, rows: np.ndarray, outputs: np.ndarray) -> float:
        """Return the mean loss of these samples."""
        return self.loss(self.y[rows], outputs, None if self.weights is None else self.weights[rows])

    def flush(self) -> None:
        """Work out what has been taken in, and let go of it."""
        rows, outputs = np.concatenate(self.rows), by_columns(self.model.collect(self.outputs))
        self.total += self.loss_of(rows, outputs) * len(rows)
        for metric in self.metrics:
            metric.update(self.y[rows], outputs)
        self.count += len(rows)
        self.rows, self.outputs, self.waiting = [], [], 0

    def result(self, penalty: float) -> Logs:
        """Return the mean loss plus `penalty`, and the metrics."""
        if self.waiting:
            self.flush()
        return {"loss": self.total / self.count + penalty} | {m.name: m.result() for m in self.metrics}
