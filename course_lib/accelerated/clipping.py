"""Gradient clipping on tensors, without asking for a number: the step can stay on the device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def clipped(gradient: Tensor, clipping: Mapping[str, float], segments: Sequence[slice]) -> Tensor:
    """Return the flat `gradient`, clipped as an optimizer's `clipping` says (at most one kind).

    Parameters
    ----------
    clipping
        `clipvalue`, `clipnorm` (of each segment) or `global_clipnorm`, and its limit; may be empty.
    segments
        The slices that belong to one weight or bias each, in order and without gaps.

    Examples
    --------
    >>> clipped(torch.tensor([3.0, 4.0]), {"global_clipnorm": 1.0}, [])
    tensor([0.6000, 0.8000])
    """
    for kind, limit in clipping.items():
        if kind == "clipvalue":
            return gradient.clamp(-limit, limit)
        if kind == "global_clipnorm":
            return shortened(gradient, limit)
        return torch.cat([shortened(gradient[segment], limit) for segment in segments])
    return gradient


def shortened(g: Tensor, limit: float) -> Tensor:
    """Return g · min(1, limit/‖g‖).

    Examples
    --------
    >>> shortened(torch.tensor([0.3, 0.4]), 1.0)
    tensor([0.3000, 0.4000])
    """
    norm = torch.linalg.vector_norm(g)
    return torch.where(norm > limit, g * (limit / norm), g)
