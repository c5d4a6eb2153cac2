"""Linear filters: the difference equation, its responses, its poles and zeros."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Coefficients = Sequence[float] | np.ndarray


def difference_equation(b: Coefficients, a: Coefficients, x: np.ndarray) -> np.ndarray:
    """Run a filter over a sequence that was zero before it began (``scipy.signal.lfilter``).

    Parameters
    ----------
    b, a : sequences of float
        Feed-forward and feedback coefficients; a[0] ≠ 0.
    x : ndarray, (n, ...)
        Input; the first axis is time.

    Returns
    -------
    ndarray, (n, ...)
        Output.

    Examples
    --------
    >>> difference_equation([1.0], [1.0, -0.5], np.array([1.0, 0.0, 0.0]))
    array([1.  , 0.5 , 0.25])
    """
    b, a, x = _coefficients(b, "b"), _coefficients(a, "a"), np.asarray(x, dtype=float)
    y = np.zeros_like(x)
    for n in range(len(x)):
        for i in range(min(len(b), n + 1)):
            y[n] += b[i] * x[n - i]
        for i in range(1, min(len(a), n + 1)):
            y[n] -= a[i] * y[n - i]
        y[n] /= a[0]
    return y


def frequency_response(b: Coefficients, a: Coefficients, omega: float | np.ndarray) -> np.ndarray:
    """Return H(e^{jω}), complex, infinite at a pole (``scipy.signal.freqz``).

    Parameters
    ----------
    b, a : sequences of float
        Feed-forward and feedback coefficients; a[0] ≠ 0.
    omega : float or ndarray
        ω in radians a sample; the result has its shape.

    Examples
    --------
    >>> abs(frequency_response([0.1], [1.0, -0.9], np.array([0.0, np.pi]))).round(4)
    array([1.    , 0.0526])
    """
    b, a = _coefficients(b, "b"), _coefficients(a, "a")
    delay = np.exp(-1j * np.asarray(omega, dtype=float))  # z⁻¹ on the unit circle
    numerator, denominator = np.polyval(b[::-1], delay), np.polyval(a[::-1], delay)
    pole = denominator == 0
    return np.where(pole, np.inf, numerator / np.where(pole, 1, denominator))


def _coefficients(values: Coefficients, name: str) -> np.ndarray:
    array = np.atleast_1d(np.asarray(values, dtype=float))
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise ValueError(f"{name} must be a list of finite numbers, got {values!r}")
    if name == "a" and array[0] == 0:
        raise ValueError("a[0] must not be 0: it is the factor of the output y[n]")
    return array


@dataclass(frozen=True)
class Filter:
    """A linear filter with coefficients `b` and `a`; call it with a sequence.

    Examples
    --------
    >>> Filter((1.9, -0.9), (1.0, -0.9)).step_response(3)
    array([1.9  , 2.71 , 3.439])
    """

    b: tuple[float, ...]
    a: tuple[float, ...]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the output for the input `x`, (n, ...), time first."""
        return difference_equation(self.b, self.a, x)

    def impulse_response(self, n: int) -> np.ndarray:
        """Return the first n outputs for the input 1, 0, 0, …: the weights of the past, newest first."""
        return self(np.eye(1, n)[0])

    def step_response(self, n: int) -> np.ndarray:
        """Return the first n outputs for the input 1, 1, 1, and so on."""
        return self(np.ones(n))

    def frequency_response(self, omega: float | np.ndarray) -> np.ndarray:
        """Return H(e^{jω}) for ω in radians a sample."""
        return frequency_response(self.b, self.a, omega)

    def compensated(self, x: np.ndarray) -> np.ndarray:
        """Return the output divided by the step response, so that a constant comes out unchanged at once.

        Deck C calls this transient compensation, Adam's paper bias correction (Kingma and Ba, 2015).
        """
        x = np.asarray(x, dtype=float)
        step = self.step_response(len(x))
        return self(x) / step.reshape(-1, *[1] * (x.ndim - 1))

    @property
    def poles(self) -> np.ndarray:
        """Roots of the denominator in z."""
        return self._roots(self.a)

    @property
    def zeros(self) -> np.ndarray:
        """Roots of the numerator in z, those at the origin included."""
        return self._roots(self.b)

    def _roots(self, coefficients: tuple[float, ...]) -> np.ndarray:
        order = max(len(self.a), len(self.b))
        return np.roots(np.pad(coefficients, (0, order - len(coefficients))))

    @property
    def dc_gain(self) -> float:
        """H(1): what a constant input is multiplied by in the end; infinite for a summer."""
        return float(frequency_response(self.b, self.a, 0.0).real)

    @property
    def input_gain(self) -> float:
        """b₀/a₀: what the newest input is multiplied by."""
        return self.b[0] / self.a[0]

    @property
    def stable(self) -> bool:
        """Whether all poles lie inside the unit circle."""
        return bool((abs(self.poles) < 1).all())
