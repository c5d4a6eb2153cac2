"""Activations on tensors: PyTorch's own functions wherever they are the book's, derivatives by autograd.

=================  ==========================================  ===============================================
name               PyTorch                                     why not simply `torch.nn`
=================  ==========================================  ===============================================
`relu`, `elu`,     `torch.relu`, `F.elu`, `F.selu`,
`selu`, `sigmoid`  `torch.sigmoid`
`tanh`, `softmax`  `torch.tanh`, `torch.softmax`, …
`leaky_relu`       `F.leaky_relu(slope=0.1)`                   PyTorch's slope is 0.01
`softplus`         `F.softplus(threshold=40)`                  PyTorch's is a straight line beyond 20
`softsign`         `F.softsign`                                ±1 at ±inf, where PyTorch has NaN
`hard_sigmoid`     `F.hardtanh` of 0.2s + 0.5                  PyTorch's slope is 1/6
=================  ==========================================  ===============================================

Examples
--------
>>> relu(torch.tensor([-1.0, 0.0, 2.0])), relu.derivative(torch.tensor([-1.0, 0.0, 2.0]))
(tensor([0., 0., 2.]), tensor([0., 0., 1.]))
>>> relu([-1.0, 2.0])                                     # no tensor: the reference itself
array([0., 2.])
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.accelerated.twins import twin
from course_lib.reference import activations as reference
from course_lib.reference.activations import ActivationFunction

__all__ = [
    "ACTIVATIONS", "ELU", "KINDS", "SELU", "Exponential", "HardSigmoid", "LeakyReLU", "Linear", "LogSoftmax",
    "OnTensors", "ReLU", "Sigmoid", "Softmax", "Softplus", "Softsign", "Tanh", "elu", "exponential",
    "get_activation", "hard_sigmoid", "leaky_relu", "linear", "log_softmax", "log_sum_exp", "max_star", "relu",
    "selu", "sigmoid", "softmax", "softplus", "softsign", "tanh",
]  # fmt: skip


class OnTensors:
    """What the activations here add to the reference's: `outputs(s)` for a tensor `s`.

    Examples
    --------
    >>> class Cube(OnTensors, ActivationFunction):
    ...     def outputs(self, s):
    ...         return s**3
    >>> s = torch.tensor([2.0])
    >>> Cube().backward(s, Cube()(s), torch.ones(1))
    tensor([12.])
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return the outputs for a floating tensor `s`; autograd finds the way back."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it does with tensors: write outputs(s)")

    def __call__(self, s: Any) -> Any:
        """Return the outputs `a`, of the shape and dtype of `s`."""
        return self.outputs(s) if isinstance(s, Tensor) else super().__call__(s)  # type: ignore[misc]

    def derivative(self, s: Any) -> Any:
        """Return da/ds, entry by entry."""
        if isinstance(s, Tensor):
            return self.backward(s, None, torch.ones_like(s))
        return super().derivative(s)  # type: ignore[misc]

    def backward(self, s: Any, a: Any, G: Any) -> Any:
        """Return dL/ds from G = dL/da."""
        if isinstance(s, Tensor):
            return torch.func.vjp(self.outputs, s)[1](G)[0]
        return super().backward(s, a, G)  # type: ignore[misc]


class Linear(OnTensors, reference.Linear):
    """a = s.

    Examples
    --------
    >>> Linear()(torch.tensor([-1.0, 2.0]))
    tensor([-1.,  2.])
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return s."""
        return s


class Sigmoid(OnTensors, reference.Sigmoid):
    """1/(1 + e⁻ˢ): `torch.sigmoid`.

    Examples
    --------
    >>> Sigmoid()(torch.tensor([-1000.0, 0.0, 1000.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return σ(s)."""
        return torch.sigmoid(s)


class Tanh(OnTensors, reference.Tanh):
    """The hyperbolic tangent: `torch.tanh`.

    Examples
    --------
    >>> Tanh()(torch.zeros(1)), Tanh().derivative(torch.zeros(1))
    (tensor([0.]), tensor([1.]))
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return tanh(s)."""
        return torch.tanh(s)


class ReLU(OnTensors, reference.ReLU):
    """max(0, s), slope 0 at 0: `torch.relu`.

    Examples
    --------
    >>> ReLU().derivative(torch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 1.])
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return max(0, s)."""
        return torch.relu(s)


class LeakyReLU(OnTensors, reference.LeakyReLU):
    """s or slope·s: `F.leaky_relu`, with a slope of 0.1.

    Examples
    --------
    >>> LeakyReLU(0.1)(torch.tensor([-2.0, 3.0]))
    tensor([-0.2000,  3.0000])
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return max(s, slope·s)."""
        return F.leaky_relu(s, self.negative_slope)


class ELU(OnTensors, reference.ELU):
    """s or α(eˢ - 1): `F.elu`.

    Examples
    --------
    >>> ELU()(torch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return s for s > 0, else α(eˢ - 1)."""
        return F.elu(s, self.alpha)


class SELU(OnTensors, reference.SELU):
    """λ·ELU with the two constants: `F.selu`.

    Examples
    --------
    >>> SELU()(torch.tensor([-1.0, 1.0]))
    tensor([-1.1113,  1.0507])
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return λ·ELU(s; α)."""
        return F.selu(s)


