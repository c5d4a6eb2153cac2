"""Run a list of trials: those in the journal are not run again, the others one by one, on an executor, or together.

An objective that can train many configurations at once says so by a method ``together(configs, epochs, states)``: it
yields lists of ``(number, loss, state)``, one list for all that were finished at one moment
(`course_lib.accelerated.candidates.Candidates`).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from typing import Any

from course_lib.search.journal import Journal, State
from course_lib.search.results import Trial
from course_lib.search.space import Config

Objective = Callable[[Config], float]
Train = Callable[[Config, int, State | None], tuple[float, State | None]]


@dataclass(frozen=True)
class Job:
    """A trial to be made.

    Attributes
    ----------
    key : str
        Its place in the search.
    config : dict
    epochs : int or None
        Epochs to be reached, None where the objective decides.
    parent : str or None
        Key of the trial whose state it goes on from.
    """

    key: str
    config: Config
    epochs: int | None = None
    parent: str | None = None


def run(function: Objective | Train, jobs: Sequence[Job], journal: Journal, executor: Executor | None) -> list[Trial]:
    """Return the trials of the jobs, in their order; each is in the journal as soon as it is finished."""
    if not callable(function):
        raise TypeError(f"a search needs a function to try configurations with, got {function!r}")
    known = {job.key: journal.find(job.key, job.config, job.epochs) for job in jobs}
    todo = [job for job in jobs if known[job.key] is None]
    if executor is None and hasattr(function, "together"):
        for job, outcome in _together(function, todo, journal):
            known[job.key] = _finish(job, outcome, journal)
    elif executor is None:
        for job in todo:
            known[job.key] = _finish(job, _timed(function, job, journal.state(job.parent)), journal)
    else:
        futures = {executor.submit(_timed, function, job, journal.state(job.parent)): job for job in todo}
        try:
            for future in as_completed(futures):
                known[futures[future].key] = _finish(futures[future], future.result(), journal)
        finally:  # after an error in one trial the others need not start
            for future in futures:
                future.cancel()
    return [trial for trial in known.values() if trial is not None]


def _timed(function: Callable, job: Job, state: State | None) -> tuple[float, State | None, float]:
    """Run one trial; this is what goes to a worker."""
    start = time.perf_counter()
    if job.epochs is None:
        loss, state = function(dict(job.config)), None
    else:
        loss, state = function(dict(job.config), job.epochs, state)
    return float(loss), state, time.perf_counter() - start


def _together(objective: Any, jobs: Sequence[Job], journal: Journal) -> Iterator[tuple[Job, tuple]]:
    """Yield each job with its outcome; those that were trained together share the time equally."""
    if not jobs:
        return
    states = [journal.state(job.parent) for job in jobs]
    start = time.perf_counter()
    for finished in objective.together([dict(job.config) for job in jobs], jobs[0].epochs, states):
        seconds = (time.perf_counter() - start) / len(finished)
        for number, loss, state in finished:
            yield jobs[number], (float(loss), state, seconds)
        start = time.perf_counter()


def _finish(job: Job, outcome: tuple[float, State | None, float], journal: Journal) -> Trial:
    loss, state, seconds = outcome
    trial = Trial(job.key, job.config, job.epochs, loss, seconds)
    journal.add(trial, state)
    return trial
