"""Softmax, its logarithm, and the log-sum-exp that keeps both finite.

K(s) = ln Σⱼ e^{sⱼ} = m + ln Σⱼ e^{sⱼ-m} for every m. With m = max s every exponent is ≤ 0 and one
of them is 0, so nothing overflows and the sum is at least 1. The slides of USC EE599 (2020) write K as max*.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.reference._activation_base import ActivationFunction
from course_lib.validation import as_float


def log_sum_exp(s: Any, axis: int = -1) -> np.ndarray:
    """Return K(s) = ln Σ eˢ along `axis`, which is removed.

    Examples
    --------
    >>> log_sum_exp([[0.0, 0.0], [1e4, 1e4]])
    array([6.93147181e-01, 1.00006931e+04])
    """
    s = check_classes(as_float(s, "s"), axis)
    m = s.max(axis=axis, keepdims=True)
    m[np.isinf(m)] = 0  # inf - inf is no number
    with np.errstate(divide="ignore"):  # ln 0 = -inf is the answer for a slice of -inf
        return np.log(np.exp(s - m).sum(axis=axis)) + m.squeeze(axis)


def max_star(x: Any, y: Any) -> np.ndarray:
    """Return max*(x, y) = ln(eˣ + eʸ) = max(x, y) + ln(1 + e^-|x-y|), entry by entry (USC EE599 2020).

    Examples
    --------
    >>> float(max_star(max_star(1.0, 2.0), 3.0)) == float(log_sum_exp([1.0, 2.0, 3.0]))
    True
    """
    x, y = np.broadcast_arrays(as_float(x, "x"), as_float(y, "y"))
    gap = np.subtract(x, y, out=np.zeros_like(x), where=x != y)  # inf - inf is 0 here
    return np.maximum(x, y) + np.log1p(np.exp(-np.abs(gap)))


def log_softmax(s: Any, axis: int = -1) -> np.ndarray:
    """Return ln softmax(s) = s - K(s) along `axis`, finite where the softmax itself is 0.

    Examples
    --------
    >>> log_softmax([0.0, 1e4])
    array([-10000.,      0.])
    """
    s = as_float(s, "s")
    with np.errstate(invalid="ignore"):  # NaN, as in PyTorch, where s is +inf or a whole slice is -inf
        return s - np.expand_dims(log_sum_exp(s, axis), axis)


class Softmax(ActivationFunction):
    """aᵢ = e^{sᵢ} / Σⱼ e^{sⱼ} along the last axis; ∂aᵢ/∂sⱼ = aᵢ(δᵢⱼ - aⱼ).

    Each output depends on every input of its row, so there is no elementwise derivative: `jacobian` gives the
    matrix, and `backward` multiplies by it without building it: dL/ds = a ⊙ (G - Σⱼ Gⱼaⱼ).

    Examples
    --------
    >>> softmax([[1.0, 1.0], [0.0, 1e4]])
    array([[0.5, 0.5],
           [0. , 1. ]])
    >>> softmax.jacobian([0.0, 0.0])
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """

    name = "softmax"

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return eˢ over its row sum."""
        check_classes(s, -1)
        with np.errstate(invalid="ignore"):  # a row of NaN, as in PyTorch, where s holds +inf or is all -inf
            e = np.exp(s - s.max(axis=-1, keepdims=True))
        e /= e.sum(axis=-1, keepdims=True)
        return e

    def backward(self, s: np.ndarray, a: np.ndarray, G: np.ndarray) -> np.ndarray:
        """Return a ⊙ (G - Σⱼ Gⱼaⱼ)."""
        return a * (G - (G * a).sum(axis=-1, keepdims=True))

    def jacobian(self, s: Any) -> np.ndarray:
        """Return the (k, k) matrix diag(a) - a aᵀ for one vector `s` (k,)."""
        a = self(s)
        if a.ndim != 1:
            raise ValueError(f"the Jacobian is that of one vector s (k,), got shape {a.shape}: take one row")
        return np.diag(a) - np.outer(a, a)


class LogSoftmax(ActivationFunction):
    """aᵢ = sᵢ - K(s) along the last axis; dL/ds = G - softmax(s)·ΣⱼGⱼ.

    Examples
    --------
    >>> LogSoftmax()([0.0, 0.0]).round(4)
    array([-0.6931, -0.6931])
    """

    name = "log_softmax"

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return s - K(s)."""
        return log_softmax(s)

    def backward(self, s: np.ndarray, a: np.ndarray, G: np.ndarray) -> np.ndarray:
        """Return G - eᵃ·ΣⱼGⱼ."""
        return G - np.exp(a) * G.sum(axis=-1, keepdims=True)


def check_classes(s: np.ndarray, axis: int) -> np.ndarray:
    """Return `s` if it has at least one class along `axis`."""
    if s.ndim == 0 or s.shape[axis] == 0:
        raise ValueError(f"s needs at least one class along axis {axis}, got shape {s.shape}")
    return s


softmax = Softmax()
