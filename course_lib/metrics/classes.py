"""Metrics for classes that count: accuracy, precision, recall."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.metrics.base import Metric
from course_lib.validation import check_count, check_labels, check_number


class Accuracy(Metric):
    """Share of samples whose predicted class is right.

    Parameters
    ----------
    threshold
        With a single output: class 1 is predicted above it; 0.5 for probabilities, 0 for logits.

    Examples
    --------
    >>> Accuracy()([0, 2], [[0.9, 0.1, 0.0], [0.2, 0.7, 0.1]])
    0.5
    >>> Accuracy()([0, 1], [[0.2], [0.8]])
    1.0
    """

    name = "accuracy"

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = check_number("threshold", threshold)
        super().__init__()

    def sums(self, y: np.ndarray, a: np.ndarray) -> int:
        """Return how many are right."""
        return int(np.count_nonzero(labels_of(y, a) == predicted_labels(a, self.threshold)))


class TopKAccuracy(Metric):
    """Share of samples whose class is among the k largest outputs.

    Examples
    --------
    >>> TopKAccuracy(2)([1], [[0.5, 0.3, 0.2]])
    1.0
    """

    name = "top_k_accuracy"

    def __init__(self, k: int = 5) -> None:
        self.k = check_count("k", k, 1)
        super().__init__()

    def sums(self, y: np.ndarray, a: np.ndarray) -> int:
        """Return for how many samples fewer than k outputs exceed that of the true class."""
        if a.ndim != 2:
            raise ValueError(f"outputs must have shape (n, k), one column a class, got {a.shape}")
        own = np.take_along_axis(a, labels_of(y, a).astype(int)[:, None], axis=1)
        return int(np.count_nonzero((a > own).sum(axis=1) < self.k))


class _Counts(Metric):
    """Base of the metrics of a detector: true positives, predicted positives, positives."""

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = check_number("threshold", threshold)
        super().__init__()

    def sums(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return the three counts of class 1."""
        true, said = labels_of(y, a) == 1, predicted_labels(a, self.threshold) == 1
        return np.array([(true & said).sum(), said.sum(), true.sum()], float)

    def share(self, hits: float, said: float, true: float) -> float:
        """Return the metric from the three counts."""
        raise NotImplementedError(f"{type(self).__name__} must define share(hits, said, true)")

    def result(self) -> float:
        """Return the metric over all samples since the last `reset`; NaN if there were none."""
        return float(self.share(*self.total)) if self.count else float("nan")


class Precision(_Counts):
    """Share of the predicted positives that are positive; 0 where nothing was predicted positive.

    Examples
    --------
    >>> Precision()([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.1])
    0.6666666666666666
    """

    name = "precision"

    def share(self, hits: float, said: float, true: float) -> float:
        """Return TP / (TP + FP)."""
        return hits / said if said else 0.0


class Recall(_Counts):
    """Share of the positives that were found; 0 where there are none.

    Examples
    --------
    >>> Recall()([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.1])
    0.6666666666666666
    """

    name = "recall"

    def share(self, hits: float, said: float, true: float) -> float:
        """Return TP / (TP + FN)."""
        return hits / true if true else 0.0


class F1(_Counts):
    """Harmonic mean of precision and recall.

    Examples
    --------
    >>> F1()([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.1])
    0.6666666666666666
    """

    name = "f1"

    def share(self, hits: float, said: float, true: float) -> float:
        """Return 2 TP / (2 TP + FP + FN)."""
        return 2 * hits / (said + true) if said + true else 0.0


def true_labels(y: np.ndarray) -> np.ndarray:
    """Return labels (n,) from labels (n,), a column (n, 1) or one-hot rows (n, k).

    Examples
    --------
    >>> true_labels(np.array([[0, 1], [1, 0]]))
    array([1, 0])
    """
    if y.ndim == 2 and y.shape[1] > 1:
        return y.argmax(axis=1)
    return y.reshape(len(y))


def labels_of(y: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Return the labels (n,) in `y` if each of them names a column of the outputs `a` (n, k), k > 1.

    Examples
    --------
    >>> labels_of(np.array([0, 2]), np.ones((2, 2)))
    Traceback (most recent call last):
    ...
    ValueError: labels must lie in 0..1 (2 outputs), got 2 at row 1
    """
    labels = true_labels(y)
    if y.ndim == 2 and y.shape[1] > 1:
        if y.shape != a.shape:
            raise ValueError(f"one-hot targets and outputs must have one shape, got y {y.shape} and a {a.shape}")
        return labels
    classes = a.shape[1] if a.ndim == 2 and a.shape[1] > 1 else 0  # a single output may have labels -1 and 1
    if classes and labels.size and (labels.min() < 0 or labels.max() >= classes):
        row = int(np.argmax((labels < 0) | (labels >= classes)))
        raise ValueError(f"labels must lie in 0..{classes - 1} ({classes} outputs), got {labels[row]} at row {row}")
    return labels


def predicted_labels(a: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """Return the class (n,) of each row of outputs: the largest, or a single output's side of `threshold`.

    Examples
    --------
    >>> predicted_labels(np.array([[0.1, 0.9], [0.8, 0.2]])), predicted_labels(np.array([0.4, 0.6]))
    (array([1, 0]), array([0, 1]))
    """
    if a.ndim == 2 and a.shape[1] > 1:
        return a.argmax(axis=1)
    return (a.reshape(len(a)) > threshold).astype(int)


def confusion_matrix(y: Any, labels: Any, classes: int) -> np.ndarray:
    """Return how often class i (row) was predicted as class j (column), from true and predicted labels (n,).

    Examples
    --------
    >>> confusion_matrix([0, 0, 1], [0, 1, 1], 2)
    array([[1, 1],
           [0, 1]])
    """
    y, labels = check_labels(y, classes), check_labels(labels, classes)
    return np.bincount(y * classes + labels, minlength=classes**2).reshape(classes, classes)
