"""A network: layers in a row on one flat parameter vector and one flat gradient vector.

Each layer's arrays are views into the two vectors, so a backward pass fills the gradient vector in place and an
optimizer is a few lines on two vectors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from course_lib.reference.layers import Activation, Layer, Shape
from course_lib.reference.losses import Loss
from course_lib.reference.memory import aligned_zeros, by_columns
from course_lib.reference.optimizers import Optimizer
from course_lib.reference.saving import load_network, save_network
from course_lib.validation import as_generator, check_count


class Network:
    """A chain of layers.

    Parameters
    ----------
    layers
        The layers, first to last. A layer object belongs to one network.
    input_shape
        Shape of one sample, (features,) or an int; None: taken from the first batch.
    seed
        For the initial weights and for dropout.
    dtype
        float32 (fast) or float64 (for checking gradients).

    Attributes
    ----------
    parameters, gradient
        The flat vectors (size,).
    state
        Flat vector of what is saved but not trained, such as running means.

    Examples
    --------
    >>> from course_lib.reference.layers import Activation, Dense
    >>> from course_lib.reference.losses import SparseCategoricalCrossentropy
    >>> from course_lib.reference.optimizers import SGD
    >>> network = Network([Dense(16), Activation("relu"), Dense(3)], input_shape=2, seed=0)
    >>> network.parameters.shape                          # 2·16 + 16 + 16·3 + 3
    (99,)
    >>> X, y = np.eye(3, 2), np.arange(3)
    >>> loss, optimizer = SparseCategoricalCrossentropy(from_logits=True), SGD(0.5)
    >>> for _ in range(100):
    ...     outputs = network.train_batch(X, y, loss, optimizer)
    >>> network.predict(X).argmax(axis=1)
    array([0, 1, 2])
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: int | Shape | None = None,
        seed: int | np.random.Generator = 0,
        dtype: Any = np.float32,
    ) -> None:
        self.layers = list(layers)
        self.seed = seed
        as_generator(seed)
        self.dtype = check_dtype(dtype)
        self.input_shape: Shape | None = None
        self._batch: np.ndarray | None = None
        for place, layer in enumerate(self.layers):
            if not isinstance(layer, Layer):
                raise TypeError(f"layer {place} must be a Layer, got {layer!r}; functions go into Activation(...)")
        if not self.layers or len({id(layer) for layer in self.layers}) < len(self.layers):
            raise ValueError("a network needs at least one layer, and each layer object only once")
        if input_shape is not None:
            self.build(input_shape)

    def build(self, input_shape: int | Shape) -> None:
        """Draw the initial weights for samples of `input_shape` and lay them out in the flat vectors."""
        shape = tuple(input_shape) if isinstance(input_shape, (tuple, list)) else (input_shape,)
        shape = tuple(check_count("input_shape", n, 1) for n in shape)
        self.input_shape = shape
        rng = as_generator(self.seed)
        for layer in self.layers:
            shape = layer.build(shape, rng, self.dtype)
        self.output_shape = shape
        self.parameters = np.concatenate([p.value.ravel() for _, p in self._trained()] or [np.zeros(0, self.dtype)])
        self.state = np.concatenate([a.ravel() for layer in self.layers for a in layer.state.values()] or [np.zeros(0)])
        self._lay_out()

    def _trained(self) -> Iterator[tuple[Layer, Any]]:
        return ((layer, parameter) for layer in self.layers for parameter in layer.parameters.values())

    def _lay_out(self) -> None:
        """Make every layer's arrays views into the flat vectors."""
        values, state = self.parameters, self.state
        self.parameters = aligned_zeros(values.size, self.dtype)
        self.gradient = aligned_zeros(values.size, self.dtype)
        self.state = aligned_zeros(state.size, self.dtype)
        self.parameters[:], self.state[:] = values, state
        self.segments: list[slice] = []
        start = 0
        for layer, p in self._trained():
            part = slice(start, start + p.value.size)
            shape = p.value.shape
            layer.bind(p.name, self.parameters[part].reshape(shape), self.gradient[part].reshape(shape))
            self.segments.append(part)
            start = part.stop
        start = 0
        for layer in self.layers:
            for name, array in layer.state.items():
                layer.bind_state(name, self.state[start : start + array.size].reshape(array.shape))
                start += array.size
        self.regularized = [(layer, p) for layer, p in self._trained() if p.regularizer is not None]
        self.constrained = [p for _, p in self._trained() if p.constraint is not None]
        self.first = next((i for i, layer in enumerate(self.layers) if layer.parameters), len(self.layers))

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        # copy.deepcopy and pickle turn views into arrays of their own: make them views again.
        vars(self).update(attributes)
        if self.input_shape is not None:
            self._lay_out()

    # The two passes

    def forward(self, X: Any, training: bool = False) -> np.ndarray:
        """Return the outputs of a batch `X` (n, *input_shape) and keep what `backward` needs."""
        X = self.check_input(X)
        for layer in self.layers:
            X = layer.forward(X, training)
        return X

    def backward(self, G: np.ndarray) -> None:
        """Fill `gradient` for the last batch from G = dL/d(outputs), penalties included."""
        for layer in reversed(self.layers[self.first + 1 :]):
            G = layer.backward(G)
        for layer in self.layers[self.first : self.first + 1]:  # nobody asks for its dL/dX, the dearest product
            layer.parameter_gradients(G)
        for layer, p in self.regularized:
            gradient = getattr(layer, "d" + p.name)
            gradient += p.regularizer.gradient(p.value)

    def penalty(self) -> float:
        """Return the sum of all regularizers' penalties."""
        return sum(float(p.regularizer(p.value)) for _, p in self.regularized)

    # What `training.fit` asks of a model

    def prepare(self, X: Any) -> np.ndarray:
        """Return the samples `X` as `forward` wants them, checked once for a whole run.

        Raises
        ------
        ValueError
            If an entry is not finite or the samples have the wrong shape.
        """
        X = np.asarray(X)
        if self.input_shape is None and X.ndim > 1:
            self.build(X.shape[1:])
        X = self.check_input(X)
        with np.errstate(all="ignore"):
            total = np.vdot(X, X) if X.flags.c_contiguous else X.sum()  # one pass, finite only if all entries are
        if not np.isfinite(total) and not np.isfinite(X).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(X))[0])
            raise ValueError(f"X must be finite, got {X[where]} at {where}: fill in or leave out such samples")
        return X

    def take(self, X: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return those rows of the prepared samples, in a buffer that the next call overwrites."""
        if self._batch is None or len(self._batch) < len(rows) or self._batch.dtype != X.dtype:
            self._batch = np.empty((len(rows), *X.shape[1:]), X.dtype)
        return np.take(X, rows, axis=0, out=self._batch[: len(rows)], mode="clip")  # other modes copy once more

    def train_batch(
        self, X: np.ndarray, y: np.ndarray, loss: Loss, optimizer: Optimizer, weights: np.ndarray | None = None
    ) -> np.ndarray:
        """Make one step on one batch; return the outputs from before the step."""
        a = self.forward(X, training=True)
        self.backward(loss.gradient(y, by_columns(a), weights))
        optimizer.step(self.parameters, self.gradient, self.segments)
        for p in self.constrained:
            p.value[...] = p.constraint(p.value)
        return a

    def predict(self, X: Any, batch_size: int = 1024) -> np.ndarray:
        """Return the outputs for `X` in prediction mode, computed batch by batch."""
        batch_size = check_count("batch_size", batch_size, 1)
        X = self.prepare(X)
        parts = [self.forward(X[i : i + batch_size]) for i in range(0, len(X), batch_size)]
        return self.collect(parts)

    def collect(self, outputs: Sequence[np.ndarray]) -> np.ndarray:
        """Return the outputs of several batches as one NumPy array."""
        return np.concatenate(outputs) if outputs else np.zeros((0, *self.output_shape), self.dtype)

    def get_weights(self) -> dict[str, np.ndarray]:
        """Return a copy of all that training changes."""
        return {"parameters": self.parameters.copy(), "state": self.state.copy()}

    def set_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Go back to what `get_weights` returned."""
        for name, own in (("parameters", self.parameters), ("state", self.state)):
            if name not in weights or weights[name].shape != own.shape:
                got = f"an array of shape {weights[name].shape}" if name in weights else "none"
                raise ValueError(f"this network has {own.size} {name} in a flat vector, got {got}")
            own[:] = weights[name]

    # For looking at it

    def loss_and_gradient(
        self, X: Any, y: Any, loss: Loss, weights: Any = None, training: bool = False
    ) -> tuple[float, np.ndarray]:
        """Return the loss with its penalties and a copy of the gradient by the flat parameters, without a step."""
        a = self.forward(X, training)
        self.backward(loss.gradient(y, a, weights))
        return loss(y, a, weights) + self.penalty(), self.gradient.copy()

    def named_parameters(self) -> dict[str, np.ndarray]:
        """Return the views by name, "0.W", "0.b", …: place of the layer, name of the array."""
        return {
            f"{place}.{name}": p.value
            for place, layer in enumerate(self.layers)
            for name, p in layer.parameters.items()
        }

    def summary(self) -> str:
        """Return a table of layers, output shapes and numbers of parameters, to be printed.

        Examples
        --------
        >>> from course_lib.reference.layers import Activation, Dense
        >>> print(Network([Dense(128), Activation("relu"), Dense(10)], input_shape=784).summary())
        layer                 output         parameters
        Dense                 (n, 128)          100,480
        Activation relu       (n, 128)                0
        Dense                 (n, 10)             1,290
        101,770 parameters, float32, 0.4 MB
        """
        self.check_built()
        lines = [f"{'layer':<22}{'output':<15}{'parameters':>10}"]
        for layer in self.layers:
            kind = type(layer).__name__ + (f" {layer.function.name}" if isinstance(layer, Activation) else "")
            shape = ", ".join(["n", *map(str, layer.output_shape)])
            size = sum(math.prod(p.value.shape) for p in layer.parameters.values())
            lines.append(f"{kind:<22}{f'({shape})':<15}{size:>10,}")
        total = len(self.parameters)
        state = f" + {len(self.state):,} not trained" if len(self.state) else ""
        lines.append(f"{total:,} parameters{state}, {self.dtype}, {self.parameters.nbytes / 1e6:.1f} MB")
        return "\n".join(lines)

    def draw(self) -> Any:
        """Return a matplotlib figure of the network: `course_lib.figures.network.draw_network`."""
        from course_lib.figures.network import draw_network

        return draw_network(self)

    # Save and load

    def save(self, path: str | PathLike[str], optimizer: Optimizer | None = None) -> None:
        """Write layers, weights and, if given, the optimizer's state to an `.npz` file; no pickle inside."""
        self.check_built()
        save_network(self, path, optimizer)

    @staticmethod
    def load(path: str | PathLike[str], optimizer: Optimizer | None = None, custom: Sequence[type] = ()) -> Network:
        """Return the network that `save` wrote; `optimizer` gets its state back; `custom` are classes of your own."""
        return load_network(path, optimizer, custom)

    # Checks

    def check_input(self, X: Any) -> np.ndarray:
        """Return the batch `X` in the network's dtype, or say what is wrong with its shape."""
        X = np.asarray(X)
        if self.input_shape is None and X.ndim > 1:
            self.build(X.shape[1:])
        if X.shape[1:] != self.input_shape or X.ndim == 0:
            expected = ", ".join(["n", *map(str, self.input_shape or ("features",))])
            raise ValueError(
                f"X must have shape ({expected}), got {X.shape}"
                + (": for one sample write X[None]" if X.shape == self.input_shape else "")
            )
        if self.layers[0].takes_indices:
            return X
        if X.dtype.kind not in "fiub":
            raise TypeError(f"X must hold real numbers, got dtype {X.dtype}")
        return X.astype(self.dtype, copy=False)

    def check_built(self) -> None:
        """Say what to do if there are no weights yet."""
        if self.input_shape is None:
            raise ValueError("the network is not built yet: give input_shape, or call build or forward first")

    def __repr__(self) -> str:
        return f"Network([{', '.join(map(repr, self.layers))}])"


def check_dtype(dtype: Any) -> np.dtype:
    """Return `dtype` as NumPy knows it, if it is float32 or float64.

    Examples
    --------
    >>> check_dtype("float16")
    Traceback (most recent call last):
    ...
    ValueError: dtype must be float32 or float64, got 'float16'
    """
    if dtype not in (np.dtype("float32"), np.dtype("float64")):
        raise ValueError(f"dtype must be float32 or float64, got {dtype!r}")
    return np.dtype(dtype)
