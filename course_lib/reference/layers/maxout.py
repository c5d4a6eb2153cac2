"""Maxout: an activation that is learned."""

from __future__ import annotations

import numpy as np

from course_lib.reference.initializers import Initializer, get_initializer
from course_lib.reference.layers.base import Layer, Shape, positive_int
from course_lib.reference.regularizers import Regularizer, get_regularizer


class Maxout(Layer):
    """The largest of several affine maps: aⱼ = maxₚ (XWₚ + bₚ)ⱼ (Goodfellow et al., 2013).

    A convex piecewise linear function with `pieces` pieces; ReLU and |s| are special cases. Only the winning piece
    has a gradient (the first one on a tie). W is (fan_in, units·pieces), piece p of unit j in column j·pieces + p.

    Parameters
    ----------
    units
        Number of outputs.
    pieces
        Number of affine maps a unit.
    kernel_initializer
        Name or initializer; every piece is drawn as a `Dense` layer of `units` outputs would be.
    kernel_regularizer
        Penalty on W, or None.

    Examples
    --------
    With the pieces x and −x a unit computes |x|:

    >>> layer = Maxout(1, pieces=2)
    >>> layer.build((1,))
    (1,)
    >>> layer.W[...] = [[1.0, -1.0]]
    >>> layer.forward(np.array([[3.0], [-4.0]])).ravel()
    array([3., 4.])
    >>> layer.backward(np.ones((2, 1))).ravel()
    array([ 1., -1.])
    """

    W: np.ndarray
    b: np.ndarray
    dW: np.ndarray
    db: np.ndarray

    def __init__(
        self,
        units: int,
        pieces: int = 2,
        kernel_initializer: str | Initializer = "glorot_uniform",
        kernel_regularizer: str | Regularizer | None = None,
    ) -> None:
        self.units = positive_int("units", units)
        self.pieces = positive_int("pieces", pieces)
        self.kernel_initializer = get_initializer(kernel_initializer)
        self.kernel_regularizer = get_regularizer(kernel_regularizer)

    def setup(self, input_shape: Shape) -> Shape:
        """Ask for W (fan_in, units·pieces) and b (units·pieces,)."""
        if len(input_shape) != 1:
            raise ValueError(f"Maxout takes samples of shape (features,), got {input_shape}: put Flatten() before it")
        self.add("W", (*input_shape, self.units * self.pieces), self.initial_kernel, self.kernel_regularizer)
        self.add("b", (self.units * self.pieces,), np.zeros)
        return (self.units,)

    def initial_kernel(self, shape: Shape) -> np.ndarray:
        """Return W with each piece drawn for a fan-out of `units`."""
        fan_in = shape[0]
        pieces = [self.kernel_initializer((fan_in, self.units), self.rng) for _ in range(self.pieces)]
        return np.stack(pieces, axis=2).reshape(shape)

    def forward(self, X: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the largest piece of each unit and remember which one it was."""
        self.X = X
        s = (X @ self.W + self.b).reshape(len(X), self.units, self.pieces)
        self.winner = s.argmax(axis=2)[:, :, None]
        return np.take_along_axis(s, self.winner, axis=2)[:, :, 0]

    def piece_gradients(self, G: np.ndarray) -> np.ndarray:
        """Return dL/ds (n, units·pieces): G at the winners, 0 elsewhere."""
        dS = np.zeros((len(G), self.units, self.pieces), G.dtype)
        np.put_along_axis(dS, self.winner, G[:, :, None], axis=2)
        return dS.reshape(len(G), -1)

    def parameter_gradients(self, G: np.ndarray) -> None:
        """Write dL/dW = Xᵀ dS and dL/db = Σ dS."""
        dS = self.piece_gradients(G)
        np.matmul(self.X.T, dS, out=self.dW)
        np.sum(dS, axis=0, out=self.db)

    def backward(self, G: np.ndarray) -> np.ndarray:
        """Return dL/dX = dS Wᵀ."""
        self.parameter_gradients(G)
        return self.piece_gradients(G) @ self.W.T
