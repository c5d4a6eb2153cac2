"""What a layer is: `forward(X, training)` and `backward(G)` side by side, and the arrays it owns.

A layer is built once its input shape is known. It then owns parameters (`W`), their gradients (`dW`) and perhaps
state that is not trained (running means). On its own it allocates them itself; inside a `Network` they are views
into the network's flat vectors.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_lib.validation import as_generator

Shape = tuple[int, ...]


@dataclass
class Parameter:
    """One trained array of a layer, and what it is to be kept small by.

    Examples
    --------
    >>> Parameter("W", np.zeros((2, 3)))
    Parameter(name='W', regularizer=None, constraint=None)
    """

    name: str
    value: np.ndarray = field(repr=False)
    regularizer: Any = None
    constraint: Any = None


class Layer:
    """Base class of all layers.

    A subclass writes `setup` (which arrays it needs, what shape comes out), `forward` and `backward`.

    Attributes
    ----------
    input_shape, output_shape
        Shapes of one sample, without the batch axis; known after `build`.
    parameters
        The trained arrays by name; array `W` is also the attribute `W`, its gradient the attribute `dW`.
    state
        Arrays that are saved but not trained, by name.

    Examples
    --------
    >>> class Scale(Layer):
    ...     def setup(self, input_shape):
    ...         self.add("gamma", input_shape, np.ones)
    ...         return input_shape
    ...     def forward(self, X, training=False):
    ...         self.X = X
    ...         return X * self.gamma
    ...     def parameter_gradients(self, G):
    ...         self.dgamma[...] = (G * self.X).sum(axis=0)
    ...     def backward(self, G):
    ...         self.parameter_gradients(G)
    ...         return G * self.gamma
    >>> layer = Scale()
    >>> layer.build((3,))
    (3,)
    >>> layer.forward(np.array([[1.0, 2.0, 3.0]]))
    array([[1., 2., 3.]])
    """

    input_shape: Shape = ()
    output_shape: Shape = ()
    takes_indices = False  # the input holds integers that name columns, not numbers

    # What a subclass writes

    def setup(self, input_shape: Shape) -> Shape:
        """Ask for arrays with `add` and `add_state`; return the shape of one output sample."""
        return input_shape

    def forward(self, X: np.ndarray, training: bool = False) -> np.ndarray:
        """Return the outputs of a batch and keep what `backward` needs."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(X, training)")

    def backward(self, G: np.ndarray) -> np.ndarray:
        """Return dL/dX for the last batch from G = dL/d(output), after `parameter_gradients(G)`."""
        raise NotImplementedError(f"{type(self).__name__} must define backward(G)")

    def parameter_gradients(self, G: np.ndarray) -> None:
        """Write the gradients of the layer's own parameters; all that the first layer of a network has to do."""

    # What a network calls

    def build(self, input_shape: Shape, seed: int | np.random.Generator = 0, dtype: Any = np.float64) -> Shape:
        """Make the layer's arrays for samples of `input_shape` and return the shape of its outputs."""
        self.input_shape = tuple(int(n) for n in input_shape)
        self.rng = as_generator(seed)
        self.dtype = np.dtype(dtype)
        self.parameters: dict[str, Parameter] = {}
        self.state: dict[str, np.ndarray] = {}
        self.output_shape = self.setup(self.input_shape)
        return self.output_shape

    def add(
        self,
        name: str,
        shape: Shape,
        initial: Callable[[Shape], np.ndarray],
        regularizer: Any = None,
        constraint: Any = None,
    ) -> None:
        """Make the trained array `name`, with the values `initial(shape)`, and its gradient `d<name>`."""
        value = np.asarray(initial(shape)).astype(self.dtype)
        self.parameters[name] = Parameter(name, value, regularizer, constraint)
        self.bind(name, value, np.zeros_like(value))

    def add_state(self, name: str, value: np.ndarray) -> None:
        """Make the array `name`, which is saved with the layer but not trained."""
        self.bind_state(name, value.astype(self.dtype))

    def bind(self, name: str, value: np.ndarray, gradient: np.ndarray) -> None:
        """Let parameter `name` and its gradient live in these arrays from now on."""
        self.parameters[name].value = value
        setattr(self, name, value)
        setattr(self, "d" + name, gradient)

    def bind_state(self, name: str, value: np.ndarray) -> None:
        """Let the state array `name` live in this array from now on."""
        self.state[name] = value
        setattr(self, name, value)

    def __getattr__(self, name: str) -> np.ndarray:
        # Reached only for what is not there: the arrays of a layer that has not been built.
        if name.startswith("__") or name in ("parameters", "state"):
            raise AttributeError(name)
        raise AttributeError(
            f"{type(self).__name__} has no {name!r}"
            + ("" if self.output_shape else ": it is not built yet; call build(input_shape) or put it into a Network")
        )

    def settings(self) -> dict[str, Any]:
        """Return the constructor's arguments, as the layer holds them."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.settings().items())})"


def positive_int(name: str, value: Any) -> int:
    """Return `value` if it is a whole number >= 1.

    Examples
    --------
    >>> positive_int("units", 0)
    Traceback (most recent call last):
    ...
    ValueError: units must be a whole number >= 1, got 0
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be a whole number >= 1, got {value!r}")
    return int(value)
