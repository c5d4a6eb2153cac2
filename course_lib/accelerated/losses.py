"""Losses on tensors: the reference's definitions, PyTorch's functions where they are the same, slopes by autograd.

A loss of tensors is a tensor (0-d) that can be differentiated; a loss of anything else is the reference's number.

=====================================  =================================================================
here                                   PyTorch
=====================================  =================================================================
`MeanSquaredError`, `…AbsoluteError`   `F.mse_loss`, `F.l1_loss`
`Huber`, `Poisson`                     `F.huber_loss`, `F.poisson_nll_loss(log_input=False, eps=0)`
`BinaryCrossentropy`                   `F.binary_cross_entropy_with_logits`; probabilities: own, no cut
`SparseCategoricalCrossentropy`        `F.cross_entropy`; probabilities: own, PyTorch takes none
all others                             own: PyTorch has another definition or none
=====================================  =================================================================

What the reference checks in the values of a batch (labels, probabilities) is checked once for a whole run here, by
`Network`: to look at a number on a GPU is to wait for it.

Examples
--------
>>> loss, s = get_loss("mse"), torch.tensor([1.0, 4.0], requires_grad=True)
>>> loss(torch.tensor([1.0, 2.0]), s), loss.gradient(torch.tensor([1.0, 2.0]), s)
(tensor(2., grad_fn=<MeanBackward0>), tensor([0., 2.]))
>>> loss([1.0, 2.0], [1.0, 4.0])                          # no tensor: the reference itself
2.0
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.accelerated.activations import log_sum_exp, max_star
from course_lib.accelerated.twins import twin
from course_lib.reference import losses as reference
from course_lib.reference._classification_losses import smooth
from course_lib.reference.losses import Loss, one_hot

__all__ = [
    "KINDS", "LOSSES", "BinaryCrossentropy", "CategoricalCrossentropy", "CategoricalHinge", "CosineSimilarity",
    "Hinge", "Huber", "KLDivergence", "LogCosh", "MeanAbsoluteError", "MeanAbsolutePercentageError",
    "MeanSquaredError", "MeanSquaredLogarithmicError", "OnTensors", "Poisson", "SparseCategoricalCrossentropy",
    "SquaredHinge", "get_loss", "log_sum_exp", "max_star", "one_hot",
]  # fmt: skip


class OnTensors:
    """What the losses here add to the reference's: `tensor_terms(y, a)`, one number an entry or a row.

    Examples
    --------
    >>> class FourthPower(OnTensors, Loss):
    ...     def tensor_terms(self, y, a):
    ...         return (a - y) ** 4
    >>> FourthPower().gradient(torch.zeros(2), torch.tensor([1.0, 2.0]))
    tensor([ 2., 16.])
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return the loss of each entry, or of each row."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it does with tensors: write tensor_terms")

    def __call__(self, y: Any, a: Any, weights: Any = None) -> Any:
        """Return the mean loss, each sample's terms times its weight if there are `weights` (n,)."""
        if not isinstance(a, Tensor):
            return super().__call__(y, a, weights)  # type: ignore[misc]
        terms = self.tensor_terms(self.targets(y, a), a)
        if weights is not None:
            terms = terms * weights.reshape(-1, *[1] * (terms.ndim - 1))
        return terms.mean()

    def gradient(self, y: Any, a: Any, weights: Any = None) -> Any:
        """Return dL/da, of the shape of `a`, with its 1/n."""
        if not isinstance(a, Tensor):
            return super().gradient(y, a, weights)  # type: ignore[misc]
        return torch.func.grad(lambda outputs: self(y, outputs, weights))(a.detach())

    def targets(self, y: Any, a: Tensor) -> Tensor:
        """Return the targets as a tensor of the dtype, the device and the shape of `a`."""
        y = torch.as_tensor(y, dtype=a.dtype, device=a.device)
        if y.shape != a.shape:
            raise ValueError(f"targets and outputs must have one shape, got y {tuple(y.shape)} and a {tuple(a.shape)}")
        return y


class MeanSquaredError(OnTensors, reference.MeanSquaredError):
    """(a - y)²: `F.mse_loss`.

    Examples
    --------
    >>> MeanSquaredError().gradient(torch.tensor([1.0]), torch.tensor([3.0]))
    tensor([4.])
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return e²."""
        return F.mse_loss(a, y, reduction="none")


