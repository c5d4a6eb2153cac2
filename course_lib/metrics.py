"""Metrics: what one reads off a trained network, as opposed to the loss it is trained on.

A metric is fed batch by batch (`update`) and then asked (`result`), so that the number is that of the whole epoch and
not a mean of batch means; called like a function it does both. `y` are targets, `a` outputs: probabilities or
logits (n, k) with labels (n,) or one-hot rows (n, k); one output (n,) or (n, 1) for two classes or regression.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.reference.losses import LOSSES, Loss, get_loss
from course_lib.validation import check_labels, check_number, unknown_name


class Metric:
    """Base class: sums over samples go in, one number comes out.

    A subclass writes `sums`, and `result` where it is not the mean.
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
        return int(np.count_nonzero(true_labels(y) == predicted_labels(a, self.threshold)))


class TopKAccuracy(Metric):
    """Share of samples whose class is among the k largest outputs.

    Examples
    --------
    >>> TopKAccuracy(2)([1], [[0.5, 0.3, 0.2]])
    1.0
    """

    name = "top_k_accuracy"

    def __init__(self, k: int = 5) -> None:
        self.k = int(check_number("k", k, 1))
        super().__init__()

    def sums(self, y: np.ndarray, a: np.ndarray) -> int:
        """Return for how many samples fewer than k outputs exceed that of the true class."""
        own = np.take_along_axis(a, true_labels(y)[:, None], axis=1)
        return int(np.count_nonzero((a > own).sum(axis=1) < self.k))


class _Counts(Metric):
    """Base of the metrics of a detector: true positives, predicted positives, positives."""

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = check_number("threshold", threshold)
        super().__init__()

    def sums(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return the three counts of class 1."""
        true, said = true_labels(y) == 1, predicted_labels(a, self.threshold) == 1
        return np.array([(true & said).sum(), said.sum(), true.sum()], float)


class Precision(_Counts):
    """Share of the predicted positives that are positive; 0 where nothing was predicted positive.

    Examples
    --------
    >>> Precision()([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.1])
    0.6666666666666666
    """

    name = "precision"

    def result(self) -> float:
        """Return TP / (TP + FP)."""
        hits, said, _ = self.total
        return float(hits / said) if said else 0.0


class Recall(_Counts):
    """Share of the positives that were found; 0 where there are none.

    Examples
    --------
    >>> Recall()([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.1])
    0.6666666666666666
    """

    name = "recall"

    def result(self) -> float:
        """Return TP / (TP + FN)."""
        hits, _, true = self.total
        return float(hits / true) if true else 0.0


class F1(_Counts):
    """Harmonic mean of precision and recall.

    Examples
    --------
    >>> F1()([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.1])
    0.6666666666666666
    """

    name = "f1"

    def result(self) -> float:
        """Return 2 TP / (2 TP + FP + FN)."""
        hits, said, true = self.total
        return float(2 * hits / (said + true)) if said + true else 0.0


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
        y = y.reshape(a.shape).astype(float)
        if not self.count:
            self.center = y.flat[0] if y.size else 0.0
        z = y - self.center
        return np.array([((y - a) ** 2).sum(), (z**2).sum(), z.sum(), z.size])

    def result(self) -> float:
        """Return 1 − Σ(y−a)²/Σ(y−ȳ)²; NaN where y does not vary."""
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


METRICS: dict[str, type[Metric]] = {
    kind.name: kind for kind in (Accuracy, TopKAccuracy, Precision, Recall, F1, AUC, R2)
}


def get_metric(name: str | Metric, loss: Loss | None = None) -> Metric:
    """Return `name` if it is a metric, else a fresh one of that name; the name of a loss will do too.

    With a `loss` that takes logits, the threshold for a single output is 0 instead of 0.5.

    Examples
    --------
    >>> get_metric("accuracy").name, get_metric("mse").name
    ('accuracy', 'mean_squared_error')
    >>> get_metric("acuracy")                             # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: unknown metric 'acuracy'; did you mean 'accuracy'? Known: accuracy, auc, ...
    """
    if isinstance(name, Metric):
        return name
    if name in METRICS:
        metric = METRICS[name]()
        if hasattr(metric, "threshold") and getattr(loss, "from_logits", False):
            metric.threshold = 0.0
        return metric
    if isinstance(name, Loss) or name in LOSSES:
        return MeanLoss(name)
    raise unknown_name("metric", name, [*METRICS, *LOSSES])


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
