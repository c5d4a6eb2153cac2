"""Layers on tensors: what each computes from its input and its arrays, as a pure function; autograd does the rest.

A layer has the settings, the checks and the first weights of its reference. In a network it holds views of the flat
tensors; what a training step calls is `outputs(X, values)`, with the arrays as an argument, so that one formula
serves a network, its compiled step, and a whole ensemble of networks (`torch.func.vmap`).

Examples
--------
>>> layer = Dense(2, kernel_initializer="ones")
>>> layer.build((3,))
(2,)
>>> layer.forward(torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64))
tensor([[6., 6.]], dtype=torch.float64)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.accelerated.activations import get_activation
from course_lib.accelerated.regularizers import get_constraint, get_regularizer
from course_lib.reference import layers as reference
from course_lib.reference.layers.sparse import check_indices
from course_lib.validation import unknown_name

__all__ = [
    "KINDS", "Activation", "BatchNormalization", "Dense", "Dropout", "Embedding", "Flatten", "Layer", "Maxout",
    "Rescaling", "SparseDense", "get_layer",
]  # fmt: skip

Values = Mapping[str, Tensor]


class Layer(reference.Layer):
    """Base class of the layers on tensors: a subclass writes `setup`, as for the reference, and `outputs`.

    Examples
    --------
    >>> class Scale(Layer):
    ...     def setup(self, input_shape):
    ...         self.add("gamma", input_shape, np.ones)
    ...         return input_shape
    ...     def outputs(self, X, values, training=False, mask=None):
    ...         return X * values["gamma"]
    >>> Scale().outputs(torch.ones(2, 1), {"gamma": torch.tensor([3.0])})
    tensor([[3.],
            [3.]])
    """

    def outputs(self, X: Tensor, values: Values, training: bool = False, mask: Tensor | None = None) -> Tensor:
        """Return the outputs for a batch `X`, given the layer's arrays by name; nothing is kept or changed."""
        raise NotImplementedError(f"{type(self).__name__} must define outputs(X, values, training, mask)")

    def next_state(self, X: Tensor, values: Values) -> dict[str, Tensor]:
        """Return what the arrays of `state` become after a training step on `X`."""
        return {}

    def draw_mask(self, n: int, like: Tensor, generator: torch.Generator | None = None) -> Tensor | None:
        """Return what is drawn anew for each training batch of `n`, or None; dtype and device are those of `like`."""
        return None

    def forward(self, X: Any, training: bool = False, mask: Tensor | None = None) -> Any:
        """Return the outputs of a batch; `backward(G)` goes through the same computation."""
        if not isinstance(X, Tensor):
            return super().forward(X, training)
        own: dict[str, Any] = {name: p.value for name, p in getattr(self, "parameters", {}).items()}
        names = list(own)
        tensors = {name: torch.as_tensor(value) for name, value in (own | getattr(self, "state", {})).items()}
        if training and mask is None:
            mask = self.draw_mask(len(X), X)

        def run(X: Tensor, *arrays: Tensor) -> Tensor:
            return self.outputs(X, tensors | dict(zip(names, arrays, strict=True)), training, mask)

        arrays = [tensors[name] for name in names]
        if X.is_floating_point():
            a, self._pull = torch.func.vjp(run, X, *arrays)
        else:  # indices have no gradient
            a, pull = torch.func.vjp(lambda *arrays: run(X, *arrays), *arrays)
            self._pull = lambda G: (torch.zeros(X.shape, dtype=G.dtype), *pull(G))
        if training:
            self._move({name: value.detach() for name, value in self.next_state(X, tensors).items()})
        return a

    def backward(self, G: Any) -> Any:
        """Return dL/dX for the last batch from G = dL/d(output) and write the gradients of the layer's own arrays."""
        if not isinstance(G, Tensor):
            return super().backward(G)
        dX, *gradients = self._pull(G)
        for name, gradient in zip(getattr(self, "parameters", {}), gradients, strict=True):
            torch.as_tensor(getattr(self, "d" + name)).copy_(gradient)
        return dX

    def _move(self, state: Mapping[str, Tensor]) -> None:
        for name, value in state.items():
            torch.as_tensor(self.state[name]).copy_(value)


