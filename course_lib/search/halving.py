"""Spend epochs on those that deserve them: successive halving and Hyperband.

>>> for step in hyperband_rounds(32, 3)[:4]:
...     print(*step)
3 0 34 2
3 1 12 4
3 2 4 11
3 3 2 32
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from os import PathLike
from typing import NamedTuple

import numpy as np

from course_lib.search.journal import Journal
from course_lib.search.results import Results, Trial
from course_lib.search.running import Job, Train, run
from course_lib.search.space import Config, Space, check_integer, sample
from course_lib.validation import as_generator


class Round(NamedTuple):
    """One round of a bracket: so many candidates are trained until so many epochs.

    Examples
    --------
    >>> hyperband_rounds(9, 3)[0]
    Round(bracket=2, round=0, candidates=9, epochs=1)
    """

    bracket: int
    round: int
    candidates: int
    epochs: int


def hyperband_rounds(max_epochs: int, factor: int = 3) -> list[Round]:
    r"""Return the rounds of all brackets, widest bracket first, in exact integers.

    .. math:: n = \Bigl\lceil \frac{S f^{b−r}}{b+1} \Bigr\rceil, \qquad
              e = \Bigl\lceil \frac{R}{f^{b−r}} \Bigr\rceil, \qquad b = s, …, 0, \quad r = 0, …, b

    with s the largest integer with fˢ ≤ R and S one more than the smallest t with fᵗ ≥ R.

    Parameters
    ----------
    max_epochs : int
        R, the epochs of each bracket's last round.
    factor : int
        f ≥ 2: one in f candidates stays, and is trained f times as long.

    Notes
    -----
    UW ML530 (deck A) takes logarithms of floats, which goes wrong at exact powers: `math.log(243, 3)` is
    4.999…, so that a bracket is lost. Source: Li et al., 2018; the counts are those of Keras Tuner.

    Examples
    --------
    >>> len(hyperband_rounds(243, 3)), hyperband_rounds(1, 3)
    (21, [Round(bracket=0, round=0, candidates=1, epochs=1)])
    """
    check_integer("max_epochs", max_epochs, 1)
    check_integer("factor", factor, 2)
    s = next(t for t in range(max_epochs + 1) if factor ** (t + 1) > max_epochs)
    total = 1 + next(t for t in range(max_epochs + 1) if factor**t >= max_epochs)
    return [
        Round(b, r, _ceil(total * factor ** (b - r), b + 1), _ceil(max_epochs, factor ** (b - r)))
        for b in range(s, -1, -1)
        for r in range(b + 1)
    ]


def _ceil(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def successive_halving(
    train: Train,
    configs: Sequence[Config],
    epochs: int,
    factor: int = 3,
    rounds: int = 3,
    *,
    executor: Executor | None = None,
    journal: str | PathLike | None = None,
) -> Results:
    """Train all a little, keep the best ⌈n/factor⌉, train those further, and so on.

    Parameters
    ----------
    train : callable
        ``train(config, epochs, state)`` → ``(loss, state)``: train *until* `epochs` epochs in all. `state` is None
        for a fresh start, else what the same candidate returned the round before: a dict of arrays and numbers to
        go on from. A function that returns None for it is simply trained afresh in each round.
    configs : sequence of dict
        The candidates.
    epochs : int
        Epochs of the last round; round r trains until ⌈epochs / factor^(rounds−1−r)⌉.
    factor, rounds : int
        One in `factor` stays after each round but the last.
    executor : concurrent.futures.Executor or None
        Where the trials of a round run side by side.
    journal : path or None
        A file from which a killed search goes on.

    Returns
    -------
    Results
        All trials; `best` is the best of the last round. NaN ranks last.

    Examples
    --------
    >>> def train(config, epochs, state):
    ...     return config["x"] ** 2 + 1 / epochs, None
    >>> successive_halving(train, [{"x": x} for x in range(9)], epochs=9).best.config
    {'x': 0}
    """
    check_integer("epochs", epochs, 1)
    check_integer("factor", factor, 2)
    check_integer("rounds", rounds, 1)
    settings = {"epochs": epochs, "factor": factor, "rounds": rounds}
    book = Journal(journal, {"search": "successive_halving", "configs": list(configs), **settings})
    return Results(tuple(_halve(train, configs, epochs, factor, rounds, "0", book, executor)))


def _halve(
    train: Train,
    configs: Sequence[Config],
    epochs: int,
    factor: int,
    rounds: int,
    bracket: str,
    book: Journal,
    executor: Executor | None,
) -> list[Trial]:
    """Run one bracket; a candidate's trials have the keys ``bracket.candidate.epochs``."""
    trials: list[Trial] = []
    parents: dict[int, str | None] = dict.fromkeys(range(len(configs)))
    for r in range(rounds):
        budget = _ceil(epochs, factor ** (rounds - 1 - r))
        jobs = [Job(f"{bracket}.{i}.{budget}", configs[i], budget, parent) for i, parent in parents.items()]
        done = dict(zip(parents, run(train, jobs, book, executor), strict=True))
        trials += done.values()
        ranked = sorted(done, key=lambda i: done[i].rank)
        stay = sorted(ranked[: _ceil(len(ranked), factor)]) if r < rounds - 1 else []
        for i, parent in parents.items():
            if parent is not None and parent != done[i].key:
                book.drop_state(parent)
            if i not in stay:
                book.drop_state(done[i].key)
        parents = {i: done[i].key for i in stay}
    return trials


def hyperband(
    train: Train,
    space: Space,
    max_epochs: int,
    factor: int = 3,
    seed: int | np.random.Generator = 0,
    *,
    executor: Executor | None = None,
    journal: str | PathLike | None = None,
) -> Results:
    """Search by Hyperband: successive halving for each bracket, from many short trials to a few long ones.

    Parameters
    ----------
    train : callable
        As in `successive_halving`: candidates that stay go on from the state they returned.
    space : dict
        What to draw the candidates from.
    max_epochs, factor : int
        See `hyperband_rounds`.
    seed : int or Generator
        Decides about the candidates.
    executor, journal
        As in `successive_halving`.

    Examples
    --------
    >>> def train(config, epochs, state):
    ...     return (config["x"] - 0.3) ** 2 + 1 / epochs, None
    >>> found = hyperband(train, {"x": ("uniform", 0.0, 1.0)}, max_epochs=9)
    >>> len(found), abs(found.best.config["x"] - 0.3) < 0.05
    (23, True)
    """
    rng = as_generator(seed)
    first = [step for step in hyperband_rounds(max_epochs, factor) if step.round == 0]
    drawn = {step.bracket: [sample(space, rng) for _ in range(step.candidates)] for step in first}
    settings = {"max_epochs": max_epochs, "factor": factor, "space": dict(space)}
    book = Journal(journal, {"search": "hyperband", **settings})
    trials = [
        trial
        for bracket, configs in drawn.items()
        for trial in _halve(train, configs, max_epochs, factor, bracket + 1, str(bracket), book, executor)
    ]
    return Results(tuple(trials))
