"""The step of each method, from what is known about the curvature."""

from collections.abc import Callable, Sequence

import numpy as np


def newton_step(
    gradient: Callable[[np.ndarray], np.ndarray], hessian: Callable[[np.ndarray], np.ndarray], w: np.ndarray
) -> np.ndarray:
    """Return w − H⁻¹g: the stationary point of the parabola that touches the function at w.

    That is a minimum only where H is positive definite; else Newton–Raphson runs to a saddle or a maximum.

    Examples
    --------
    >>> newton_step(lambda w: 2 * w - 6, lambda w: 2 * np.eye(1), np.array([100.0]))
    array([3.])
    """
    w = np.asarray(w, dtype=float)
    return w - np.linalg.solve(hessian(w), gradient(w))


def bfgs_update(H: np.ndarray, s: np.ndarray, y: np.ndarray) -> np.ndarray:
    r"""Return the inverse Hessian corrected by one step: the nearest one for which H y = s.

    .. math:: H ← (I − ρ s y^T) H (I − ρ y s^T) + ρ s s^T, \qquad ρ = 1 / y^T s

    Parameters
    ----------
    H : ndarray, (size, size)
        Approximation of the inverse Hessian so far.
    s, y : ndarray, (size,)
        The step, and the change of the gradient over it; y·s > 0.

    Examples
    --------
    >>> bfgs_update(np.eye(2), np.array([1.0, 0.0]), np.array([4.0, 0.0]))
    array([[0.25, 0.  ],
           [0.  , 1.  ]])
    """
    rho = 1 / (y @ s)
    Hy = H @ y
    return H + rho * ((1 + rho * y @ Hy) * np.outer(s, s) - np.outer(Hy, s) - np.outer(s, Hy))


def lbfgs_direction(g: np.ndarray, s_list: Sequence[np.ndarray], y_list: Sequence[np.ndarray]) -> np.ndarray:
    """Return −Hg by the two-loop recursion: BFGS from the last few steps without ever forming H.

    Parameters
    ----------
    g : ndarray, (size,)
        Gradient.
    s_list, y_list : sequences of ndarray
        Steps and changes of the gradient, oldest first. H starts from γI, γ = s·y / y·y of the newest pair;
        without pairs the direction is −g.

    Notes
    -----
    Nocedal and Wright, 2006, algorithm 7.4: 4·size multiplications a pair, where BFGS needs size² and stores
    size² numbers: 40 GB for 100 000 float32 weights.

    Examples
    --------
    >>> lbfgs_direction(np.array([2.0, 4.0]), [np.array([1.0, 0.0])], [np.array([2.0, 0.0])])
    array([-1., -2.])
    """
    q = np.array(g, dtype=np.result_type(g, np.float32))
    pairs = list(zip(s_list, y_list, strict=True))
    alphas = []
    for s, y in reversed(pairs):
        alphas.append((s @ q) / (y @ s))
        q -= alphas[-1] * y
    if pairs:
        s, y = pairs[-1]
        q *= (s @ y) / (y @ y)
    for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
        q += (alpha - (y @ q) / (y @ s)) * s
    return -q
