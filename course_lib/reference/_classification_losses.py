"""Losses for classes: the cross-entropies with probabilities or logits, and the KL divergence."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.reference._loss_base import Loss, check_outputs
from course_lib.reference._softmax import log_sum_exp, softmax
from course_lib.reference._squashing import sigmoid, softplus
from course_lib.validation import check_labels, check_number


class BinaryCrossentropy(Loss):
    """-y ln a - (1-y) ln(1-a), slope (a-y)/(a(1-a)); from logits ln(1+eˢ) - y·s, slope σ(s) - y.

    Parameters
    ----------
    from_logits : bool
        Whether the outputs are logits s (a linear last layer) instead of probabilities a = σ(s).
    label_smoothing : float, 0 to 1
        Moves the targets towards ½: y(1-ε) + ε/2.

    Notes
    -----
    With probabilities nothing is clipped (Keras clips to 1e-7 … 1-1e-7, PyTorch cuts the logarithm at -100):
    a saturated wrong output has loss inf. From logits both are finite for every finite s.

    Examples
    --------
    The example of USC EE599 (2020):

    >>> round(BinaryCrossentropy()([[0, 1, 0]], [[0.6, 0.8, 0.1]]), 3)
    0.415
    >>> BinaryCrossentropy(from_logits=True)([1.0], [-1000.0])
    1000.0
    """

    name = "binary_crossentropy"

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0) -> None:
        self.from_logits = from_logits
        self.label_smoothing = check_number("label_smoothing", label_smoothing, 0, 1)

    def prepare(self, y: Any, a: Any) -> tuple[np.ndarray, np.ndarray]:
        """Check that targets (and outputs, unless they are logits) are probabilities; smooth the targets."""
        y, a = super().prepare(y, a)
        check_probabilities("targets", y)
        if not self.from_logits:
            check_probabilities("outputs", a)
        return smooth(y, self.label_smoothing, 2), a

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return ln(1+eˢ) - y·s, or -y ln a - (1-y) ln(1-a) with 0·ln 0 = 0."""
        if self.from_logits:
            return softplus.forward(a) - y * a
        return -times_log(y, a) - times_log(1 - y, 1 - a)

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return σ(s) - y, or (1-y)/(1-a) - y/a with 0/0 = 0."""
        if self.from_logits:
            return sigmoid.forward(a) - y
        return over(1 - y, 1 - a) - over(y, a)


class CategoricalCrossentropy(Loss):
    """-Σ yᵢ ln aᵢ a row, slope -y/a; from logits K(s) - Σ yᵢsᵢ, slope softmax(s) - y.

    Parameters
    ----------
    from_logits : bool
        Whether the outputs are logits s instead of probabilities a = softmax(s).
    label_smoothing : float, 0 to 1
        Moves the targets (n, k) towards 1/k: y(1-ε) + ε/k (Szegedy et al. 2016).

    Notes
    -----
    K(s) = ln Σ eˢ is `log_sum_exp`. Nothing is clipped or normalized (Keras divides the rows of a by their
    sums and clips them). Each row of y must sum to 1: the slope a - y rests on it.

    Examples
    --------
    The hard and the soft labels of USC EE599 (2020):

    >>> a = [[0.9, 0.05, 0.05], [0.05, 0.89, 0.06], [0.05, 0.01, 0.94]]
    >>> round(CategoricalCrossentropy()(np.eye(3), a), 4)
    0.0946
    >>> soft = [[0.7, 0.2, 0.1], [0.05, 0.9, 0.05], [0.3, 0.3, 0.4]]
    >>> round(CategoricalCrossentropy()(soft, a), 2)
    1.22
    """

    name = "categorical_crossentropy"
    by_row = True

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0) -> None:
        self.from_logits = from_logits
        self.label_smoothing = check_number("label_smoothing", label_smoothing, 0, 1)

    def prepare(self, y: Any, a: Any) -> tuple[np.ndarray, np.ndarray]:
        """Check that targets (and outputs, unless they are logits) are probabilities; smooth the targets."""
        y, a = super().prepare(y, a)
        check_distribution("targets", y)
        if not self.from_logits:
            check_probabilities("outputs", a)
        return smooth(y, self.label_smoothing, a.shape[-1]), a

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return K(s) - Σ yᵢsᵢ, or -Σ yᵢ ln aᵢ with 0·ln 0 = 0."""
        if self.from_logits:
            return log_sum_exp(a) - (y * a).sum(axis=-1)
        return -times_log(y, a).sum(axis=-1)

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return softmax(s) - y, or -y/a with 0/0 = 0."""
        return softmax.forward(a) - y if self.from_logits else over(-y, a)


class SparseCategoricalCrossentropy(Loss):
    """-ln a_m a row, m the true class; from logits K(s) - s_m, slope softmax(s) minus 1 at m.

    The targets are labels (n,) of integers instead of one-hot rows; all else is `CategoricalCrossentropy`.

    Examples
    --------
    >>> loss = SparseCategoricalCrossentropy(from_logits=True)
    >>> round(loss([2], [[0.0, 0.0, 0.0]]), 4)  # ln 3: no idea which of three
    1.0986
    >>> loss.gradient([0], [[0.0, 0.0]])
    array([[-0.5,  0.5]])
    """

    name = "sparse_categorical_crossentropy"
    by_row = True

    def __init__(self, from_logits: bool = False) -> None:
        self.from_logits = from_logits

    def prepare(self, y: Any, a: Any) -> tuple[np.ndarray, np.ndarray]:
        """Check that there is one label a row and that each names a class."""
        a = check_outputs(a, by_row=True)
        if a.ndim != 2:
            raise ValueError(f"outputs must have shape (n, k), got {a.shape}")
        labels = check_labels(y, a.shape[1])
        if len(labels) != len(a):
            raise ValueError(f"there must be one label a row, got {len(labels)} labels and {len(a)} rows")
        if not self.from_logits:
            check_probabilities("outputs", a)
        return labels, a

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return K(s) - s_m, or -ln a_m."""
        true = a[np.arange(len(y)), y]
        return log_sum_exp(a) - true if self.from_logits else -times_log(np.ones_like(true), true)

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return softmax(s) minus 1 at the true class, or -1/a there and 0 elsewhere."""
        rows = np.arange(len(y))
        if self.from_logits:
            slopes = softmax.forward(a)
            slopes[rows, y] -= 1
        else:
            slopes = np.zeros_like(a)
            slopes[rows, y] = over(-np.ones(len(y), a.dtype), a[rows, y])
        return slopes


class KLDivergence(Loss):
    """Σ yᵢ ln(yᵢ/aᵢ) a row, slope -y/a: the cross-entropy minus the entropy of y.

    0·ln 0 = 0, and +inf where a = 0 < y (Keras clips both to 1e-7 … 1). `torch.nn.KLDivLoss` takes ln a.

    Examples
    --------
    >>> KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]])
    0.0
    """

    name = "kl_divergence"
    by_row = True

    def prepare(self, y: Any, a: Any) -> tuple[np.ndarray, np.ndarray]:
        """Check that both are probabilities."""
        y, a = super().prepare(y, a)
        check_probabilities("targets", y)
        check_probabilities("outputs", a)
        return y, a

    def terms(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return Σ yᵢ ln yᵢ - Σ yᵢ ln aᵢ."""
        return (times_log(y, y) - times_log(y, a)).sum(axis=-1)

    def slopes(self, y: np.ndarray, a: np.ndarray) -> np.ndarray:
        """Return -y/a with 0/0 = 0."""
        return over(-y, a)


