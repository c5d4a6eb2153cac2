"""Penalties and the max-norm constraint on tensors; their gradients come from autograd.

Examples
--------
>>> W = torch.tensor([[3.0, 0.0], [-4.0, 1.0]])
>>> L2(0.01)(W), MaxNorm(1.0)(W)
(tensor(0.2600), tensor([[ 0.6000,  0.0000],
        [-0.8000,  1.0000]]))
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from course_lib.accelerated.twins import twin
from course_lib.reference import regularizers as reference
from course_lib.reference.regularizers import soft_threshold

__all__ = [
    "L1", "L2", "Constraint", "ElasticNet", "MaxNorm", "Regularizer", "get_constraint", "get_regularizer",
    "soft_threshold",
]  # fmt: skip


class Regularizer(reference.Regularizer):
    """A penalty l1 Σ|w| + l2 Σw².

    Examples
    --------
    >>> Regularizer(l1=1.0, l2=0.5)(torch.tensor([2.0, -4.0]))
    tensor(16.)
    """

    def __call__(self, w: Any) -> Any:
        """Return the penalty of the tensor `w`, a 0-d tensor."""
        if not isinstance(w, Tensor):
            return super().__call__(w)
        penalty = torch.zeros((), dtype=w.dtype, device=w.device)
        if self.l1:
            penalty = penalty + self.l1 * w.abs().sum()
        return penalty + self.l2 * w.square().sum() if self.l2 else penalty

    def gradient(self, w: Any) -> Any:
        """Return its gradient, of the shape of `w`."""
        return torch.func.grad(self)(w) if isinstance(w, Tensor) else super().gradient(w)


class L1(Regularizer, reference.L1):
    """l1 Σ|w|, the lasso.

    Examples
    --------
    >>> L1(0.1).gradient(torch.tensor([3.0, 0.0, -2.0]))
    tensor([ 0.1000,  0.0000, -0.1000])
    """


class L2(Regularizer, reference.L2):
    """l2 Σw², weight decay for plain SGD.

    Examples
    --------
    >>> L2(0.1).gradient(torch.tensor([3.0, 0.0, -2.0]))
    tensor([ 0.6000,  0.0000, -0.4000])
    """


class ElasticNet(Regularizer, reference.ElasticNet):
    """l1 Σ|w| + l2 Σw² (Keras: `L1L2`).

    Examples
    --------
    >>> ElasticNet(0.1, 0.1).gradient(torch.tensor([3.0, 0.0, -2.0]))
    tensor([ 0.7000,  0.0000, -0.5000])
    """


class Constraint(reference.Constraint):
    """A set that weights are put back into after each step: `__call__(W)` returns the tensor it is put back to.

    Examples
    --------
    >>> class NonNegative(Constraint):
    ...     def __call__(self, W):
    ...         return W.clamp(min=0)
    >>> NonNegative()(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """


class MaxNorm(Constraint, reference.MaxNorm):
    """Columns of W no longer than `max_value`.

    Examples
    --------
    >>> MaxNorm(1.0)(torch.tensor([[3.0], [4.0]])).ravel()
    tensor([0.6000, 0.8000])
    """

    def __call__(self, W: Any) -> Any:
        """Return W with long columns scaled back."""
        if not isinstance(W, Tensor):
            return super().__call__(W)
        lengths = torch.linalg.vector_norm(W, dim=self.axis, keepdim=True)
        return W * (self.max_value / lengths.clamp(min=self.max_value))


REGULARIZERS: dict[str, type] = {kind.__name__: kind for kind in (Regularizer, L1, L2, ElasticNet)}
CONSTRAINTS: dict[str, type] = {"MaxNorm": MaxNorm}
OWN = "One of your own derives from the class of that name in accelerated.regularizers"


def get_regularizer(regularizer: str | reference.Regularizer | None) -> Any:
    """Return the regularizer of that name, the twin of a reference regularizer, the object itself, or None.

    Examples
    --------
    >>> get_regularizer("l2")
    L2(l2=0.01)
    """
    found = reference.get_regularizer(regularizer)
    ready = found is None or isinstance(found, Regularizer)
    return found if ready else twin(found, REGULARIZERS, "regularizer", OWN)


def get_constraint(constraint: str | reference.Constraint | None) -> Any:
    """Return the constraint of that name, the twin of a reference constraint, the object itself, or None.

    Examples
    --------
    >>> get_constraint("max_norm")
    MaxNorm(max_value=2.0, axis=0)
    """
    found = reference.get_constraint(constraint)
    return found if found is None or isinstance(found, Constraint) else twin(found, CONSTRAINTS, "constraint", OWN)
