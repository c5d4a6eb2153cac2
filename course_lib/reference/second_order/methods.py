"""Newton, BFGS and L-BFGS: what each remembers, and the loop they share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.reference.second_order.directions import bfgs_update, lbfgs_direction
from course_lib.reference.second_order.line_search import Function, strong_wolfe
from course_lib.validation import as_float, check_count, check_number

Callback = Callable[[np.ndarray, float], object]


@dataclass(frozen=True)
class Minimum:
    """Where a method stopped.

    Attributes
    ----------
    w : ndarray, (size,)
        The point.
    value : float
        The function there.
    gradient : ndarray, (size,)
        Its gradient there.
    values : tuple of float
        The function at the start and after each iteration.
    evaluations : int
        How often function and gradient were computed.
    converged : bool
        Whether no entry of the gradient exceeds the tolerance.

    Examples
    --------
    >>> found = bfgs(lambda w: (float(w @ w), 2 * w), np.array([3.0]))
    >>> found.converged, found.iterations, len(found.values), found.evaluations >= found.iterations
    (True, 2, 3, True)
    """

    w: np.ndarray
    value: float
    gradient: np.ndarray
    values: tuple[float, ...]
    evaluations: int
    converged: bool

    @property
    def iterations(self) -> int:
        """How many steps were made."""
        return len(self.values) - 1


def newton(
    function: Function,
    hessian: Callable[[np.ndarray], np.ndarray],
    w: np.ndarray,
    max_iterations: int = 100,
    tolerance: float = 1e-8,
    callback: Callback | None = None,
) -> Minimum:
    """Minimize by Newton's method with a line search, H + τI where H is not positive definite.

    Parameters
    ----------
    function, hessian : callables
        ``function(w)`` → (value, gradient); ``hessian(w)`` → (size, size).
    w : ndarray, (size,)
        Start; not changed.
    max_iterations : int
    tolerance : float
        Stop when no entry of the gradient is larger.
    callback : callable or None
        ``callback(w, value)`` at the start and after each iteration.

    Examples
    --------
    >>> quartic = lambda w: (float((w**4).sum()), 4 * w**3)
    >>> newton(quartic, lambda w: np.diag(12 * w**2), np.array([1.0])).converged
    True
    """

    def direction(w: np.ndarray, g: np.ndarray) -> np.ndarray:
        return -np.linalg.solve(_positive_definite(hessian(w)), g)

    return _descend(function, w, direction, lambda s, y: None, max_iterations, tolerance, callback)


def _positive_definite(H: np.ndarray) -> np.ndarray:
    """Return H + τI with the first τ of 0, β, 2β, 4β, … for which Cholesky succeeds (algorithm 3.3)."""
    H = np.asarray(H, dtype=float)
    beta = 1e-3 * (np.abs(H).max() or 1.0)
    tau = 0.0 if H.diagonal().min() > 0 else beta - H.diagonal().min()
    while True:
        shifted = H + tau * np.eye(len(H))
        try:
            np.linalg.cholesky(shifted)
        except np.linalg.LinAlgError:
            tau = max(2 * tau, beta)
        else:
            return shifted


def bfgs(
    function: Function,
    w: np.ndarray,
    max_iterations: int = 200,
    tolerance: float = 1e-5,
    callback: Callback | None = None,
) -> Minimum:
    """Minimize by BFGS: a dense approximation of the inverse Hessian, learned from the gradients.

    Parameters are those of `newton`.

    Examples
    --------
    >>> steep = np.array([1.0, 100.0])
    >>> found = bfgs(lambda w: (float(w @ (steep * w)), 2 * steep * w), np.ones(2))
    >>> found.converged, found.iterations < 15
    (True, True)
    """
    H: list[np.ndarray] = []

    def direction(w: np.ndarray, g: np.ndarray) -> np.ndarray:
        return -(H[0] @ g) if H else -g

    def learn(s: np.ndarray, y: np.ndarray) -> None:
        H[:] = [bfgs_update(H[0] if H else (s @ y) / (y @ y) * np.eye(len(s)), s, y)]

    return _descend(function, w, direction, learn, max_iterations, tolerance, callback)


def lbfgs(
    function: Function,
    w: np.ndarray,
    memory: int = 10,
    max_iterations: int = 200,
    tolerance: float = 1e-5,
    callback: Callback | None = None,
) -> Minimum:
    """Minimize by L-BFGS, which remembers the last `memory` steps; other parameters as in `newton`.

    Examples
    --------
    >>> bowl = lambda w: (float(w @ w), 2 * w)
    >>> lbfgs(bowl, np.ones(3)).w.round(6) + 0.0
    array([0., 0., 0.])
    """
    check_count("memory", memory, 1)
    steps: list[np.ndarray] = []
    changes: list[np.ndarray] = []

    def direction(w: np.ndarray, g: np.ndarray) -> np.ndarray:
        return lbfgs_direction(g, steps, changes)

    def learn(s: np.ndarray, y: np.ndarray) -> None:
        steps.append(s)
        changes.append(y)
        del steps[:-memory], changes[:-memory]

    return _descend(function, w, direction, learn, max_iterations, tolerance, callback)


def _descend(
    function: Function,
    w: np.ndarray,
    direction: Callable[[np.ndarray, np.ndarray], np.ndarray],
    learn: Callable[[np.ndarray, np.ndarray], object],
    max_iterations: int,
    tolerance: float,
    callback: Callback | None,
) -> Minimum:
    """Go in the direction that the method proposes, as far as the line search says; tell it what happened."""
    w = np.array(as_float(w, "w"))
    if w.ndim != 1:
        raise ValueError(f"w must be a flat vector, got shape {w.shape}: write w.ravel()")
    check_count("max_iterations", max_iterations, 0)
    check_number("tolerance", tolerance, 0)
    value, g = function(w)
    if np.shape(g) != w.shape:
        raise ValueError(
            f"the function must return (value, gradient), the gradient of shape {w.shape}, got {np.shape(g)}"
        )
    if not np.isfinite(value):
        raise ValueError(f"the function must be finite at the start, got {value}")
    values, evaluations = [float(value)], 1
    if callback:
        callback(w, values[-1])
    for iteration in range(max_iterations):
        if np.abs(g).max(initial=0) <= tolerance:
            break
        d = direction(w, g)
        if g @ d >= 0:  # rounding has spoiled the approximation
            d = -g
        first = 1.0 if iteration else min(1.0, 1 / float(np.abs(g).sum()))
        point, calls = strong_wolfe(function, w, d, value, g, first)
        evaluations += calls
        if point is None:
            break
        s, y = point.t * d, point.gradient - g
        w, value, g = w + s, point.value, point.gradient
        values.append(float(value))
        if s @ y > np.finfo(w.dtype).eps * (y @ y):
            learn(s, y)
        if callback:
            callback(w, values[-1])
    return Minimum(w, values[-1], g, tuple(values), evaluations, bool(np.abs(g).max(initial=0) <= tolerance))


def network_objective(network: Any, X: Any, y: Any, loss: Any) -> Function:
    """Return a network's loss on a whole set, with its gradient, as a function of its flat parameters.

    Calling it leaves the network with the parameters that were passed: after a minimization set
    ``network.parameters[:] = found.w``.

    Examples
    --------
    >>> from course_lib.reference.layers import Dense
    >>> from course_lib.reference.losses import MeanSquaredError
    >>> from course_lib.reference.network import Network
    >>> network = Network([Dense(1)], input_shape=1, dtype="float64")
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> lbfgs(network_objective(network, X, 3 * X + 1, MeanSquaredError()), network.parameters).w.round(4)
    array([3., 1.])
    """
    X = network.prepare(X)

    def objective(w: np.ndarray) -> tuple[float, np.ndarray]:
        network.parameters[:] = w
        return network.loss_and_gradient(X, y, loss, training=True)

    return objective
