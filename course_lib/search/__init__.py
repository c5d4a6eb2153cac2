"""Search for hyper-parameters: grid, random, successive halving, Hyperband, Gaussian process.

Every search asks a function of yours for a loss, whatever that function trains and with which library:

>>> def objective(config):
...     return (config["rate"] - 0.1) ** 2 + config["width"] / 1000
>>> space = {"rate": ("log_uniform", 1e-3, 1.0), "width": ("choice", [16, 32, 64])}
>>> random_search(objective, space, n=30, seed=0).best.config["width"]
16

With ``executor=ProcessPoolExecutor(4)`` (or threads, or ``Client(…).get_executor(pure=False)`` of Dask) trials
run side by side; with ``journal="search.jsonl"`` a search that was killed goes on where it stopped.
"""

from course_lib.search.gaussian import (
    gp_posterior,
    log_marginal_likelihood,
    lower_confidence_bound,
    matern52,
    propose,
)
from course_lib.search.halving import Round, hyperband, hyperband_rounds, successive_halving
from course_lib.search.journal import JournalNotice
from course_lib.search.results import Results, Trial
from course_lib.search.space import Cube, grid, sample
from course_lib.search.strategies import bayesian_search, grid_search, random_search

__all__ = [
    "Cube",
    "JournalNotice",
    "Results",
    "Round",
    "Trial",
    "bayesian_search",
    "gp_posterior",
    "grid",
    "grid_search",
    "hyperband",
    "hyperband_rounds",
    "log_marginal_likelihood",
    "lower_confidence_bound",
    "matern52",
    "propose",
    "random_search",
    "sample",
    "successive_halving",
]
