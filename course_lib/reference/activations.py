"""Every activation of the book: call it for the forward pass, `backward(s, a, G)` is beside it.

=====================  ==================================  =======================  =====================
name                   a(s)                                da/ds                    at the bend
=====================  ==================================  =======================  =====================
`linear`               s                                   1
`sigmoid`              1/(1 + e⁻ˢ)                         a(1 - a)
`tanh`                 2σ(2s) - 1                          1 - a²
`relu`                 max(0, s)                           1 or 0                   0 at 0
`leaky_relu`           s or slope·s                        1 or slope               slope at 0
`elu`                  s or α(eˢ - 1)                      1 or αeˢ                 α at 0
`selu`                 λ·elu                               λ or λαeˢ                λα at 0
`softplus`             ln(1 + eˢ)                          σ(s)
`softsign`             s/(1 + |s|)                         1/(1 + |s|)²
`hard_sigmoid`         clip(0.2s + 0.5, 0, 1)              0.2 or 0                 0 at ±2.5
`exponential`          eˢ                                  eˢ
`softmax`              eˢ/Σeˢ                              diag(a) - a aᵀ
`log_softmax`          s - ln Σeˢ                          I - 1 softmax(s)ᵀ
=====================  ==================================  =======================  =====================

(maxout has weights of its own and is a layer: `course_lib.reference.layers.Maxout`.)

Definitions that differ: the hard sigmoid of Keras 3 and PyTorch has slope 1/6, the decks' and older Keras's
0.2; the slope of leaky ReLU is 0.01 in PyTorch, 0.3 in Keras's layer, 0.2 in its function, and 0.1 here.

All are finite for |s| up to 1e4 in float32 (the exponential alone becomes +inf), keep a floating dtype, and
turn integers into float64.

Examples
--------
>>> relu([-1, 0, 2]), relu.derivative([-1, 0, 2])
(array([0., 0., 2.]), array([0., 0., 1.]))
>>> get_activation("sigmoid")([0.0])
array([0.5])
"""

from __future__ import annotations

from course_lib.reference._activation_base import ActivationFunction, Elementwise
from course_lib.reference._rectifiers import ELU, SELU, LeakyReLU, ReLU, elu, leaky_relu, relu, selu
from course_lib.reference._softmax import (
    LogSoftmax,
    Softmax,
    log_softmax,
    log_sum_exp,
    max_star,
    softmax,
)
from course_lib.reference._squashing import (
    Exponential,
    HardSigmoid,
    Linear,
    Sigmoid,
    Softplus,
    Softsign,
    Tanh,
    exponential,
    hard_sigmoid,
    linear,
    sigmoid,
    softplus,
    softsign,
    tanh,
)
from course_lib.validation import look_up

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "SELU",
    "ActivationFunction",
    "Elementwise",
    "Exponential",
    "HardSigmoid",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "elu",
    "exponential",
    "get_activation",
    "hard_sigmoid",
    "leaky_relu",
    "linear",
    "log_softmax",
    "log_sum_exp",
    "max_star",
    "relu",
    "selu",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

ACTIVATIONS: dict[str, ActivationFunction] = {
    function.name: function
    for function in (
        linear, sigmoid, tanh, relu, leaky_relu, elu, selu, softplus, softsign, hard_sigmoid,
        exponential, softmax, LogSoftmax(),
    )
}  # fmt: skip


def get_activation(activation: str | ActivationFunction | None) -> ActivationFunction:
    """Return the activation of that name, or the object itself; None is linear.

    Examples
    --------
    >>> get_activation("rleu")
    Traceback (most recent call last):
    ...
    ValueError: unknown activation 'rleu'; did you mean 'relu'? Known: elu, exponential, ...
    """
    return look_up("activation", "linear" if activation is None else activation, ACTIVATIONS, ActivationFunction)
