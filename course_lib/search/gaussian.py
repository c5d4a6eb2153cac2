r"""A Gaussian process: what one expects of a loss that nobody has measured yet, and how sure one is.

.. math:: μ = K_*^T (K + σ²I)^{-1} y, \qquad s² = k_{**} − K_*^T (K + σ²I)^{-1} K_*

Source: Rasmussen and Williams, 2006, algorithm 2.1.
"""

from collections.abc import Callable

import numpy as np

from course_lib.validation import check_number

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]


def matern52(A: np.ndarray, B: np.ndarray, length_scale: float = 1.0) -> np.ndarray:
    r"""Return the Matérn kernel with ν = 5/2 between the rows of two matrices.

    .. math:: k(r) = \bigl(1 + q + q²/3\bigr) e^{−q}, \qquad q = \sqrt5\, r / ℓ

    Parameters
    ----------
    A, B : ndarray, (n, d) and (m, d)
        Points.
    length_scale : float
        ℓ > 0: how far one has to go for the loss to become another.

    Returns
    -------
    ndarray, (n, m)
        1 where the points agree, falling to 0 with the distance r.

    Examples
    --------
    >>> matern52(np.zeros((1, 2)), np.array([[0.0, 0.0], [3.0, 4.0]])).round(5)
    array([[1.0e+00, 7.5e-04]])
    """
    check_number("length_scale", length_scale, 0, open_low=True)
    A, B = np.asarray(A, dtype=float), np.asarray(B, dtype=float)
    if A.ndim != 2 or B.ndim != 2 or A.shape[1] != B.shape[1]:
        raise ValueError(f"A and B must be (n, d) and (m, d) with one d, got {A.shape} and {B.shape}")
    distance = np.sqrt(((A[:, None, :] - B[None, :, :]) ** 2).sum(axis=-1))
    q = np.sqrt(5) * distance / length_scale
    return (1 + q + q**2 / 3) * np.exp(-q)


def gp_posterior(
    X: np.ndarray, y: np.ndarray, X_new: np.ndarray, kernel: Kernel, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the loss at new points, prior mean zero, by Cholesky.

    Parameters
    ----------
    X, y : ndarray, (n, d) and (n,)
        Where the loss was measured, and what it was.
    X_new : ndarray, (m, d)
        Where it is wanted.
    kernel : callable
        ``kernel(A, B)`` → (len(A), len(B)).
    noise : float
        Variance ≥ 0 of the measurements, on the diagonal of K(X, X) only.

    Returns
    -------
    mean, std : ndarray, (m,)
        Of the loss itself, without the noise; std is 0 where rounding makes the variance negative.

    Raises
    ------
    ValueError
        If K + noise·I is not positive definite (points that agree, and no noise).

    Examples
    --------
    >>> X, y = np.array([[0.0], [1.0]]), np.array([1.0, -1.0])
    >>> mean, std = gp_posterior(X, y, np.array([[0.0], [0.2], [9.0]]), matern52, noise=0.0)
    >>> mean.round(2), std.round(2)
    (array([ 1.  ,  0.68, -0.  ]), array([0.  , 0.19, 1.  ]))
    """
    from scipy.linalg import solve_triangular

    L, weights = _factor(X, y, kernel, noise)
    cross = kernel(X, X_new)
    half = solve_triangular(L, cross, lower=True)
    prior = np.array([kernel(x[None], x[None])[0, 0] for x in np.asarray(X_new, dtype=float)])
    return cross.T @ weights, np.sqrt(np.maximum(prior - (half**2).sum(axis=0), 0))


def _factor(X: np.ndarray, y: np.ndarray, kernel: Kernel, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Return L with LLᵀ = K + noise·I, and the weights (K + noise·I)⁻¹y."""
    from scipy.linalg import cho_solve

    check_number("noise", noise, 0)
    try:
        L = np.linalg.cholesky(kernel(X, X) + noise * np.eye(len(X)))
    except np.linalg.LinAlgError as error:
        raise ValueError(
            f"K + noise·I is not positive definite with noise {noise}: two rows of X agree; add noise"
        ) from error
    return L, cho_solve((L, True), np.asarray(y, dtype=float))


def log_marginal_likelihood(X: np.ndarray, y: np.ndarray, kernel: Kernel, noise: float) -> float:
    """Return log p(y | X): how well a kernel explains the measurements. The larger, the better.

    Examples
    --------
    >>> round(log_marginal_likelihood(np.array([[0.0]]), np.array([0.0]), matern52, 0.0), 4)
    -0.9189
    """
    L, weights = _factor(X, y, kernel, noise)
    return float(-0.5 * y @ weights - np.log(np.diag(L)).sum() - 0.5 * len(y) * np.log(2 * np.pi))


def fit_length_scale(X: np.ndarray, y: np.ndarray, noise: float, low: float = 0.05, high: float = 20.0) -> float:
    """Return the Matérn length scale between `low` and `high` that makes the measurements most likely.

    Examples
    --------
    >>> X = np.linspace(0, 1, 9)[:, None]
    >>> fit_length_scale(X, np.sin(20 * X[:, 0]), 1e-4) < fit_length_scale(X, np.sin(2 * X[:, 0]), 1e-4)
    True
    """
    from scipy.optimize import minimize_scalar

    def cost(log_scale: float) -> float:
        scale = float(np.exp(log_scale))
        return -log_marginal_likelihood(X, y, lambda A, B: matern52(A, B, scale), noise)

    edges = np.linspace(np.log(low), np.log(high), 9)  # a coarse look first: there may be several maxima
    best = int(np.argmin([cost(edge) for edge in edges]))
    bracket = (edges[max(best - 1, 0)], edges[min(best + 1, 8)])
    return float(np.exp(minimize_scalar(cost, bounds=bracket, method="bounded").x))


def lower_confidence_bound(mean: np.ndarray, std: np.ndarray, beta: float) -> np.ndarray:
    """Return mean − β·std: how low the loss may well be; a larger β explores more.

    Examples
    --------
    >>> lower_confidence_bound(np.array([1.0, 1.5]), np.array([0.0, 1.0]), beta=2.0)
    array([ 1. , -0.5])
    """
    return np.asarray(mean) - beta * np.asarray(std)


def standardized(y: np.ndarray) -> np.ndarray:
    """Return (y − mean)/std, with std 1 where y is constant.

    Examples
    --------
    >>> standardized(np.array([1.0, 3.0])), standardized(np.array([2.0, 2.0]))
    (array([-1.,  1.]), array([0., 0.]))
    """
    y = np.asarray(y, dtype=float)
    return (y - y.mean()) / (y.std() or 1.0)


def propose(candidates: np.ndarray, X: np.ndarray, y: np.ndarray, beta: float) -> np.ndarray:
    """Return the candidate row with the lowest confidence bound (the first on ties).

    The process has length scale 1 and noise 1e-6, and sees standardized losses.

    Examples
    --------
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([0.9, 0.5, 0.1])
    >>> propose(np.array([[0.5], [1.9], [2.5]]), X, y, beta=0.0)
    array([1.9])
    """
    mean, std = gp_posterior(X, standardized(y), candidates, matern52, 1e-6)
    return candidates[int(np.argmin(lower_confidence_bound(mean, std, beta)))]
