"""Metrics that look at the values of the outputs: area under the curve, R², any loss."""

from __future__ import annotations

import numpy as np

from course_lib.metrics.base import Metric
from course_lib.metrics.classes import true_labels
from course_lib.reference.losses import Loss, get_loss


class AUC(Metric):
    """Area under the ROC curve: the chance that a positive scores above a negative, ties counting one half.

    Exact: all scores are kept until `result` (Keras takes 200 thresholds instead).

    Examples
    --------
    >>> AUC()([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """

    name = "auc"

    def reset(self) -> None:
        """Forget all samples."""
        super().reset()
        self.seen: list[tuple[np.ndarray, np.ndarray]] = []

    def sums(self, y: np.ndarray, a: np.ndarray) -> float:
        """Keep labels and scores."""
        self.seen.append((true_labels(y), a[:, 1] if a.ndim == 2 and a.shape[1] == 2 else a.reshape(len(a))))
        return 0.0

    def result(self) -> float:
        """Return the share of pairs in the right order (Mann and Whitney, 1947); NaN with one class only."""
        if not self.count:
            return float("nan")
        y = np.concatenate([labels for labels, _ in self.seen]) == 1
        scores, place = np.unique(np.concatenate([scores for _, scores in self.seen]), return_inverse=True)
        positives = np.bincount(place, y, len(scores))
        negatives = np.bincount(place, ~y, len(scores))
        below = np.cumsum(negatives) - negatives
        pairs = positives.sum() * negatives.sum()
        return float((positives * (below + negatives / 2)).sum() / pairs) if pairs else float("nan")


class R2(Metric):
    """Share of the target's variance that is explained: 1 − Σ(y−a)²/Σ(y−ȳ)², over all outputs together.

    Examples
    --------
    >>> R2()([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]), R2()([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
    (1.0, 0.0)
    """

    name = "r2"

    def sums(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return Σ(y−a)², Σ(y−c)² and Σ(y−c) with c the first target, which keeps large offsets from cancelling."""
        if y.size != a.size:
            raise ValueError(f"targets and outputs must have one shape, got y {y.shape} and a {a.shape}")
        y = y.reshape(a.shape).astype(float)
        if not self.count:
            self.center = y.flat[0] if y.size else 0.0
        z = y - self.center
        return np.array([((y - a) ** 2).sum(), (z**2).sum(), z.sum(), z.size])

    def result(self) -> float:
        """Return 1 − Σ(y−a)²/Σ(y−ȳ)²; NaN where y does not vary, or without samples."""
        if not self.count:
            return float("nan")
        residual, squares, total, size = self.total
        variation = squares - total**2 / size
        return float(1 - residual / variation) if variation > 0 else float("nan")


class MeanLoss(Metric):
    """Any loss as a metric, under the loss' own name.

    Examples
    --------
    >>> metric = MeanLoss("mae")
    >>> metric.name, metric([1.0, 2.0], [1.0, 4.0])
    ('mean_absolute_error', 1.0)
    """

    def __init__(self, loss: str | Loss) -> None:
        self.loss = get_loss(loss)
        self.name = self.loss.name
        super().__init__()

    def sums(self, y: np.ndarray, a: np.ndarray) -> float:
        """Return the mean loss times the number of samples."""
        return self.loss(y, a) * len(y) if len(y) else 0.0
