"""What is checked and brought into shape before a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from course_lib.reference.losses import Loss, SparseCategoricalCrossentropy
from course_lib.training.model import Model
from course_lib.validation import check_count as check_count
from course_lib.validation import check_number


def check_pair(X: Any, y: Any, kind: str) -> tuple[Any, np.ndarray]:
    """Return samples and targets of one length, the targets finite."""
    X, y = (X if hasattr(X, "shape") else np.asarray(X)), np.asarray(y)
    if X.ndim < 2 or y.ndim < 1 or len(X) != len(y) or not len(y):
        raise ValueError(
            f"{kind}X (n, features) and y must have one row a sample and at least one sample, "
            f"got shapes {tuple(X.shape)} and {y.shape}"
        )
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError(f"{kind}y must be finite, got {y[~np.isfinite(y)][0]}: leave out samples without a target")
    return X, y


def check_validation_data(pair: Any) -> tuple[Any, np.ndarray]:
    """Return the samples and targets of `validation_data`."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValueError(f"validation_data must be a pair (X, y), got {_kind(pair)}")
    X, y = pair
    return check_pair(X, y, "validation ")


def _kind(value: Any) -> str:
    named = type(value).__name__
    return f"a {named} of {len(value)}" if isinstance(value, (tuple, list)) else f"a {named}"


def like_outputs(y: np.ndarray, model: Model, loss: Loss) -> np.ndarray:
    """Return targets (n,) as a column where the model has one output a sample and the loss compares entries."""
    labels = isinstance(loss, SparseCategoricalCrossentropy)
    return y[:, None] if y.ndim == 1 and model.output_shape == (1,) and not labels else y


def combined_weights(y: np.ndarray, class_weight: Mapping[int, float] | None, sample_weight: Any) -> np.ndarray | None:
    """Return one factor a sample, or None."""
    weights = None
    if sample_weight is not None:
        weights = np.asarray(sample_weight, float)
        if weights.shape != (len(y),):
            raise ValueError(f"sample_weight must have shape ({len(y)},), got {weights.shape}")
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise ValueError("sample_weight must be finite and not negative")
    if class_weight is not None:
        if not isinstance(class_weight, Mapping):
            raise TypeError(f"class_weight must be a dict such as {{0: 1.0, 1: 5.0}}, got {class_weight!r}")
        for label, factor in class_weight.items():
            check_number(f"class_weight[{label}]", factor, 0)
        labels = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.ravel()
        missing = sorted(set(np.unique(labels).tolist()) - set(class_weight))
        if missing:
            raise ValueError(f"class_weight must name every class, {missing} is missing: 1.0 leaves a class as it is")
        factors = np.array([class_weight[label] for label in labels.tolist()], float)
        weights = factors if weights is None else weights * factors
    return weights


def split(X: Any, y: np.ndarray, weights: np.ndarray | None, share: float) -> tuple[Any, Any, Any, tuple[Any, Any]]:
    """Return the first samples for training and the last `share` of them for validation."""
    check_number("validation_split", share, 0, 1, open_high=True)
    cut = len(y) - int(len(y) * share)
    if cut == len(y) or cut == 0:
        raise ValueError(f"validation_split={share} leaves no sample on one side of {len(y)}")
    return X[:cut], y[:cut], None if weights is None else weights[:cut], (X[cut:], y[cut:])
