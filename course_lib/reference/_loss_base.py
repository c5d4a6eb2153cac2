"""What every loss is: terms, their mean over the batch, and the gradient of that mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.validation import as_float


class Loss:
    """A loss L(y, a) of targets `y` and outputs `a`: the mean of its `terms` over the batch.

    A subclass writes two formulas side by side: `terms(y, a)`, one number an entry (or one a row, if
    `by_row`), and `slopes(y, a)`, the derivative of each term by `a`. The mean, its 1/n and the sample
    weights are the business of this class alone. Numbers are computed in the dtype of `a`.

    Examples
    --------
    >>> class FourthPower(Loss):
    ...     def terms(self, y, a):
    ...         return (a - y) ** 4
    ...     def slopes(self, y, a):
    ...         return 4 * (a - y) ** 3
    >>> FourthPower()([0.0, 0.0], [1.0, 2.0]), FourthPower().gradient([0.0, 0.0], [1.0, 2.0])
    (8.5, array([ 2., 16.]))
    """

    name = ""
    by_row = False  # one term a row (a probability vector, a margin) instead of one an entry

    def __call__(self, y: Any, a: Any, weights: Any = None) -> float:
        """Return the mean loss, each sample's terms times its weight if there are `weights` (n,)."""
        y, a = self.prepare(y, a)
        with np.errstate(invalid="ignore"):  # NaN or inf, as in PyTorch, where outputs are infinite
            terms = self.terms(y, a)
        return float(np.mean(terms if weights is None else terms * sample_weights(weights, terms)))

    def gradient(self, y: Any, a: Any, weights: Any = None) -> np.ndarray:
        """Return dL/da, of the shape of `a`, with its 1/n."""
        y, a = self.prepare(y, a)
        with np.errstate(invalid="ignore"):
            slopes = self.slopes(y, a)
        slopes *= 1 / (a[..., 0].size if self.by_row else a.size)
        return slopes if weights is None else slopes * sample_weights(weights, a)

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return the loss of each entry, or of each row."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its terms are")

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return the derivative of each term by `a`, in a new array of the shape of `a`."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its slopes are")

    def prepare(self, y: Any, a: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return `y` and `a` as arrays of one floating dtype and one shape, or say why that cannot be."""
        a = check_outputs(a, self.by_row)
        y = as_float(y, "y").astype(a.dtype, copy=False)
        if y.shape != a.shape:
            raise ValueError(
                f"targets and outputs must have one shape, got y {y.shape} and a {a.shape}"
                + (": NumPy would stretch them to a table; reshape one" if y.size == a.size else "")
            )
        return y, a

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({options})"


def check_outputs(a: Any, by_row: bool) -> np.ndarray:
    """Return the outputs as a floating array with at least one sample (and one row, if `by_row`)."""
    a = as_float(a, "a")
    if by_row and (a.ndim == 0 or a.shape[-1] == 0):
        raise ValueError(f"outputs must have shape (n, k) with k >= 1, got {a.shape}")
    if a.size == 0:
        raise ValueError(f"the batch is empty (outputs have shape {a.shape}): a mean needs a sample")
    return a


def sample_weights(weights: Any, like: np.ndarray) -> np.ndarray:
    """Return the weights (n,), shaped to multiply an array whose first axis has length n.

    The mean still divides by n (Keras), not by the sum of the weights (PyTorch's class weights).
    """
    w = as_float(weights, "weights").astype(like.dtype, copy=False)
    n = like.shape[0] if like.ndim else 1
    if w.shape != (n,):
        raise ValueError(f"weights must have shape ({n},), one a sample, got {w.shape}")
    if not np.all(w >= 0) or not np.all(np.isfinite(w)):
        raise ValueError("weights must be finite and not negative")
    return w.reshape(n, *(1,) * (like.ndim - 1)) if like.ndim else w[0]