class MeanAbsoluteError(OnTensors, reference.MeanAbsoluteError):
    """|a - y|: `F.l1_loss`.

    Examples
    --------
    >>> MeanAbsoluteError()(torch.tensor([1.0, 2.0]), torch.tensor([4.0, 1.0]))
    tensor(2.)
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return |e|."""
        return F.l1_loss(a, y, reduction="none")


class Huber(OnTensors, reference.Huber):
    """½e² or δ(|e| - δ/2): `F.huber_loss`.

    Examples
    --------
    >>> Huber(delta=1.0)(torch.zeros(2), torch.tensor([0.5, 3.0]))
    tensor(1.3125)
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return ½e², or δ(|e| - δ/2) beyond δ."""
        return F.huber_loss(a, y, reduction="none", delta=self.delta)


class LogCosh(OnTensors, reference.LogCosh):
    """ln cosh e = |e| + ln(1 + e^-2|e|) - ln 2.

    Examples
    --------
    >>> LogCosh()(torch.zeros(1), torch.tensor([1000.0]))
    tensor(999.3068)
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return ln cosh e."""
        e = (a - y).abs()
        return e + F.softplus(-2 * e, threshold=40) - 0.6931471805599453


class MeanAbsolutePercentageError(OnTensors, reference.MeanAbsolutePercentageError):
    """100·|e| / max(|y|, ε).

    Examples
    --------
    >>> MeanAbsolutePercentageError()(torch.tensor([2.0, 10.0]), torch.tensor([3.0, 10.0]))
    tensor(25.)
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return 100·|e| / max(|y|, ε)."""
        return 100 * (a - y).abs() / y.abs().clamp(min=self.epsilon)


class MeanSquaredLogarithmicError(OnTensors, reference.MeanSquaredLogarithmicError):
    """(ln(1+a) - ln(1+y))², values below ε counted as ε.

    Examples
    --------
    >>> MeanSquaredLogarithmicError()(torch.ones(1), torch.ones(1))
    tensor(0.)
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return the squared difference of the logarithms."""
        return (torch.log1p(a.clamp(min=self.epsilon)) - torch.log1p(y.clamp(min=self.epsilon))) ** 2


class Poisson(OnTensors, reference.Poisson):
    """a - y·ln a: `F.poisson_nll_loss` without its ε.

    Examples
    --------
    >>> Poisson()(torch.tensor([3.0]), torch.ones(1))
    tensor(1.)
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return a - y·ln a."""
        return F.poisson_nll_loss(a, y, log_input=False, eps=0.0, reduction="none")


class BinaryCrossentropy(OnTensors, reference.BinaryCrossentropy):
    """-y ln a - (1-y) ln(1-a), nothing cut; from logits `F.binary_cross_entropy_with_logits`.

    Examples
    --------
    >>> BinaryCrossentropy(from_logits=True)(torch.ones(1), torch.tensor([-1000.0]))
    tensor(1000.)
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return ln(1+eˢ) - y·s, or -y ln a - (1-y) ln(1-a)."""
        y = smooth(y, self.label_smoothing, 2)
        if self.from_logits:
            return F.binary_cross_entropy_with_logits(a, y, reduction="none")
        return -times_log(y, a) - times_log(1 - y, 1 - a)


class CategoricalCrossentropy(OnTensors, reference.CategoricalCrossentropy):
    """-Σ yᵢ ln aᵢ a row; from logits with `torch.log_softmax`.

    Examples
    --------
    >>> CategoricalCrossentropy(from_logits=True)(torch.eye(3), torch.zeros(3, 3))
    tensor(1.0986)
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return K(s) - Σ yᵢsᵢ, or -Σ yᵢ ln aᵢ."""
        y = smooth(y, self.label_smoothing, a.shape[-1])
        return -(y * torch.log_softmax(a, -1) if self.from_logits else times_log(y, a)).sum(-1)


