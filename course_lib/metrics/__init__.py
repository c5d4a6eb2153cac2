"""Metrics: what one reads off a trained network, as opposed to the loss it is trained on.

A metric is fed batch by batch (`update`) and then asked (`result`), so that the number is that of the whole epoch and
not a mean of batch means; called like a function it does both. `y` are targets, `a` outputs: probabilities or
logits (n, k) with labels (n,) or one-hot rows (n, k); one output (n,) or (n, 1) for two classes or regression.
"""

from __future__ import annotations

from collections.abc import Iterable

from course_lib.metrics.base import Metric
from course_lib.metrics.classes import (
    F1,
    Accuracy,
    Precision,
    Recall,
    TopKAccuracy,
    confusion_matrix,
    predicted_labels,
    true_labels,
)
from course_lib.metrics.values import AUC, R2, MeanLoss
from course_lib.reference.losses import LOSSES, Loss
from course_lib.validation import unknown_name

__all__ = [
    "AUC",
    "F1",
    "METRICS",
    "R2",
    "Accuracy",
    "MeanLoss",
    "Metric",
    "Precision",
    "Recall",
    "TopKAccuracy",
    "confusion_matrix",
    "get_metric",
    "get_metrics",
    "predicted_labels",
    "true_labels",
]

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


def get_metrics(names: Iterable[str | Metric], loss: Loss | None = None) -> list[Metric]:
    """Return a metric for each of the `names`, as `get_metric` does.

    Examples
    --------
    >>> [metric.name for metric in get_metrics(["accuracy", "auc"])]
    ['accuracy', 'auc']
    """
    if isinstance(names, (str, Metric)):
        raise TypeError(f"metrics must be a list, got {names!r}: write [{names!r}]")
    return [get_metric(name, loss) for name in names]