class Dense(Layer, reference.Dense):
    """s = XW + b: `torch.addmm`.

    Examples
    --------
    >>> Dense(1).outputs(torch.ones(1, 2), {"W": torch.ones(2, 1), "b": torch.ones(1)})
    tensor([[3.]])
    """

    def outputs(self, X: Tensor, values: Values, training: bool = False, mask: Tensor | None = None) -> Tensor:
        """Return XW + b."""
        return torch.addmm(values["b"], X, values["W"]) if self.use_bias else X @ values["W"]


class Activation(Layer, reference.Activation):
    """a = f(s), f any of `course_lib.accelerated.activations`.

    Examples
    --------
    >>> Activation("relu").forward(torch.tensor([[-1.0, 2.0]]))
    tensor([[0., 2.]])
    """

    function: Any

    def __init__(self, function: Any) -> None:
        self.function = get_activation(function)

    def outputs(self, X: Tensor, values: Values, training: bool = False, mask: Tensor | None = None) -> Tensor:
        """Return f(s)."""
        return self.function.outputs(X)


class Flatten(Layer, reference.Flatten):
    """One row a sample: `torch.flatten`.

    Examples
    --------
    >>> Flatten().forward(torch.zeros(5, 28, 28)).shape
    torch.Size([5, 784])
    """

    def outputs(self, X: Tensor, values: Values, training: bool = False, mask: Tensor | None = None) -> Tensor:
        """Return the samples as rows."""
        return X.flatten(1)


class Rescaling(Layer, reference.Rescaling):
    """scale·X + offset; the samples in memory stay bytes.

    Examples
    --------
    >>> Rescaling(1 / 255).forward(torch.tensor([[51.0]]))
    tensor([[0.2000]])
    """

    def outputs(self, X: Tensor, values: Values, training: bool = False, mask: Tensor | None = None) -> Tensor:
        """Return scale·X + offset."""
        return X * self.scale + self.offset if self.offset else X * self.scale


