"""The gradient checker: is this backward pass the derivative of that forward pass?

`check_gradient` is for a scalar function, `check_backward` for a forward and a backward function, `check_layer` and
`check_network` for the classes of `course_lib.reference`. What makes it strict:

- an array-valued function is made scalar by a *random, non-uniform* upstream gradient G: with G = 1 a softmax
  backward pass that returns 0 would pass;
- every entry is measured (above `limit` entries a random sample of them), and whole random directions besides;
- the tolerance is not guessed: it is what rounding and truncation of that very measurement allow, plus √eps
  of the dtype of the analytic gradient, relative. No absolute slack lets small wrong gradients through;
- entries at a kink, where no derivative exists, are recognised and left out; if hardly any is left, or if all
  derivatives are 0, nothing was tested, and that is not a pass.

Examples
--------
>>> X, W = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.5], [-1.0]])
>>> check_backward(np.matmul, lambda X, W, G: (G @ W.T, X.T @ G), X, W, names=("X", "W")).ok
True
>>> report = check_backward(np.matmul, lambda X, W, G: (G @ W.T, X.T @ G / 2), X, W, names=("X", "W"))
>>> print(report.cause)
every entry is 1/2 times what it should be: a constant factor such as 2, the 1/n of a mean, or a term added twice
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from course_lib.checks.gradients.causes import likely_cause
from course_lib.checks.gradients.report import Difference, GradientReport, Tally
from course_lib.checks.gradients.slopes import Slope, measure_slope
from course_lib.validation import as_float, as_generator, scalar, unknown_name

__all__ = ["Difference", "GradientReport", "check_backward", "check_gradient", "check_layer", "check_network"]

Arrays = Mapping[str, np.ndarray]
Seed = int | np.random.Generator


def check_gradient(f: Callable[[Any], Any], gradient: Any, x: Any, seed: Seed = 0, limit: int = 2000) -> GradientReport:
    """Check the gradient of a scalar function at one point.

    Parameters
    ----------
    f : callable
        Takes an array of the shape of `x`, returns a scalar.
    gradient : array_like or callable
        The gradient at `x`, or the function that computes it.
    x : array_like
        Read as float64.
    seed : int or Generator
        For the random directions (and entries, if there are more than `limit`).
    limit : int
        The most entries measured one by one.

    Examples
    --------
    >>> report = check_gradient(lambda x: np.sum(x**3), lambda x: 3 * x, [1.0, 2.0])
    >>> print(report.worst)
    x at index (1,): analytic 6, numeric 12, relative error 5.0e-01
    """
    x = as_float(x).astype(np.float64)
    analytic = gradient(x.copy()[()]) if callable(gradient) else gradient
    return _check(lambda v: float(scalar(f(v["x"].copy()[()]))), {"x": x}, {"x": analytic}, 0.0, seed, limit)


def check_backward(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    *inputs: Any,
    names: Sequence[str] | None = None,
    zero: Sequence[str] = (),
    seed: Seed = 0,
    limit: int = 2000,
) -> GradientReport:
    """Check ``backward(*inputs, G)`` against ``forward(*inputs)``.

    Parameters
    ----------
    forward : callable
        Takes the inputs, returns an array; the same inputs must give the same array.
    backward : callable
        Takes the inputs and G = dL/d(output), returns dL/d(input) for each input: an array, or a tuple of them.
    *inputs : array_like
        Read as float64. What has no derivative (labels, masks) belongs into `forward` and `backward`.
    names : sequence of str, optional
        What the report calls the inputs.
    zero : sequence of str
        Names of inputs whose derivative is known to be 0 everywhere (a bias before a batch normalization).
    seed, limit
        As for `check_gradient`.

    Examples
    --------
    >>> print(check_backward(np.exp, lambda x, G: G * x, [0.5, 1.0]).cause)
    no entry is right and no simple factor explains it: check the formula, term by term
    """
    rng = as_generator(seed)
    names = tuple(names or (f"input {i}" for i in range(len(inputs))))
    if len(names) != len(inputs):
        raise ValueError(
            f"names must name every input, got {len(names)} names ({', '.join(names)}), {len(inputs)} inputs"
        )
    for name in zero:
        if name not in names:
            raise unknown_name("input in zero", name, names)
    at = {name: as_float(x, name).astype(np.float64) for name, x in zip(names, inputs, strict=True)}

    def run(values: Arrays) -> np.ndarray:
        return np.asarray(forward(*(v.copy()[()] for v in values.values())), dtype=np.float64)

    G = _upstream(run(at), run(at), rng)
    copies = [v.copy() for v in at.values()]
    upstream = G.copy()
    first, again = (_by_name(backward(*(c[()] for c in copies), upstream[()]), names) for _ in range(2))
    if problem := _careless({**at, "G": G}, [*copies, upstream], first, again):
        return GradientReport(False, None, problem, 0, 0)
    return _check(lambda v: float((G * run(v)).sum()), at, first, float(np.abs(G * run(at)).sum()), rng, limit, zero)


def check_layer(
    layer: Any, X: Any, training: bool = False, zero: Sequence[str] = (), seed: Seed = 0, limit: int = 2000
) -> GradientReport:
    """Check dL/dX and the gradient of every parameter of a layer that was built in float64.

    Parameters
    ----------
    layer : course_lib.reference.layers.Layer
        Its `forward(X, training)` must give the same outputs when called twice.
    X : array (n, *input_shape)
    training, zero, seed, limit
        Passed to `forward`; the rest as for `check_backward`.

    Examples
    --------
    >>> from course_lib.reference.layers import Dense
    >>> layer = Dense(2)
    >>> layer.build((3,), seed=0)
    (2,)
    >>> check_layer(layer, [[1.0, 2.0, 3.0], [-1.0, 0.5, 2.0]]).ok
    True
    """
    names = tuple(layer.parameters)
    start = {name: getattr(layer, name).copy() for name in names}

    def forward(X: np.ndarray, *values: np.ndarray) -> np.ndarray:
        for name, value in zip(names, values, strict=True):
            getattr(layer, name)[...] = value
        return layer.forward(X, training)

    def backward(X: np.ndarray, *values_and_G: np.ndarray) -> tuple[np.ndarray, ...]:
        forward(X, *values_and_G[:-1])
        dX = layer.backward(values_and_G[-1])
        return (dX, *(getattr(layer, "d" + name).copy() for name in names))

    inputs = (X, *start.values())
    try:
        return check_backward(forward, backward, *inputs, names=("X", *names), zero=zero, seed=seed, limit=limit)
    finally:
        for name in names:
            getattr(layer, name)[...] = start[name]


def check_network(network: Any, X: Any, y: Any, loss: Any, seed: Seed = 0, limit: int = 2000) -> GradientReport:
    """Check the gradient of every parameter of a float64 network in prediction mode, penalties included.

    Parameters
    ----------
    network : course_lib.reference.network.Network
        Built with ``dtype=np.float64``.
    X, y
        A small batch.
    loss : course_lib.reference.losses.Loss
    seed, limit
        As for `check_gradient`, the limit for each array.

    Examples
    --------
    >>> from course_lib.reference.layers import Activation, Dense
    >>> from course_lib.reference.losses import MeanSquaredError
    >>> from course_lib.reference.network import Network
    >>> network = Network([Dense(3), Activation("tanh"), Dense(1)], input_shape=2, dtype=np.float64)
    >>> check_network(network, [[1.0, 2.0], [3.0, -1.0]], [[0.5], [1.0]], MeanSquaredError()).checked
    13
    """
    if network.dtype != np.float64:
        raise ValueError("differences need float64: build the network with dtype=np.float64")
    views = network.named_parameters()
    start = {name: view.copy() for name, view in views.items()}
    flat = network.loss_and_gradient(X, y, loss)[1]
    parts = np.split(flat, np.cumsum([view.size for view in views.values()])[:-1])

    def f(values: Arrays) -> float:
        for name, view in views.items():
            view[...] = values[name]
        return float(network.loss_and_gradient(X, y, loss)[0])

    analytic = {name: part.reshape(start[name].shape) for name, part in zip(start, parts, strict=True)}
    try:
        return _check(f, start, analytic, 0.0, seed, limit)
    finally:
        f(start)


def _check(
    f: Callable[[Arrays], float],
    at: Arrays,
    analytic: Mapping[str, Any],
    magnitude: float,
    seed: Seed,
    limit: int,
    zero: Sequence[str] = (),
) -> GradientReport:
    """Hold the analytic gradients of `f` at the arrays `at` against measured slopes."""
    if not np.isfinite(f(at)):
        raise ValueError("the function is not finite at this point: check it somewhere else")
    rng, tally, causes = as_generator(seed), Tally(), {}
    for name, x in at.items():
        gradient = as_float(analytic[name], f"the gradient of {name}")
        if gradient.shape != x.shape:
            cause = f"the gradient of {name} has shape {gradient.shape}, {name} itself {x.shape}"
            hint = ": sum over the axes along which it was stretched" if gradient.size > x.size else ""
            return GradientReport(False, None, cause + hint, 0, 0)

        def along(direction: np.ndarray, name: str = name, x: np.ndarray = x) -> Slope:
            return measure_slope(lambda t: f({**at, name: x + t * direction}), magnitude)

        causes[name] = _measure_array(along, name, x, gradient, rng, limit, tally)
    return tally.conclude(causes, [name for name in at if at[name].size and name not in zero])


def _measure_array(
    along: Callable[[np.ndarray], Slope],
    name: str,
    x: np.ndarray,
    gradient: np.ndarray,
    rng: np.random.Generator,
    limit: int,
    tally: Tally,
) -> Callable[[], str]:
    """Measure the entries of one array and three directions; return what can say why they differ."""
    rtol = float(np.sqrt(np.finfo(gradient.dtype if gradient.dtype.kind == "f" else np.float64).eps))
    numeric, measured, unit = np.zeros(x.shape), np.zeros(x.shape, bool), np.maximum(1, np.abs(x))
    tiny = min(float(np.abs(x).max(initial=0)), 1.0)
    for k in range(x.size) if x.size <= limit else rng.choice(x.size, limit, replace=False):
        index = tuple(int(i) for i in np.unravel_index(k, x.shape))
        direction = np.zeros(x.shape)
        direction[index] = unit[index]  # steps of 1e-3 would be lost in an x of 1e15
        slope = along(direction)
        if not slope.smooth and 0 < tiny < 1:  # where all numbers are small, every step reaches a kink: shorter ones
            shorter = along(direction * tiny).scaled(1 / tiny)
            slope = shorter if shorter.uncertainty <= 1e-6 * abs(shorter.value) or shorter.value == 0 else slope
        if slope.smooth:
            slope = slope.scaled(1 / unit[index])
            numeric[index], measured[index] = slope.value, True
            tally.compare(name, index, gradient[index], slope, rtol)
        else:
            tally.kinks += 1
    for _ in range(3 if x.size > 1 else 0):
        direction = rng.normal(size=x.shape) * unit
        slope = along(direction)
        if slope.smooth:
            tally.compare(name, None, float((gradient * direction).sum()), slope, rtol)
    return lambda: likely_cause(gradient.astype(np.float64), numeric, measured)


def _upstream(a: np.ndarray, again: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a random G for the outputs `a`: both signs, no two alike, none near 0."""
    if not np.isfinite(a).all():
        raise ValueError("forward is not finite at this point: check it somewhere else")
    if not np.array_equal(a, again):
        raise ValueError("forward gives different outputs for the same inputs: fix its seed")
    return rng.choice([-1.0, 1.0], a.shape) * rng.uniform(0.5, 1.5, a.shape)


def _by_name(gradients: Any, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return what backward gave back, copied, by input name."""
    several = gradients if isinstance(gradients, (tuple, list)) else (gradients,)
    if len(several) != len(names):
        raise ValueError(f"backward must return {len(names)} gradients ({', '.join(names)}), got {len(several)}")
    return {name: np.array(as_float(g, f"the gradient of {name}")) for name, g in zip(names, several, strict=True)}


def _careless(at: Arrays, copies: Sequence[np.ndarray], once: Arrays, twice: Arrays) -> str:
    """Return what is wrong with a backward pass that changes its inputs or remembers its last call."""
    for (name, x), copy in zip(at.items(), copies, strict=True):
        if not np.array_equal(x, copy):
            return f"backward changes its argument {name}: work on a copy"
    for name in once:
        if not np.array_equal(once[name], twice[name], equal_nan=True):
            return f"the second call gives another gradient of {name}: set gradients to 0 before adding to them"
    return ""