def one_hot(labels: Any, classes: int) -> np.ndarray:
    """Return (n, classes) float64 rows with a 1 at each label.

    Examples
    --------
    >>> one_hot([1, 0], 3)
    array([[0., 1., 0.],
           [1., 0., 0.]])
    """
    return np.eye(classes)[check_labels(labels, classes)]


def smooth(y: np.ndarray, epsilon: float, classes: int) -> np.ndarray:
    """Return y(1-ε) + ε/k: a little of each target given to all k classes."""
    return y * (1 - epsilon) + epsilon / classes if epsilon else y


def times_log(y: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Return y·ln a with 0·ln 0 = 0, and -inf, not a warning, where a = 0 < y."""
    with np.errstate(divide="ignore"):
        return y * np.log(a, out=np.zeros_like(a), where=y != 0)


def over(y: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Return y/a with 0/0 = 0, and inf, not a warning, where a = 0 < y."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.divide(y, a, out=np.zeros_like(a), where=y != 0)


def check_probabilities(name: str, p: np.ndarray) -> None:
    """Refuse entries below 0 or above 1 (NaN passes: it is the loss that must show it)."""
    outside = (p < 0) | (p > 1)
    if outside.any():
        where = tuple(int(i) for i in np.argwhere(outside)[0])
        hint = ": use from_logits=True for logits" if name == "outputs" else ""
        raise ValueError(f"{name} must lie in 0..1, got {p[where]} at {where}{hint}")


def check_distribution(name: str, p: np.ndarray) -> None:
    """Refuse rows that are no probability distribution."""
    check_probabilities(name, p)
    off = np.abs(p.sum(axis=-1) - 1) > 100 * np.finfo(p.dtype).eps
    if off.any():
        where = tuple(int(i) for i in np.argwhere(off)[0])
        raise ValueError(f"each row of the {name} must sum to 1, got {p[where].sum()} at row {where}")
