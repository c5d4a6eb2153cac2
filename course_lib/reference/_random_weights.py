"""The two draws that NumPy has no function for: a truncated normal, and a uniformly distributed orthogonal matrix."""

from __future__ import annotations

import numpy as np

TRUNCATED_STD = 0.87962566103423978  # of a standard normal cut at ±2


def truncated_normal(shape: tuple[int, ...], std: float, rng: np.random.Generator, rescaled: bool = True) -> np.ndarray:
    """Return normal draws of which those beyond ±2 are drawn again (not clipped), scaled to `std`.

    Parameters
    ----------
    shape : tuple of int
    std : float
        Standard deviation of the result (before cutting, if not `rescaled`).
    rng : numpy.random.Generator
    rescaled : bool

    Examples
    --------
    >>> W = truncated_normal((1000, 50), 0.1, np.random.default_rng(0))
    >>> round(float(W.std()), 3), bool(np.abs(W).max() <= 0.2 / 0.8796)
    (0.1, True)
    """
    draws = rng.standard_normal(shape)
    while (outside := np.abs(draws) > 2).any():
        draws[outside] = rng.standard_normal(int(outside.sum()))
    return draws * (std / TRUNCATED_STD if rescaled else std)


def orthogonal(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a matrix with orthonormal columns or rows, whichever are fewer, uniform among all of them.

    Q of a QR decomposition of normal draws is uniform once the signs of R's diagonal are made positive
    (Mezzadri 2007); without that, Q depends on how the routine chooses its signs.
    """
    tall = rng.standard_normal((max(shape), min(shape)))
    Q, R = np.linalg.qr(tall)
    Q = Q * np.where(np.diag(R) < 0, -1.0, 1.0)
    return Q if shape[0] >= shape[1] else Q.T
