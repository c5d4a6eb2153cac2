"""Gradient clipping: three ways to keep one wild batch from throwing the parameters away.

| function | what is bounded | Keras | PyTorch | optax |
|---|---|---|---|---|
| `clip_by_value` | every entry | `clipvalue` | `clip_grad_value_` | `clip` |
| `clip_by_norm` | the norm of each array | `clipnorm` | – | – |
| `clip_by_global_norm` | the norm of all together | `global_clipnorm` | `clip_grad_norm_` | the same name |

PyTorch divides by norm + 1e-6, the others by the norm: so do we.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_lib.validation import check_number


def clip_by_value(gradient: np.ndarray, limit: float) -> np.ndarray:
    """Return min(max(g, −limit), limit), entry by entry. This may turn the direction.

    Examples
    --------
    >>> clip_by_value(np.array([3.0, -0.5]), 1.0)
    array([ 1. , -0.5])
    """
    limit = check_number("limit", limit, 0, open_low=True)
    return np.clip(gradient, -limit, limit)


def clip_by_norm(gradient: np.ndarray, limit: float) -> np.ndarray:
    """Return g · min(1, limit / ‖g‖): the same direction, never longer than `limit` (Pascanu et al., 2013).

    Examples
    --------
    >>> clip_by_norm(np.array([3.0, 4.0]), 1.0)
    array([0.6, 0.8])
    """
    return clip_by_global_norm([gradient], limit)[0]


def clip_by_global_norm(gradients: Sequence[np.ndarray], limit: float) -> list[np.ndarray]:
    """Return every array times min(1, limit / √Σ‖gᵢ‖²): one common factor, so the step keeps its direction.

    Examples
    --------
    >>> clip_by_global_norm([np.array([3.0]), np.array([4.0])], 1.0)
    [array([0.6]), array([0.8])]
    """
    limit = check_number("limit", limit, 0, open_low=True)
    norm = global_norm(gradients)
    factor = limit / norm if norm > limit else 1.0
    return [gradient * factor for gradient in gradients]


def global_norm(gradients: Sequence[np.ndarray]) -> float:
    """Return √Σ‖gᵢ‖² over all arrays, as a Python float (which leaves float32 arrays float32).

    Examples
    --------
    >>> global_norm([np.array([3.0]), np.array([[4.0]])])
    5.0
    """
    return float(np.sqrt(sum(float(np.vdot(gradient, gradient)) for gradient in gradients)))
