"""Losses of margins and angles: hinge, squared hinge, categorical hinge, cosine similarity."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.reference._loss_base import Loss


class Hinge(Loss):
    """max(0, 1 - y·a), slope -y where that is positive, for y in {-1, +1} and a linear output a.

    Keras also takes 0/1 labels and rewrites them; here that is an error which says how.

    Examples
    --------
    >>> Hinge()([1, -1], [0.5, -3.0]), Hinge().gradient([1, -1], [0.5, -3.0])
    (0.25, array([-0.5,  0. ]))
    """

    name = "hinge"

    def prepare(self, y: Any, a: Any) -> tuple[np.ndarray, np.ndarray]:
        """Refuse targets other than -1 and +1."""
        y, a = super().prepare(y, a)
        if not np.all(np.abs(y) == 1):
            raise ValueError(f"hinge targets must be -1 or +1, got {y[np.abs(y) != 1][0]}: write 2*y - 1 for 0/1")
        return y, a

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return max(0, 1 - ya)."""
        return np.maximum(0, 1 - y * a)

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return -y where ya < 1, else 0."""
        return np.where(y * a < 1, -y, 0)


class SquaredHinge(Hinge):
    """max(0, 1 - y·a)², slope -2y·max(0, 1 - y·a): smooth at the margin.

    Examples
    --------
    >>> SquaredHinge()([1, -1], [0.5, -3.0])
    0.125
    """

    name = "squared_hinge"

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return max(0, 1 - ya)²."""
        return super().terms(y, a) ** 2

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return -2y·max(0, 1 - ya)."""
        return -2 * y * super().terms(y, a)


class CategoricalHinge(Loss):
    """max(0, max((1-y)·a) - Σ y·a + 1) a row, for one-hot y (Keras).

    The maximum includes the 0 that stands at the true class. Where the term is positive, the slope is -y, and
    +(1-y) at the (first) largest wrong score.

    Examples
    --------
    >>> CategoricalHinge()([[0, 1, 0]], [[0.5, 1.0, -2.0]])
    0.5
    """

    name = "categorical_hinge"
    by_row = True

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return max(0, negative - positive + 1)."""
        return np.maximum(0, ((1 - y) * a).max(axis=-1) - (y * a).sum(axis=-1) + 1)

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return ∂(negative - positive)/∂a where the term is positive, else 0."""
        worst = ((1 - y) * a).argmax(axis=-1, keepdims=True)
        slopes = -y
        np.put_along_axis(slopes, worst, np.take_along_axis(1 - 2 * y, worst, -1), -1)
        return slopes * (self.terms(y, a) > 0)[..., None]


class CosineSimilarity(Loss):
    """-cos of the angle between y and a, a row: -1 is the best (Keras; PyTorch's embedding loss is 1 - cos).

    -Σ ŷᵢâᵢ with ŷ = y/‖y‖, â = a/‖a‖; slope (cos·â - ŷ)/‖a‖. A row of zeros has similarity 0 and slope 0.

    Examples
    --------
    >>> CosineSimilarity()([[1.0, 0.0]], [[2.0, 0.0]]), CosineSimilarity()([[1.0, 0.0]], [[0.0, 3.0]])
    (-1.0, 0.0)
    """

    name = "cosine_similarity"
    by_row = True

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return -Σ ŷᵢâᵢ."""
        return -(unit(y)[0] * unit(a)[0]).sum(axis=-1)

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return (cos·â - ŷ)/‖a‖."""
        (y, _), (a, length) = unit(y), unit(a)
        cos = (y * a).sum(axis=-1, keepdims=True)
        return np.where(length == 0, 0, (cos * a - y) / np.where(length == 0, 1, length))


def unit(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return v/‖v‖ (0 for a row of zeros) and the length ‖v‖ of each row, kept as an axis."""
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    return v / np.where(length == 0, 1, length), length
