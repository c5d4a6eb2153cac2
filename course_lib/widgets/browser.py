"""The random numbers of the widgets (``js/random.js``), drawn in Python, so that tests can compare."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def uniform(seed: int, n: int) -> Array:
    """Return n numbers between 0 and 1: mulberry32.

    Examples
    --------
    >>> uniform(1, 3).round(4)
    array([0.6271, 0.0027, 0.5274])
    """
    t = (np.arange(1, n + 1, dtype=np.uint64) * 0x6D2B79F5 + seed).astype(np.uint32)
    t = (t ^ (t >> 15)) * (t | 1)
    t ^= t + (t ^ (t >> 7)) * (t | 61)
    return ((t ^ (t >> 14)) + 0.5) / 2**32


def normal(seed: int, n: int) -> Array:
    """Return n standard normal numbers, by Box and Muller (1958) from pairs of uniform ones.

    Examples
    --------
    >>> normal(1, 4).round(4)
    array([ 0.966 ,  0.0166,  1.1231, -0.1344])
    """
    u = uniform(seed, n + n % 2)
    radius, angle = np.sqrt(-2 * np.log(u[::2])), 2 * np.pi * u[1::2]
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]).ravel()[:n]
