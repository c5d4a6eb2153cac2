"""What a metric is: it is fed batch by batch and then asked."""

from __future__ import annotations

from typing import Any

import numpy as np


class Metric:
    """Base class: sums over samples go in, one number comes out.

    A subclass writes `sums`, and `result` where it is not the mean.

    Examples
    --------
    >>> class WithinOne(Metric):  # the share of predictions that miss by at most 1
    ...     def sums(self, y, a):
    ...         return np.sum(np.abs(y - a) <= 1)
    >>> WithinOne()([1.0, 2.0, 3.0], [1.5, 2.0, 9.0])
    0.6666666666666666
    """

    name = ""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all samples."""
        self.total: Any = 0.0
        self.count = 0

    def sums(self, y: np.ndarray, a: np.ndarray) -> Any:
        """Return what these samples add to `total`: a number or an array."""
        raise NotImplementedError(f"{type(self).__name__} must define sums(y, a)")

    def update(self, y: Any, a: Any) -> None:
        """Take in a batch."""
        y, a = np.asarray(y), np.asarray(a)
        if len(y) != len(a):
            raise ValueError(f"there must be one target a sample, got {len(y)} targets and {len(a)} outputs")
        self.total = self.total + self.sums(y, a)
        self.count += len(y)

    def result(self) -> float:
        """Return the metric over all samples since the last `reset`; NaN if there were none."""
        return float(self.total) / self.count if self.count else float("nan")

    def __call__(self, y: Any, a: Any) -> float:
        """Return the metric of these samples alone."""
        self.reset()
        self.update(y, a)
        return self.result()