class Dropout(Layer, reference.Dropout):
    """X times a mask while training; the mask is an argument, drawn with `draw_mask`.

    `F.dropout` draws and scales in one call, so that nobody could pass the same mask to two networks.

    Examples
    --------
    >>> Dropout(0.5).outputs(torch.ones(1, 3), {}, training=True, mask=torch.tensor([[2.0, 0.0, 2.0]]))
    tensor([[2., 0., 2.]])
    """

    def draw_mask(self, n: int, like: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return the mask of a batch: 0 where a value is dropped, else 1, or 1/(1−rate) if inverted."""
        keep = 1.0 - self.rate
        kept = torch.rand((n, *self.input_shape), generator=generator, device=like.device) < keep
        return kept.to(like.dtype) / keep if self.inverted else kept.to(like.dtype)

    def outputs(self, X: Tensor, values: Values, training: bool = False, mask: Tensor | None = None) -> Tensor:
        """Return X times the mask, or what replaces it in prediction."""
        if training:
            return X * mask
        return X if self.inverted else X * (1.0 - self.rate)


class BatchNormalization(Layer, reference.BatchNormalization):
    """γ(X − mean)/√(var + ε) + β; `F.batch_norm` moves its statistics as a side effect, this one does not.

    Examples
    --------
    >>> values = {"gamma": torch.ones(1), "beta": torch.zeros(1)}
    >>> BatchNormalization().outputs(torch.tensor([[1.0], [3.0]]), values, training=True).ravel()
    tensor([-1.0000,  1.0000])
    """

    def outputs(self, X: Tensor, values: Values, training: bool = False, mask: Tensor | None = None) -> Tensor:
        """Return γx̂ + β."""
        if training:
            var, mean = torch.var_mean(X, 0, correction=0)
        else:
            mean, var = values["running_mean"], values["running_var"]
        return values["gamma"] * ((X - mean) * torch.rsqrt(var + self.epsilon)) + values["beta"]

    def next_state(self, X: Tensor, values: Values) -> dict[str, Tensor]:
        """Return the statistics, moved towards those of the batch."""
        n = len(X)
        if self.unbiased and n < 2:
            self.move_statistics(np.zeros(1), np.zeros(1), n)  # raises the reference's error
        var, mean = torch.var_mean(X, 0, correction=1 if self.unbiased else 0)
        batch = {"running_mean": mean, "running_var": var}
        return {name: values[name] + self.momentum * (new - values[name]) for name, new in batch.items()}


class Maxout(Layer, reference.Maxout):
    """The largest of several affine maps: `torch.max` over the pieces.

    Examples
    --------
    >>> values = {"W": torch.tensor([[1.0, -1.0]]), "b": torch.zeros(2)}        # |x|
    >>> Maxout(1, pieces=2).outputs(torch.tensor([[3.0], [-4.0]]), values).ravel()
    tensor([3., 4.])
    """

    def outputs(self, X: Tensor, values: Values, training: bool = False, mask: Tensor | None = None) -> Tensor:
        """Return the largest piece of each unit."""
        s = torch.addmm(values["b"], X, values["W"])
        return s.reshape(len(X), self.units, self.pieces).max(2).values


class SparseDense(Layer, reference.SparseDense):
    """The rows of W that each sample names, summed: `F.embedding`.

    Examples
    --------
    >>> values = {"W": torch.tensor([[1.0], [10.0], [100.0]]), "b": torch.zeros(1)}
    >>> SparseDense(1, columns=3).outputs(torch.tensor([[0, 2]]), values)
    tensor([[101.]])
    """

    def outputs(self, X: Tensor, values: Values, training: bool = False, mask: Tensor | None = None) -> Tensor:
        """Return the sum of the rows of W, + b."""
        s = F.embedding(X, values["W"]).sum(1)
        return s + values["b"] if self.use_bias else s


class Embedding(Layer, reference.Embedding):
    """A table of vectors, looked up by index: `F.embedding`.

    Examples
    --------
    >>> Embedding(3, 1).outputs(torch.tensor([[2, 0]]), {"W": torch.tensor([[0.0], [1.0], [2.0]])}).ravel()
    tensor([2., 0.])
    """

    def outputs(self, X: Tensor, values: Values, training: bool = False, mask: Tensor | None = None) -> Tensor:
        """Return the vectors that the indices name."""
        return F.embedding(X, values["W"])


KINDS: dict[str, type[Layer]] = {
    kind.__name__: kind
    for kind in (Dense, Activation, Flatten, Rescaling, Dropout, BatchNormalization, Maxout, SparseDense, Embedding)
}


def get_layer(layer: reference.Layer) -> Layer:
    """Return a layer on tensors with the settings of a reference layer, or the object itself.

    Its regularizers and constraints come over, too.

    Examples
    --------
    >>> get_layer(reference.Dropout(0.5))
    Dropout(rate=0.5, inverted=True)
    """
    if not isinstance(layer, Layer):
        if type(layer).__name__ not in KINDS or not isinstance(layer, reference.Layer):
            raise TypeError(
                f"{unknown_name('layer', type(layer).__name__, KINDS)}. A layer of your own derives from "
                "accelerated.layers.Layer and writes setup(input_shape) and outputs(X, values, training, mask)"
            )
        layer = KINDS[type(layer).__name__](**layer.settings())
    for name, convert in (
        ("kernel_regularizer", get_regularizer),
        ("bias_regularizer", get_regularizer),
        ("kernel_constraint", get_constraint),
    ):
        if hasattr(layer, name):
            setattr(layer, name, convert(getattr(layer, name)))
    return layer


def check_first(layer: Layer, X: np.ndarray) -> np.ndarray:
    """Return the samples `X` of a first layer that takes indices, checked once for a whole run.

    Examples
    --------
    >>> check_first(Embedding(3, 2), np.array([[0, 2]]))
    array([[0, 2]])
    """
    columns = getattr(layer, "columns", None)
    return X if columns is None else check_indices(X, columns)
