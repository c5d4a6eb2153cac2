"""Operations with a backward pass of one's own: `torch.autograd.Function`.

Autograd knows the derivative of every operation it offers. It has to be told where a formula of ours is better
than the chain rule applied to its pieces:

| function | forward | backward | why not leave it to autograd |
|---|---|---|---|
| `hard_sigmoid` | clip(0.2s + 0.5, 0, 1) | 0.2 or 0, 0 at the bends | autograd's `clamp` gives 0.2 at the bends |
| `softmax_crossentropy` | ln Σeˢ − s_m | softmax(s) − one-hot | one pass and one array instead of a chain of five |
| `sign` | ±1 | G where abs(s) ≤ 1 | the true derivative is 0: nothing would be learned |

Each class below has the two passes side by side, as the layers of `course_lib.reference` have: `forward` computes,
`setup_context` keeps what the way back needs, `backward` maps G = dL/d(output) to dL/d(input). Everything that
`backward` does is made of differentiable operations, so second derivatives work too.

Check every one of your own in float64, away from its bends:

>>> s = torch.tensor([-3.0, -1.0, 0.4, 2.7], dtype=torch.float64, requires_grad=True)
>>> torch.autograd.gradcheck(hard_sigmoid, s), torch.autograd.gradgradcheck(hard_sigmoid, s)
(True, True)
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

__all__ = [
    "HardSigmoidFunction",
    "SignFunction",
    "SoftmaxCrossentropyFunction",
    "hard_sigmoid",
    "sign",
    "softmax_crossentropy",
]


class HardSigmoidFunction(Function):
    """clip(steepness·s + 0.5, 0, 1); its derivative is `steepness` for abs(s) < 0.5/steepness, else 0.

    Used by ``HardSigmoidFunction.apply(s, steepness)`` or `hard_sigmoid`.

    Examples
    --------
    >>> s = torch.tensor([-2.5, 1.0], requires_grad=True)
    >>> HardSigmoidFunction.apply(s, 0.2).sum().backward()
    >>> s.grad
    tensor([0.0000, 0.2000])
    """

    generate_vmap_rule = True  # so that torch.func.vmap may run it for many networks at once

    @staticmethod
    def forward(s: Tensor, steepness: float) -> Tensor:
        """Return clip(steepness·s + 0.5, 0, 1)."""
        return (steepness * s + 0.5).clamp(0, 1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, float], output: Tensor) -> None:
        """Keep s: the bends are known by it."""
        s, ctx.steepness = inputs
        ctx.save_for_backward(s)

    @staticmethod
    def backward(ctx: Any, G: Tensor) -> tuple[Tensor, None]:
        """Return G·steepness between the bends and 0 elsewhere; `steepness` itself is not differentiated."""
        (s,) = ctx.saved_tensors
        return G * ctx.steepness * (s.abs() < 0.5 / ctx.steepness), None


def hard_sigmoid(s: Tensor, steepness: float = 0.2) -> Tensor:
    """Return clip(0.2s + 0.5, 0, 1), the piecewise linear sigmoid of the course (Courbariaux 2015).

    `torch.nn.functional.hardsigmoid` has the steepness 1/6.

    Examples
    --------
    >>> hard_sigmoid(torch.tensor([-3.0, 0.0, 1.0]))
    tensor([0.0000, 0.5000, 0.7000])
    """
    return HardSigmoidFunction.apply(s, steepness)


class SoftmaxCrossentropyFunction(Function):
    """The mean of ln Σeˢ − s_m over rows s (n, k) with labels m (n,); dL/ds = (softmax(s) − one-hot(m))/n.

    The forward pass keeps one array, the probabilities, and the backward pass is one subtraction.

    Examples
    --------
    >>> s = torch.zeros(2, 4, requires_grad=True)
    >>> SoftmaxCrossentropyFunction.apply(s, torch.tensor([0, 3])).backward()
    >>> s.grad
    tensor([[-0.3750,  0.1250,  0.1250,  0.1250],
            [ 0.1250,  0.1250,  0.1250, -0.3750]])
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(s: Tensor, labels: Tensor) -> Tensor:
        """Return the mean of ln Σeˢ − s_m."""
        return (s.logsumexp(-1) - s.gather(-1, labels[:, None])[:, 0]).mean()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        """Keep s and the labels."""
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, G: Tensor) -> tuple[Tensor, None]:
        """Return G·(softmax(s) − one-hot(m))/n."""
        s, labels = ctx.saved_tensors
        true = torch.zeros_like(s).scatter(-1, labels[:, None], 1.0)
        return G * (s.softmax(-1) - true) / s.shape[0], None


def softmax_crossentropy(s: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross-entropy of logits `s` (n, k) and `labels` (n,), with the fused gradient of the book.

    Examples
    --------
    >>> softmax_crossentropy(torch.tensor([[1000.0, 0.0]]), torch.tensor([1]))
    tensor(1000.)

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    """
    if s.ndim != 2 or labels.shape != s.shape[:1]:
        raise ValueError(
            f"logits must have shape (n, k) and labels (n,), got {tuple(s.shape)} and {tuple(labels.shape)}"
            + (": write labels.argmax(1) for one-hot rows" if labels.shape == s.shape else "")
        )
    return SoftmaxCrossentropyFunction.apply(s, labels)


class SignFunction(Function):
    """1 for s ≥ 0, else −1; backward passes G where abs(s) ≤ 1 (straight-through, Bengio et al. 2013).

    This is no derivative (that is 0 wherever it exists), and `gradcheck` rightly refuses it. It is the gradient of
    clip(s, −1, 1) put in its place, with which networks of binary units learn all the same (Hubara et al. 2016).

    Examples
    --------
    >>> s = torch.tensor([-3.0, -0.5, 0.5, 3.0], requires_grad=True)
    >>> a = SignFunction.apply(s)
    >>> a.sum().backward()
    >>> a.detach(), s.grad
    (tensor([-1., -1.,  1.,  1.]), tensor([0., 1., 1., 0.]))
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(s: Tensor) -> Tensor:
        """Return 1 where s ≥ 0 and −1 elsewhere."""
        return torch.where(s >= 0, 1.0, -1.0).to(s.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        """Keep s."""
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, G: Tensor) -> Tensor:
        """Return G where abs(s) ≤ 1, else 0."""
        (s,) = ctx.saved_tensors
        return G * (s.abs() <= 1)


def sign(s: Tensor) -> Tensor:
    """Return the sign of `s`, ±1, with a gradient to learn by: see `SignFunction`.

    Examples
    --------
    >>> sign(torch.tensor([-0.3, 0.0]))
    tensor([-1.,  1.])
    """
    return SignFunction.apply(s)
