"""Losses for numbers: squared, absolute, Huber, log-cosh, percentage, logarithmic and Poisson.

With e = a - y throughout.
"""

from __future__ import annotations

import numpy as np

from course_lib.reference._loss_base import Loss
from course_lib.validation import check_number


class MeanSquaredError(Loss):
    """e², slope 2e: the negative log-likelihood of a Gaussian with fixed variance.

    Examples
    --------
    The example of USC EE599 (2020) and the sign that its next line has wrong, d/da (y - a)² = 2(a - y):

    >>> loss = MeanSquaredError()
    >>> loss([[1, 1, 1], [2, 2, 2]], [[0, 0, 0], [3, 3, 3]])
    1.0
    >>> loss.gradient([1.0], [3.0])
    array([4.])
    """

    name = "mean_squared_error"

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return e²."""
        return (a - y) ** 2

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return 2e."""
        return 2 * (a - y)


class MeanAbsoluteError(Loss):
    """|e|, slope sgn(e), 0 at 0: the negative log-likelihood of a Laplace distribution.

    Examples
    --------
    >>> loss = MeanAbsoluteError()
    >>> loss([1.0, 2.0], [4.0, 1.0]), loss.gradient([1.0, 2.0], [4.0, 1.0])
    (2.0, array([ 0.5, -0.5]))
    """

    name = "mean_absolute_error"

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return |e|."""
        return np.abs(a - y)

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return the sign of e."""
        return np.sign(a - y)


class Huber(Loss):
    """½e² for |e| ≤ δ, else δ(|e| - δ/2); slope e cut at ±δ (Huber 1964; Keras, `torch.nn.HuberLoss`).

    PyTorch's `SmoothL1Loss(beta)` is this divided by β.

    Examples
    --------
    >>> Huber(delta=1.0)([0.0, 0.0], [0.5, 3.0])
    1.3125
    """

    name = "huber"

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = check_number("delta", delta, 0, open_low=True)

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return ½e² or δ(|e| - δ/2), written as c·(|e| - c/2) with c = min(|e|, δ)."""
        e = np.abs(a - y)
        c = np.minimum(e, self.delta)
        return c * (e - c / 2)

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return e, cut at ±δ."""
        return np.clip(a - y, -self.delta, self.delta)


class LogCosh(Loss):
    """ln cosh e, slope tanh e. Stable: |e| + ln(1 + e^-2|e|) - ln 2.

    Examples
    --------
    >>> round(LogCosh()([0.0], [1000.0]), 3)
    999.307
    """

    name = "log_cosh"

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return ln cosh e."""
        e = np.abs(a - y)
        return e + np.log1p(np.exp(-2 * e)) - np.log(2).astype(e.dtype)

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return tanh e."""
        return np.tanh(a - y)


class MeanAbsolutePercentageError(Loss):
    """100·|e| / max(|y|, ε), slope 100·sgn(e) / max(|y|, ε), with Keras's ε = 1e-7.

    A target of 0 makes it enormous; scikit-learn leaves the 100 away.

    Examples
    --------
    >>> MeanAbsolutePercentageError()([2.0, 10.0], [3.0, 10.0])
    25.0
    """

    name = "mean_absolute_percentage_error"

    def __init__(self, epsilon: float = 1e-7) -> None:
        self.epsilon = check_number("epsilon", epsilon, 0, open_low=True)

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return 100·|e| / max(|y|, ε)."""
        return 100 * np.abs(a - y) / np.maximum(np.abs(y), self.epsilon)

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return 100·sgn(e) / max(|y|, ε)."""
        return 100 * np.sign(a - y) / np.maximum(np.abs(y), self.epsilon)


class MeanSquaredLogarithmicError(Loss):
    """(ln(1+a) - ln(1+y))², slope 2(ln(1+a) - ln(1+y))/(1+a), for y and a ≥ 0.

    Values below ε = 1e-7 count as ε, as in Keras, and have slope 0 there.

    Examples
    --------
    >>> round(MeanSquaredLogarithmicError()([0.0], [np.e - 1]), 5)
    1.0
    """

    name = "mean_squared_logarithmic_error"

    def __init__(self, epsilon: float = 1e-7) -> None:
        self.epsilon = check_number("epsilon", epsilon, 0)

    def error(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return ln(1+a) - ln(1+y)."""
        return np.log1p(np.maximum(a, self.epsilon)) - np.log1p(np.maximum(y, self.epsilon))

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return the squared difference of the logarithms."""
        return self.error(y, a) ** 2

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return 2(ln(1+a) - ln(1+y))/(1+a), 0 where a was raised to ε."""
        return np.where(a < self.epsilon, 0, 2 * self.error(y, a) / (1 + np.maximum(a, self.epsilon)))


class Poisson(Loss):
    """a - y·ln a, slope 1 - y/a, for a > 0: the Poisson likelihood without ln y!.

    No ε (Keras adds 1e-7 to a); `torch.nn.PoissonNLLLoss` expects ln a unless told otherwise.

    Examples
    --------
    >>> Poisson()([3.0], [1.0]), Poisson().gradient([3.0], [1.0])
    (1.0, array([-2.]))
    """

    name = "poisson"

    def prepare(self, y: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Refuse outputs that are no rate."""
        y, a = super().prepare(y, a)
        if np.any(a <= 0):
            raise ValueError(f"Poisson outputs must be > 0, got {a[a <= 0][0]}: end with an exponential or softplus")
        return y, a

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return a - y·ln a."""
        return a - y * np.log(a)

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return 1 - y/a."""
        return 1 - y / a
