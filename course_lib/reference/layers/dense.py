"""The layers of a multi-layer perceptron: Dense, Activation, Flatten."""

from __future__ import annotations

import math

import numpy as np

from course_lib.reference.activations import ActivationFunction, get_activation
from course_lib.reference.initializers import Initializer, get_initializer
from course_lib.reference.layers.base import Layer, Shape, positive_int
from course_lib.reference.regularizers import Constraint, Regularizer, get_constraint, get_regularizer


class Dense(Layer):
    """The affine map s = XW + b; an `Activation` layer behind it bends it.

    X (n, fan_in), W (fan_in, units), b (units,), s (n, units). Backward, with G = dL/ds:
    dL/dX = G Wᵀ, dL/dW = Xᵀ G, dL/db = Σ G over the batch.

    Parameters
    ----------
    units
        Number of outputs.
    use_bias
        Whether to add b.
    kernel_initializer, bias_initializer
        Names or initializers of W and b (Keras' defaults; PyTorch draws both uniformly within ±1/√fan_in).
    kernel_regularizer, bias_regularizer
        Penalties on W and b, or None.
    kernel_constraint
        What W is put back to after each step, or None.

    Examples
    --------
    >>> layer = Dense(2, kernel_initializer="ones")
    >>> layer.build((3,))
    (2,)
    >>> layer.forward(np.array([[1.0, 2.0, 3.0]]))
    array([[6., 6.]])
    >>> layer.backward(np.array([[1.0, -2.0]]))
    array([[-1., -1., -1.]])
    >>> layer.dW, layer.db
    (array([[ 1., -2.],
           [ 2., -4.],
           [ 3., -6.]]), array([ 1., -2.]))
    """

    W: np.ndarray
    b: np.ndarray
    dW: np.ndarray
    db: np.ndarray

    def __init__(
        self,
        units: int,
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        kernel_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        kernel_constraint: str | Constraint | None = None,
    ) -> None:
        self.units = positive_int("units", units)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = get_initializer(kernel_initializer)
        self.bias_initializer = get_initializer(bias_initializer)
        self.kernel_regularizer = get_regularizer(kernel_regularizer)
        self.bias_regularizer = get_regularizer(bias_regularizer)
        self.kernel_constraint = get_constraint(kernel_constraint)

    def setup(self, input_shape: Shape) -> Shape:
        """Ask for W (fan_in, units) and b (units,)."""
        if len(input_shape) != 1:
            raise ValueError(f"Dense takes samples of shape (features,), got {input_shape}: put Flatten() before it")
        self.add_kernel((*input_shape, self.units))
        return (self.units,)

    def add_kernel(self, shape: Shape) -> None:
        """Ask for W of that shape and, if it is used, b."""
        self.add(
            "W",
            shape,
            lambda s: self.kernel_initializer(s, self.rng),
            self.kernel_regularizer,
            self.kernel_constraint,
        )
        if self.use_bias:
            self.add("b", shape[-1:], lambda s: self.bias_initializer(s, self.rng), self.bias_regularizer)

    def forward(self, X: np.ndarray, training: bool = False) -> np.ndarray:
        """Return XW + b."""
        self.X = X
        s = X @ self.W
        if self.use_bias:
            s += self.b
        return s

    def parameter_gradients(self, G: np.ndarray) -> None:
        """Write dL/dW = Xᵀ G and dL/db = Σ G."""
        np.matmul(self.X.T, G, out=self.dW)
        if self.use_bias:
            G.sum(axis=0, out=self.db)

    def backward(self, G: np.ndarray) -> np.ndarray:
        """Return dL/dX = G Wᵀ."""
        self.parameter_gradients(G)
        return G @ self.W.T


class Activation(Layer):
    """An activation as a layer of its own: a = f(s), dL/ds from G = dL/da by the function's own backward pass.

    Parameters
    ----------
    function
        Name or activation function.

    Examples
    --------
    >>> layer = Activation("relu")
    >>> layer.forward(np.array([[-1.0, 2.0]]))
    array([[0., 2.]])
    >>> layer.backward(np.array([[5.0, 5.0]]))
    array([[0., 5.]])
    """

    def __init__(self, function: str | ActivationFunction) -> None:
        self.function = get_activation(function)

    def forward(self, X: np.ndarray, training: bool = False) -> np.ndarray:
        """Return f(s), where `X` holds the pre-activations s."""
        self.s, self.a = X, self.function.forward(X)
        return self.a

    def backward(self, G: np.ndarray) -> np.ndarray:
        """Return dL/ds."""
        return self.function.backward(self.s, self.a, G)


class Flatten(Layer):
    """One row a sample, whatever its shape: (n, 28, 28) becomes (n, 784).

    Examples
    --------
    >>> Flatten().forward(np.zeros((5, 28, 28))).shape
    (5, 784)
    """

    def setup(self, input_shape: Shape) -> Shape:
        """Need no arrays."""
        return (math.prod(input_shape),)

    def forward(self, X: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the samples as rows."""
        self.shape = X.shape
        return X.reshape(len(X), -1)

    def backward(self, G: np.ndarray) -> np.ndarray:
        """Return G in the shape of the samples."""
        return G.reshape(self.shape)
