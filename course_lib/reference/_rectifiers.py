"""Activations with a bend at 0: ReLU, leaky ReLU, ELU, SELU. At the bend each says which slope it takes."""

from __future__ import annotations

import numpy as np

from course_lib.reference._activation_base import Elementwise
from course_lib.validation import check_number


class ReLU(Elementwise):
    """max(0, s), derivative 1 for s > 0, else 0; at s = 0 it is 0, as in PyTorch, JAX and TensorFlow.

    Examples
    --------
    >>> ReLU()([-1.0, 2.0]), ReLU().derivative([-1.0, 0.0, 2.0])
    (array([0., 2.]), array([0., 0., 1.]))
    """

    name = "relu"

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return max(0, s)."""
        return np.maximum(s, 0)

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Return 1 where s > 0, else 0."""
        return (s > 0).astype(s.dtype)

    def backward(self, s: np.ndarray, a: np.ndarray, G: np.ndarray) -> np.ndarray:
        """Return G where a > 0 (the same places as s > 0), else 0."""
        return G * (a > 0)


class LeakyReLU(Elementwise):
    """s for s > 0, else slope·s; derivative 1 for s > 0, else `slope` (Maas et al. 2013).

    Its slope is 0.01 in PyTorch, 0.3 in Keras's layer, 0.2 in Keras's function, 0.1 here and in the problem set:
    always state it.

    Examples
    --------
    >>> LeakyReLU(0.1)([-2.0, 3.0]), LeakyReLU(0.1).derivative(0.0)
    (array([-0.2,  3. ]), np.float64(0.1))
    """

    name = "leaky_relu"

    def __init__(self, negative_slope: float = 0.1) -> None:
        self.negative_slope = check_number("negative_slope", negative_slope, 0, 1)

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return max(s, slope·s), which needs 0 ≤ slope ≤ 1."""
        return np.maximum(s, self.negative_slope * s)

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Return 1 where s > 0, else the negative slope."""
        return np.where(s > 0, 1, self.negative_slope).astype(s.dtype)


class ELU(Elementwise):
    """s for s > 0, else α(eˢ - 1); derivative 1 for s > 0, else αeˢ, so α at 0 (Clevert et al. 2016).

    Examples
    --------
    >>> ELU()([-1.0, 2.0]).round(4), ELU(0.5).derivative([0.0])
    (array([-0.6321,  2.    ]), array([0.5]))
    """

    name = "elu"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = check_number("alpha", alpha, 0)

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return s for s > 0, else α(eˢ - 1); only the negative part meets the exponential."""
        return np.where(s > 0, s, self.alpha * np.expm1(np.minimum(s, 0)))

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Return 1 for s > 0, else αeˢ."""
        return np.where(s > 0, 1, self.alpha * np.exp(np.minimum(s, 0)))


class SELU(Elementwise):
    """λ·ELU(s; α) with the two constants for which mean 0 and variance 1 reproduce themselves.

    α = 1.6732632423543772, λ = 1.0507009873554805 (Klambauer et al. 2017), with LeCun normal weights.

    Examples
    --------
    >>> SELU()([-1.0, 1.0]).round(4)
    array([-1.1113,  1.0507])
    """

    name = "selu"
    alpha = 1.6732632423543772848170429916717
    scale = 1.0507009873554804934193349852946

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return λ·ELU(s; α)."""
        return self.scale * ELU(self.alpha).forward(s)

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Return λ·ELU'(s; α)."""
        return self.scale * ELU(self.alpha).slope(s)


relu = ReLU()
leaky_relu = LeakyReLU()
elu = ELU()
selu = SELU()