class SparseCategoricalCrossentropy(OnTensors, reference.SparseCategoricalCrossentropy):
    """-ln a_m a row, m the label; from logits `F.cross_entropy`.

    Examples
    --------
    >>> SparseCategoricalCrossentropy(from_logits=True).gradient(torch.tensor([0]), torch.zeros(1, 2))
    tensor([[-0.5000,  0.5000]])
    """

    def targets(self, y: Any, a: Tensor) -> Tensor:
        """Return the labels (n,)."""
        y = torch.as_tensor(y, device=a.device)
        if a.ndim != 2 or y.shape != a.shape[:1]:
            raise ValueError(f"there must be one label a row, got labels {tuple(y.shape)}, outputs {tuple(a.shape)}")
        return y.long()

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return K(s) - s_m, or -ln a_m."""
        if self.from_logits:
            return F.cross_entropy(a, y, reduction="none")
        return -torch.log(a.gather(1, y[:, None])[:, 0])


class KLDivergence(OnTensors, reference.KLDivergence):
    """Σ yᵢ ln(yᵢ/aᵢ) a row.

    Examples
    --------
    >>> KLDivergence()(torch.tensor([[0.5, 0.5]]), torch.tensor([[0.5, 0.5]]))
    tensor(0.)
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return Σ yᵢ ln yᵢ - Σ yᵢ ln aᵢ."""
        return (times_log(y, y) - times_log(y, a)).sum(-1)


class Hinge(OnTensors, reference.Hinge):
    """max(0, 1 - y·a), slope 0 at the corner.

    Examples
    --------
    >>> Hinge()(torch.tensor([1.0, -1.0]), torch.tensor([0.5, -3.0]))
    tensor(0.2500)
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return max(0, 1 - ya)."""
        return torch.relu(1 - y * a)


class SquaredHinge(OnTensors, reference.SquaredHinge):
    """max(0, 1 - y·a)².

    Examples
    --------
    >>> SquaredHinge()(torch.tensor([1.0, -1.0]), torch.tensor([0.5, -3.0]))
    tensor(0.1250)
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return max(0, 1 - ya)²."""
        return torch.relu(1 - y * a) ** 2


class CategoricalHinge(OnTensors, reference.CategoricalHinge):
    """max(0, max((1-y)·a) - Σ y·a + 1) a row.

    Examples
    --------
    >>> CategoricalHinge()(torch.tensor([[0.0, 1.0, 0.0]]), torch.tensor([[0.5, 1.0, -2.0]]))
    tensor(0.5000)
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return max(0, negative - positive + 1)."""
        return torch.relu(((1 - y) * a).max(-1).values - (y * a).sum(-1) + 1)


class CosineSimilarity(OnTensors, reference.CosineSimilarity):
    """-cos of the angle between y and a, a row; 0, and slope 0, for a row of zeros.

    Examples
    --------
    >>> CosineSimilarity()(torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 0.0]]))
    tensor(-1.)
    """

    def tensor_terms(self, y: Tensor, a: Tensor) -> Tensor:
        """Return -Σ ŷᵢâᵢ."""
        return -(unit(y) * unit(a)).sum(-1)


def times_log(y: Tensor, a: Tensor) -> Tensor:
    """Return y·ln a with 0·ln 0 = 0 and a slope of 0 there; `torch.xlogy` has NaN for the slope."""
    used = y != 0
    return torch.where(used, y * torch.log(torch.where(used, a, 1.0)), 0.0)


def unit(v: Tensor) -> Tensor:
    """Return v/‖v‖ row by row, 0 for a row of zeros."""
    length = torch.linalg.vector_norm(v, dim=-1, keepdim=True)
    return torch.where(length > 0, v / torch.where(length > 0, length, 1.0), 0.0)


_BY_CLASS = (
    MeanSquaredError, MeanAbsoluteError, Huber, LogCosh, MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError, Poisson, BinaryCrossentropy, CategoricalCrossentropy,
    SparseCategoricalCrossentropy, KLDivergence, Hinge, SquaredHinge, CategoricalHinge, CosineSimilarity,
)  # fmt: skip
KINDS: dict[str, type] = {kind.__name__: kind for kind in _BY_CLASS}
LOSSES: dict[str, Loss] = {name: KINDS[type(loss).__name__]() for name, loss in reference.LOSSES.items()}
OWN = "A loss of your own derives from accelerated.losses.OnTensors too and writes tensor_terms(y, a)"


def get_loss(loss: str | Loss) -> Any:
    """Return the loss of that (Keras) name, the twin of a reference loss, or the object itself.

    Examples
    --------
    >>> get_loss(reference.Huber(2.0))
    Huber(delta=2.0)
    """
    found = reference.get_loss(loss)
    return found if isinstance(found, OnTensors) else twin(found, KINDS, "loss", OWN)
