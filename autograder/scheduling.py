"""Grade many submissions over any ``concurrent.futures`` executor, and go on when one of them brings a worker down."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from autograder.execution import Graded, grade, load_task
from autograder.kernel import Limits
from autograder.records import Record

TRIES = 2
log = logging.getLogger("autograder")


@dataclass(frozen=True)
class Job:
    """One submission to grade: data only, so that it can travel to another process or machine."""

    student: str
    submission: bytes
    set_folder: Path
    limits: Limits = field(default_factory=Limits)


def run_job(job: Job) -> Graded:
    """Grade a job; a fault of the grader itself becomes a quarantine and goes to the log."""
    try:
        return grade(job.student, job.submission, load_task(job.set_folder), job.limits)
    except Exception as error:
        log.exception("grading %s failed", job.student)
        return quarantined(job, f"the grader failed ({type(error).__name__}: {error}); see the log, then grade again")


def quarantined(job: Job, reason: str) -> Graded:
    """Return the result of a job that could not be graded."""
    return Graded(Record(job.student, job.set_folder.name, quarantine=reason))


def run_jobs(jobs: Sequence[Job], new_executor: Callable[[], Executor]) -> Iterator[Graded]:
    """Yield results as they come, one a job.

    When a worker dies, every job that was then under way is tried once more, alone; a job that brings its worker down
    again is quarantined.
    """
    suspects: list[Job] = []
    with new_executor() as executor:
        futures: dict[Future[Graded], Job] = {executor.submit(run_job, job): job for job in jobs}
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                suspects.append(futures[future])
    for job in suspects:
        yield _alone(job, new_executor)


def _alone(job: Job, new_executor: Callable[[], Executor]) -> Graded:
    for _ in range(TRIES - 1):
        with new_executor() as executor:
            try:
                return executor.submit(run_job, job).result()
            except BrokenProcessPool:
                continue
    return quarantined(job, "the process that graded it died twice: look at the notebook before grading it again")
