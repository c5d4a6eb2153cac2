"""Searches that ask an objective for the loss of a whole configuration: grid, random, Gaussian process."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from os import PathLike

import numpy as np

from course_lib.search.gaussian import (
    Kernel,
    fit_length_scale,
    gp_posterior,
    lower_confidence_bound,
    matern52,
    standardized,
)
from course_lib.search.journal import Journal
from course_lib.search.results import Results, Trial
from course_lib.search.running import Job, Objective, run
from course_lib.search.space import Config, Cube, Space, check_integer, grid, sample
from course_lib.validation import as_generator, check_number

NOISE = 1e-4  # variance of a standardized loss that a trial is trusted to


def _jobs(configs: Sequence[Config], first: int = 0) -> list[Job]:
    return [Job(str(number), config) for number, config in enumerate(configs, first)]


def grid_search(
    objective: Objective,
    space: Mapping[str, Sequence],
    *,
    executor: Executor | None = None,
    journal: str | PathLike | None = None,
) -> Results:
    """Try every combination of the listed values.

    Parameters
    ----------
    objective : callable
        ``objective(config)`` → loss, lower is better.
    space : dict of lists
        The values of each hyper-parameter.
    executor : concurrent.futures.Executor or None
        Where trials run side by side.
    journal : path or None
        A file from which a killed search goes on.

    Examples
    --------
    >>> found = grid_search(lambda c: (c["width"] - 32) ** 2 + c["depth"], {"width": [16, 32], "depth": [1, 2]})
    >>> found.best.config, found.pivot("width", "depth")[2]
    ({'width': 32, 'depth': 1}, array([[257., 258.],
           [  1.,   2.]]))
    """
    book = Journal(journal, {"search": "grid", "space": dict(space)})
    return Results(tuple(run(objective, _jobs(grid(space)), book, executor)))


def random_search(
    objective: Objective,
    space: Space,
    n: int,
    seed: int | np.random.Generator = 0,
    *,
    executor: Executor | None = None,
    journal: str | PathLike | None = None,
) -> Results:
    """Try `n` configurations drawn from the space; else as `grid_search` (Bergstra and Bengio, 2012).

    Examples
    --------
    >>> found = random_search(lambda c: abs(c["x"]), {"x": ("uniform", -1.0, 1.0)}, n=20)
    >>> len(found), found.best.loss < 0.1
    (20, True)
    """
    check_integer("n", n, 0)
    rng = as_generator(seed)
    book = Journal(journal, {"search": "random", "space": dict(space)})
    return Results(tuple(run(objective, _jobs([sample(space, rng) for _ in range(n)]), book, executor)))


def bayesian_search(
    objective: Objective,
    space: Space,
    n: int,
    seed: int | np.random.Generator = 0,
    *,
    beta: float = 2.6,
    initial: int = 5,
    batch: int = 1,
    executor: Executor | None = None,
    journal: str | PathLike | None = None,
) -> Results:
    """Try `n` configurations, each where a Gaussian process says that the loss may be lowest.

    Parameters
    ----------
    objective, space, seed, executor, journal
        As in `random_search`.
    n : int
        Trials in all.
    beta : float
        How many standard deviations below its mean a loss is hoped to lie; the more, the bolder.
    initial : int
        Trials drawn at random before the process has its say.
    batch : int
        Trials proposed at once, for an executor: the second is chosen as if the first had met its mean, etc.

    Examples
    --------
    >>> found = bayesian_search(lambda c: (c["x"] - 0.7) ** 2, {"x": ("uniform", 0.0, 1.0)}, n=12)
    >>> abs(found.best.config["x"] - 0.7) < 0.01
    True
    """
    for name, value, least in (("n", n, 0), ("initial", initial, 1), ("batch", batch, 1)):
        check_integer(name, value, least)
    check_number("beta", beta, 0)
    rng, cube = as_generator(seed), Cube(space)
    book = Journal(
        journal, {"search": "bayesian", "space": dict(space), "beta": beta, "initial": initial, "batch": batch}
    )
    trials = run(objective, _jobs([sample(space, rng) for _ in range(min(initial, n))]), book, executor)
    while len(trials) < n:
        configs = _proposals(trials, cube, min(batch, n - len(trials)), beta, rng)
        trials += run(objective, _jobs(configs, len(trials)), book, executor)
    return Results(tuple(trials))


def _proposals(trials: Sequence[Trial], cube: Cube, count: int, beta: float, rng: np.random.Generator) -> list[Config]:
    """Return the next configurations; a proposal that waits for its trial counts as having met its mean."""
    X = np.array([cube.encode(trial.config) for trial in trials]).reshape(len(trials), cube.dimension)
    y = standardized(_finite([trial.loss for trial in trials]))
    configs: list[Config] = []
    for _ in range(count):
        kernel = partial(matern52, length_scale=fit_length_scale(X, y, NOISE))
        configs.append(_next(X, y, kernel, cube, beta, rng))
        point = cube.encode(configs[-1])[None]
        mean, _ = gp_posterior(X, y, point, kernel, NOISE)
        X, y = np.vstack([X, point]), np.append(y, mean)
    return configs


def _finite(losses: Sequence[float]) -> np.ndarray:
    """Return the losses, a diverged one (NaN, infinite) being as bad as the worst that is a number."""
    y = np.array(losses, dtype=float)
    good = np.isfinite(y)
    return np.where(good, y, y[good].max() if good.any() else 0.0)


def _next(X: np.ndarray, y: np.ndarray, kernel: Kernel, cube: Cube, beta: float, rng: np.random.Generator) -> Config:
    """Return the configuration with the lowest confidence bound that has not been tried yet.

    L-BFGS-B goes down from the best of many random points; these follow, in case all ends have been tried.
    """
    from scipy.optimize import minimize

    def bound(points: np.ndarray) -> np.ndarray:
        return lower_confidence_bound(*gp_posterior(X, y, points, kernel, NOISE), beta)

    starts = rng.random((256, cube.dimension))
    starts = starts[np.argsort(bound(starts), kind="stable")]
    ends = [minimize(lambda u: bound(u[None])[0], u, method="L-BFGS-B", bounds=[(0, 1)] * len(u)) for u in starts[:4]]
    candidates = [end.x for end in sorted(ends, key=lambda end: end.fun)] + list(starts)
    configs = [cube.decode(point) for point in candidates]
    new = (c for c in configs if not np.isclose(X, cube.encode(c), atol=1e-9).all(axis=1).any())
    return next(new, configs[0])
