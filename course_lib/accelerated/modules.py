"""The course's layers as `torch.nn` modules, so that hooks, tracers and PyTorch's own optimizers can work on them.

>>> network = Network([Dense(8), Activation("tanh"), Dense(1)], 4, seed=0, device="cpu")
>>> module = as_module(network)
>>> [name for name, _ in module.named_parameters()]
['0.W', '0.b', '2.W', '2.b']
>>> X = torch.ones(3, 4)
>>> bool((module(X) == torch.from_numpy(network.predict(X.numpy()))).all())
True

The module's parameters are views of the network's flat vector: what either of them learns, the other knows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.accelerated.layers import Activation, Dense, get_layer
from course_lib.accelerated.network import Network
from course_lib.reference.layers import Layer

__all__ = ["Activation", "Dense", "LayerModule", "as_module"]


class LayerModule(nn.Module):
    """One layer of the course with its arrays: trained ones are parameters, running means are buffers.

    Parameters
    ----------
    layer
        A built layer.
    values
        Its tensors by name, trained ones and state.

    Examples
    --------
    >>> module = LayerModule.build(Dense(2, kernel_initializer="ones"), (3,))
    >>> module(torch.tensor([[1.0, 2.0, 3.0]])).tolist(), module.kind
    ([[6.0, 6.0]], 'Dense')
    """

    def __init__(self, layer: Layer, values: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.layer = get_layer(layer)
        for name, value in values.items():
            if name in layer.parameters:
                self.register_parameter(name, nn.Parameter(value))
            else:
                self.register_buffer(name, value)

    @classmethod
    def build(
        cls,
        layer: Layer,
        input_shape: tuple[int, ...],
        seed: int | np.random.Generator = 0,
        dtype: torch.dtype = torch.float32,
        device: str | torch.device = "cpu",
    ) -> LayerModule:
        """Return the layer with weights drawn for samples of `input_shape`, as a network of the course draws them."""
        layer = get_layer(layer)
        layer.build(input_shape, seed, np.dtype(str(dtype).removeprefix("torch.")))
        arrays = {name: p.value for name, p in layer.parameters.items()} | layer.state
        return cls(layer, {name: torch.from_numpy(np.array(a)).to(device) for name, a in arrays.items()})

    @property
    def kind(self) -> str:
        """Class of the layer, and of an `Activation` its function."""
        return type(self.layer).__name__ + (
            f" {self.layer.function.name}" if isinstance(self.layer, Activation) else ""
        )

    def forward(self, X: Tensor) -> Tensor:
        """Return the layer's outputs; in training mode dropout draws from PyTorch's generator."""
        values: dict[str, Tensor] = dict(self.named_parameters()) | dict(self.named_buffers())
        mask = self.layer.draw_mask(X.shape[0], X) if self.training else None  # len(X) would fix the size in a trace
        outputs = self.layer.outputs(X, values, self.training, mask)
        if self.training:
            with torch.no_grad():
                for name, value in self.layer.next_state(X, values).items():
                    values[name].copy_(value)
        return outputs

    def extra_repr(self) -> str:
        """Return what `print` shows of it."""
        return repr(self.layer)


def as_module(network: Network) -> nn.Sequential:
    """Return the network as a `torch.nn.Sequential` on the same weights, one module a layer.

    Examples
    --------
    >>> network = Network([Dense(1, kernel_initializer="zeros")], 2, device="cpu")
    >>> with torch.no_grad():
    ...     as_module(network)[0].W.fill_(3.0)
    Parameter containing:
    tensor([[3.],
            [3.]], requires_grad=True)
    >>> network.predict([[1.0, 1.0]]).item()
    6.0
    """
    network.check_built()
    parts = zip(network.layers, network.split(network.parameters), network.split_state(network.state), strict=True)
    modules = [LayerModule(layer, own | kept) for layer, own, kept in parts]
    return nn.Sequential(*modules).train(False)
