"""What every activation is: a function of the pre-activations `s`, and its backward pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.validation import as_float


class ActivationFunction:
    """A function from pre-activations `s` to outputs `a`, with the backward pass beside the forward pass.

    Subclasses define `forward(s)` for a floating array; calling the instance accepts whatever NumPy does.
    A floating dtype is kept, integers become float64.

    Examples
    --------
    >>> class Square(Elementwise):
    ...     def forward(self, s):
    ...         return s * s
    ...     def slope(self, s):
    ...         return 2 * s
    >>> Square().backward(np.array([3.0]), np.array([9.0]), np.array([10.0]))
    array([60.])
    """

    name = ""

    def __call__(self, s: Any) -> np.ndarray:
        """Return the outputs `a`, of the shape and dtype of `s`."""
        return self.forward(as_float(s, "s"))[()]

    def forward(self, s: np.ndarray) -> np.ndarray:
        """Return the outputs for a floating array `s`."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its forward pass is")

    def backward(self, s: np.ndarray, a: np.ndarray, G: np.ndarray) -> np.ndarray:
        """Return dL/ds from G = dL/da, given the inputs `s` and the outputs `a = self(s)`."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its backward pass is")

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({options})"


class Elementwise(ActivationFunction):
    """An activation that treats each entry alone: its Jacobian is diagonal, so G meets it entry by entry.

    Examples
    --------
    >>> class Half(Elementwise):
    ...     def forward(self, s):
    ...         return s / 2
    ...     def slope(self, s):
    ...         return np.full_like(s, 0.5)
    >>> Half().derivative([1, 2])
    array([0.5, 0.5])
    """

    def derivative(self, s: Any) -> np.ndarray:
        """Return da/ds, entry by entry."""
        return self.slope(as_float(s, "s"))[()]

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Return da/ds for a floating array `s`."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its derivative is")

    def backward(self, s: np.ndarray, a: np.ndarray, G: np.ndarray) -> np.ndarray:
        """Return dL/ds = G ⊙ da/ds."""
        return G * self.slope(as_float(s, "s"))
