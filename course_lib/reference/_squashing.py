"""Linear, the smooth activations (sigmoid, tanh, softplus, softsign, exponential) and the hard sigmoid."""

from __future__ import annotations

import numpy as np

from course_lib.reference._activation_base import Elementwise
from course_lib.validation import check_number


class Linear(Elementwise):
    """a = s, da/ds = 1.

    Examples
    --------
    >>> Linear()([-1.0, 2.0]), Linear().derivative([-1.0, 2.0])
    (array([-1.,  2.]), array([1., 1.]))
    """

    name = "linear"

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return a copy of s."""
        return s.copy()

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Return ones."""
        return np.ones_like(s)


class Sigmoid(Elementwise):
    """σ(s) = 1/(1 + e⁻ˢ), dσ/ds = σ(1 - σ) ≤ 1/4: the inverse of the log odds ln(a/(1-a)).

    With e = e^-|s| ≤ 1 nothing overflows: σ = 1/(1+e) for s ≥ 0 and e/(1+e) for s < 0; σ' = e/(1+e)².

    Examples
    --------
    >>> Sigmoid()([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """

    name = "sigmoid"

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return 1/(1 + e⁻ˢ)."""
        e = np.exp(-np.abs(s))
        return np.where(s >= 0, 1, e) / (1 + e)

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Return σ(s)(1 - σ(s))."""
        e = np.exp(-np.abs(s))
        return e / (1 + e) ** 2

    def backward(self, s: np.ndarray, a: np.ndarray, G: np.ndarray) -> np.ndarray:
        """Return G ⊙ a(1 - a)."""
        return G * a * (1 - a)


class Tanh(Elementwise):
    """tanh(s) = (eˢ - e⁻ˢ)/(eˢ + e⁻ˢ) = 2σ(2s) - 1, derivative 1 - tanh²(s).

    Examples
    --------
    >>> Tanh()([0.0, 50.0]), Tanh().derivative([0.0, 50.0]).round(3)
    (array([0., 1.]), array([1., 0.]))
    """

    name = "tanh"

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return tanh(s)."""
        return np.tanh(s)

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Return 1 - tanh²(s), which is 4σ'(2s)."""
        return 4 * sigmoid.slope(2 * s)

    def backward(self, s: np.ndarray, a: np.ndarray, G: np.ndarray) -> np.ndarray:
        """Return G ⊙ (1 - a²)."""
        return G * (1 - a * a)


class Softplus(Elementwise):
    """ln(1 + eˢ), a smooth ReLU; its derivative is the sigmoid. Stable: max(s, 0) + ln(1 + e^-|s|).

    Examples
    --------
    >>> Softplus()([-1000.0, 0.0, 1000.0]).round(4).tolist()
    [0.0, 0.6931, 1000.0]
    """

    name = "softplus"

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return ln(1 + eˢ)."""
        return np.maximum(s, 0) + np.log1p(np.exp(-np.abs(s)))

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Return σ(s)."""
        return sigmoid.forward(s)


class Softsign(Elementwise):
    """s/(1 + |s|), derivative 1/(1 + |s|)²: like tanh, with slower tails.

    Examples
    --------
    >>> Softsign()([-3.0, 0.0, 1.0])
    array([-0.75,  0.  ,  0.5 ])
    """

    name = "softsign"

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return s/(1 + |s|); ±1 at ±inf."""
        return np.divide(s, 1 + np.abs(s), out=np.asarray(np.sign(s)), where=~np.isinf(s))

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Return 1/(1 + |s|)²."""
        return (1 / (1 + np.abs(s))) ** 2


class Exponential(Elementwise):
    """The exponential eˢ, its own derivative; +inf where that is too large for the dtype.

    Examples
    --------
    >>> Exponential()([0.0, 1.0]).round(4)
    array([1.    , 2.7183])
    """

    name = "exponential"

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return eˢ."""
        with np.errstate(over="ignore"):
            return np.exp(s)

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Return eˢ."""
        return self.forward(s)


class HardSigmoid(Elementwise):
    """clip(0.2s + 0.5, 0, 1), derivative 0.2 for |s| < 2.5, else 0 (USC EE599 2020; Courbariaux 2015).

    Keras 3 and PyTorch mean clip(s/6 + 0.5, 0, 1) by the same name: ``HardSigmoid(steepness=1/6)``.

    Examples
    --------
    >>> HardSigmoid()([-3.0, 0.0, 1.0]), HardSigmoid(1 / 6)([1.0]).round(4)
    (array([0. , 0.5, 0.7]), array([0.6667]))
    """

    name = "hard_sigmoid"

    def __init__(self, steepness: float = 0.2) -> None:
        self.steepness = check_number("steepness", steepness, 0, open_low=True)

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return clip(0.2s + 0.5, 0, 1)."""
        return np.clip(self.steepness * s + 0.5, 0, 1)

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Return 0.2 where |s| < 2.5, else 0."""
        return self.steepness * (np.abs(s) < 0.5 / self.steepness).astype(s.dtype)


linear = Linear()
sigmoid = Sigmoid()
tanh = Tanh()
softplus = Softplus()
softsign = Softsign()
exponential = Exponential()
hard_sigmoid = HardSigmoid()
