"""Shapes on the way back: what a forward pass stretched is summed, what it summed is stretched."""

from __future__ import annotations

import numpy as np

Axis = int | tuple[int, ...] | None


def sum_to_shape(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Undo broadcasting: sum `gradient` over the axes along which an operand of `shape` was stretched."""
    extra = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(extra)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and gradient.shape[i] != 1)
    return gradient.sum(axis=stretched, keepdims=True)


def restore_axes(G: np.ndarray, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> np.ndarray:
    """Return `G` with the axes that a reduction of an array of `shape` removed, as axes of length 1."""
    if keepdims:
        return G
    axes = tuple(range(len(shape))) if axis is None else axis
    return np.expand_dims(G, axes)
