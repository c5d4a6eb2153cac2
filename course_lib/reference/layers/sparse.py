"""Layers fed with indices: a one-hot row times W is a row of W, so it is looked up instead of multiplied."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.reference.initializers import Initializer, get_initializer
from course_lib.reference.layers.base import Layer, Shape, positive_int
from course_lib.reference.layers.dense import Dense


class SparseDense(Dense):
    """A `Dense` layer whose input rows are 0 but for a few ones, given by the indices of their columns.

    Input (n, active) integers in 0..columns-1, output s = Σ over the active columns of W's rows, + b. It equals
    `Dense` on the one-hot rows (a column named twice counts twice) without ever making them:
    MovieLens' 943 users and 1682 films are 2625 columns with two ones a row.

    Parameters
    ----------
    units
        Number of outputs.
    columns
        Number of columns of the one-hot matrix that is not made.
    **dense
        All other settings of `Dense`.

    Examples
    --------
    >>> layer = SparseDense(1, columns=4)
    >>> layer.build((2,))
    (1,)
    >>> layer.W[...] = [[1.0], [10.0], [100.0], [1000.0]]
    >>> layer.forward(np.array([[0, 2], [1, 3]])).ravel()
    array([ 101., 1010.])
    """

    takes_indices = True

    def __init__(self, units: int, columns: int, **dense: Any) -> None:
        super().__init__(units, **dense)
        self.columns = positive_int("columns", columns)

    def setup(self, input_shape: Shape) -> Shape:
        """Ask for W (columns, units) and b (units,)."""
        if len(input_shape) != 1:
            raise ValueError(f"SparseDense takes samples of shape (active,), got {input_shape}")
        self.add_kernel((self.columns, self.units))
        return (self.units,)

    def settings(self) -> dict[str, Any]:
        """Return the constructor's arguments, as the layer holds them."""
        names = [name for name in vars(self) if name.startswith(("kernel_", "bias_", "use_"))]
        return {name: getattr(self, name) for name in ("units", "columns", *names)}

    def forward(self, X: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the sum of the rows of W that each sample names, + b."""
        self.X = check_indices(X, self.columns)
        s = self.W[X[:, 0]]
        for column in X.T[1:]:
            s += self.W[column]
        if self.use_bias:
            s += self.b
        return s

    def parameter_gradients(self, G: np.ndarray) -> None:
        """Add each sample's G to the rows of dL/dW that it named; dL/db = Σ G."""
        scatter_add(self.X, G[:, None, :], out=self.dW)
        if self.use_bias:
            np.sum(G, axis=0, out=self.db)

    def backward(self, G: np.ndarray) -> np.ndarray:
        """Write the parameters' gradients and return zeros: an index has no gradient."""
        self.parameter_gradients(G)
        return np.zeros(self.X.shape, G.dtype)


class Embedding(Layer):
    """A table of vectors, looked up by index: (n, m) integers become (n, m, units).

    Parameters
    ----------
    columns
        Number of vectors in the table; indices are 0..columns-1.
    units
        Length of each vector.
    initializer
        Name or initializer of the table.

    Examples
    --------
    >>> layer = Embedding(3, 2)
    >>> layer.build((1,))
    (1, 2)
    >>> layer.W[...] = [[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]]
    >>> layer.forward(np.array([[2], [0]]))
    array([[[2. , 2.5]],
    <BLANKLINE>
           [[0. , 0.5]]])
    """

    takes_indices = True
    W: np.ndarray
    dW: np.ndarray

    def __init__(self, columns: int, units: int, initializer: str | Initializer = "random_uniform") -> None:
        self.columns = positive_int("columns", columns)
        self.units = positive_int("units", units)
        self.initializer = get_initializer(initializer)

    def setup(self, input_shape: Shape) -> Shape:
        """Ask for W (columns, units)."""
        self.add("W", (self.columns, self.units), lambda shape: self.initializer(shape, self.rng))
        return (*input_shape, self.units)

    def forward(self, X: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the vectors that the indices name."""
        self.X = check_indices(X, self.columns)
        return self.W[X]

    def parameter_gradients(self, G: np.ndarray) -> None:
        """Add G to the rows that were looked up."""
        scatter_add(self.X, G, out=self.dW)

    def backward(self, G: np.ndarray) -> np.ndarray:
        """Write the table's gradient and return zeros: an index has no gradient."""
        self.parameter_gradients(G)
        return np.zeros(self.X.shape, G.dtype)


def scatter_add(rows: np.ndarray, values: np.ndarray, out: np.ndarray) -> None:
    """Let out[r] = Σ of the values whose row is r, and 0 where there is none.

    `rows` has any shape, `values` that shape (or one that stretches to it) plus the length of a row of `out`.
    `np.bincount` over the flat cells adds in float64 and is faster than `np.add.at`.

    Examples
    --------
    >>> out = np.empty((3, 2))
    >>> scatter_add(np.array([0, 2, 0]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), out)
    >>> out
    array([[6., 8.],
           [0., 0.],
           [3., 4.]])
    """
    width = out.shape[1]
    cells = rows[..., None] * width + np.arange(width)
    weights = np.broadcast_to(values, cells.shape)
    out[...] = np.bincount(cells.ravel(), weights.ravel(), out.size).reshape(out.shape)


def check_indices(X: np.ndarray, columns: int) -> np.ndarray:
    """Return `X` if it holds integers in 0..columns-1."""
    if X.dtype.kind not in "iu":
        raise TypeError(f"indices must be integers, got dtype {X.dtype}: write X.astype(int)")
    if X.size and (X.min() < 0 or X.max() >= columns):
        row = int(np.argwhere((X < 0) | (columns <= X))[0][0])
        raise ValueError(f"indices must lie in 0..{columns - 1}, got {X[row].tolist()} at row {row}")
    return X