class Softplus(OnTensors, reference.Softplus):
    """ln(1 + eˢ): `F.softplus`, linear only beyond 40, where the difference is below any float.

    Examples
    --------
    >>> Softplus()(torch.tensor([0.0, 1000.0]))
    tensor([6.9315e-01, 1.0000e+03])
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return ln(1 + eˢ)."""
        return F.softplus(s, threshold=40)


class Softsign(OnTensors, reference.Softsign):
    """s/(1 + |s|): `F.softsign`, and ±1 at ±inf.

    Examples
    --------
    >>> Softsign()(torch.tensor([-3.0, torch.inf]))
    tensor([-0.7500,  1.0000])
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return s/(1 + |s|)."""
        infinite = torch.isinf(s)
        return torch.where(infinite, torch.sign(s), F.softsign(torch.where(infinite, 0.0, s)))


class Exponential(OnTensors, reference.Exponential):
    """eˢ: `torch.exp`.

    Examples
    --------
    >>> Exponential()(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return eˢ."""
        return torch.exp(s)


class HardSigmoid(OnTensors, reference.HardSigmoid):
    """clip(0.2s + 0.5, 0, 1), slope 0 at both ends: `F.hardtanh` between 0 and 1.

    Examples
    --------
    >>> HardSigmoid()(torch.tensor([-3.0, 0.0, 1.0]))
    tensor([0.0000, 0.5000, 0.7000])
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return clip(0.2s + 0.5, 0, 1)."""
        return F.hardtanh(self.steepness * s + 0.5, 0.0, 1.0)


class Softmax(OnTensors, reference.Softmax):
    """eˢ/Σeˢ along the last axis: `torch.softmax`.

    Examples
    --------
    >>> Softmax().jacobian(torch.zeros(2))
    tensor([[ 0.2500, -0.2500],
            [-0.2500,  0.2500]])
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return eˢ over its row sum."""
        return torch.softmax(s, -1)

    def jacobian(self, s: Any) -> Any:
        """Return the (k, k) matrix of derivatives for one vector `s` (k,)."""
        return torch.func.jacrev(self.outputs)(s) if isinstance(s, Tensor) else super().jacobian(s)


class LogSoftmax(OnTensors, reference.LogSoftmax):
    """s - ln Σeˢ along the last axis: `torch.log_softmax`.

    Examples
    --------
    >>> LogSoftmax()(torch.zeros(2))
    tensor([-0.6931, -0.6931])
    """

    def outputs(self, s: Tensor) -> Tensor:
        """Return s - K(s)."""
        return torch.log_softmax(s, -1)


linear, sigmoid, tanh, relu, leaky_relu, elu, selu = (
    Linear(), Sigmoid(), Tanh(), ReLU(), LeakyReLU(), ELU(), SELU()
)  # fmt: skip
softplus, softsign, exponential, hard_sigmoid, softmax = Softplus(), Softsign(), Exponential(), HardSigmoid(), Softmax()

ACTIVATIONS: dict[str, ActivationFunction] = {
    function.name: function
    for function in (
        linear, sigmoid, tanh, relu, leaky_relu, elu, selu, softplus, softsign, hard_sigmoid,
        exponential, softmax, LogSoftmax(),
    )
}  # fmt: skip
KINDS: dict[str, type] = {type(function).__name__: type(function) for function in ACTIVATIONS.values()}
OWN = "An activation of your own derives from accelerated.activations.OnTensors too and writes outputs(s)"


def get_activation(activation: str | ActivationFunction | None) -> Any:
    """Return the activation of that name, the twin of a reference activation, or the object itself; None is linear.

    Examples
    --------
    >>> get_activation("tanh")(torch.zeros(1)), get_activation(reference.LeakyReLU(0.5))(-torch.ones(1))
    (tensor([0.]), tensor([-0.5000]))
    """
    found = reference.get_activation(activation)
    return found if isinstance(found, OnTensors) else twin(found, KINDS, "activation", OWN)


def log_sum_exp(s: Any, axis: int = -1) -> Any:
    """Return ln Σ eˢ along `axis`: `torch.logsumexp`.

    Examples
    --------
    >>> log_sum_exp(torch.tensor([1e4, 1e4]))
    tensor(10000.6934)
    """
    return torch.logsumexp(s, axis) if isinstance(s, Tensor) else reference.log_sum_exp(s, axis)


def max_star(x: Any, y: Any) -> Any:
    """Return ln(eˣ + eʸ): `torch.logaddexp`.

    Examples
    --------
    >>> max_star(torch.zeros(1), torch.zeros(1))
    tensor([0.6931])
    """
    return torch.logaddexp(x, y) if isinstance(x, Tensor) else reference.max_star(x, y)


def log_softmax(s: Any, axis: int = -1) -> Any:
    """Return s - ln Σ eˢ along `axis`: `torch.log_softmax`.

    Examples
    --------
    >>> log_softmax(torch.zeros(2))
    tensor([-0.6931, -0.6931])
    """
    return torch.log_softmax(s, axis) if isinstance(s, Tensor) else reference.log_softmax(s, axis)
