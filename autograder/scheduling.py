"""Grade many submissions over any ``concurrent.futures`` executor, and go on when one of them brings a worker down.

Local processes (:mod:`autograder.workers`) by default; :func:`dask_executor` for a Dask cluster, whose workers need
the course's folder at the same path and work best with one thread each.
"""

from __future__ import annotations

import faulthandler
import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from autograder.execution import Graded, Task, grade, load_task
from autograder.kernel import Limits
from autograder.questions import CourseProblem
from autograder.records import Record
from autograder.workers import WorkerPool

TRIES = 2
WINDOW = 128
GRACE_SECONDS = 120.0
log = logging.getLogger("autograder")
_one_at_a_time = threading.Lock()
NewExecutor = Callable[[], Executor]


@dataclass(frozen=True)
class Job:
    """One submission to grade: data only, so that it can travel to another process or machine."""

    student: str
    submission: bytes
    set_folder: Path
    limits: Limits = field(default_factory=Limits)
    source_hash: str = ""

    @property
    def seconds(self) -> float:
        """How long grading it may take with everything; then the grader itself is stuck."""
        return self.limits.start + self.limits.total + GRACE_SECONDS


def local_executor(workers: int, seconds: float | None = None) -> NewExecutor:
    """Return a maker of pools of local processes; a job may take `seconds` (as much as its limits allow by default)."""
    return lambda: WorkerPool(workers, seconds or Job("", b"", Path()).seconds)


@contextmanager
def dask_executor(address: str) -> Iterator[NewExecutor]:
    """Connect to the Dask scheduler at `address` and yield a maker of executors over its workers.

    Raises
    ------
    CourseProblem
        If Dask is not installed, nothing answers at the address, or the connection is lost.
    """
    try:
        from distributed import Client
    except ImportError:
        raise CourseProblem("--scheduler needs Dask: install the package 'distributed'") from None
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise CourseProblem(
            f"no Dask scheduler answers at {address} ({error}): start one with 'dask scheduler', and workers with "
            "'dask worker ADDR --nthreads 1'"
        ) from None

    def new_executor() -> Executor:
        if client.status != "running":
            raise CourseProblem(f"the connection to the Dask scheduler at {address} is lost")
        executor = client.get_executor(pure=False)  # pure: a second grading would return the first one's result
        submit = executor.submit
        executor.submit = lambda function, job: submit(run_watched, function, job)
        return executor

    with client:
        yield new_executor


def run_job(job: Job) -> Graded:
    """Grade a job, one at a time in a process; a fault of the grader itself becomes a quarantine and is logged."""
    with _one_at_a_time:
        try:
            return grade(job.student, job.submission, _current_task(job), job.limits)
        except Exception as error:
            log.exception("grading %s failed", job.student)
            reason = f"the grader failed ({type(error).__name__}: {error}); see the log, then grade again"
            return quarantined(job, reason)


def run_watched(function: Callable[[Job], Graded], job: Job) -> Graded:
    """Run a job on a cluster, and end this process if that takes longer than the job's limits can explain."""
    faulthandler.dump_traceback_later(job.seconds, exit=True)
    try:
        return function(job)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _current_task(job: Job) -> Task:
    """Load the set anew if this process, which may have been there for days, knows an older version."""
    task = load_task(job.set_folder)
    if job.source_hash and task.source_hash != job.source_hash:
        load_task.cache_clear()
        task = load_task(job.set_folder)
        if task.source_hash != job.source_hash:
            raise CourseProblem(f"{job.set_folder} is another version here than where grading was started")
    return task


def quarantined(job: Job, reason: str) -> Graded:
    """Return the result of a job that could not be graded; without a hash, so that the next run tries again."""
    return Graded(Record(job.student, job.set_folder.name, quarantine=reason))


def run_jobs(jobs: Iterable[Job], new_executor: NewExecutor) -> Generator[Graded]:
    """Yield results as they come, one a job; read no more jobs than are under way.

    When a worker dies, the jobs that it may have died of are tried once more, alone; a job that brings its worker down
    again is quarantined, and so is one that takes too long. Close the iterator to stop: what runs is ended.
    """
    suspects: list[Job] = []
    with closing(_finished(jobs, new_executor)) as finished:
        for job, future in finished:
            graded = _result(job, future)
            if graded is None:
                suspects.append(job)
            else:
                yield graded
    for job in suspects:
        yield _alone(job, new_executor)


def _result(job: Job, future: Future[Graded]) -> Graded | None:
    """Return what grading gave, or None if its worker died: `run_job` itself raises nothing."""
    try:
        return future.result()
    except TimeoutError as error:
        return quarantined(job, f"the grader was stuck with it ({error}): look at the notebook, then grade it again")
    except Exception as error:
        log.warning("grading %s: %s", job.student, error)
        return None


def _finished(jobs: Iterable[Job], new_executor: NewExecutor) -> Generator[tuple[Job, Future[Graded]]]:
    """Submit jobs, never more than a window of them, and yield each with its future when that is done."""
    waiting = deque[Job]()
    more = iter(jobs)
    running: dict[Future[Graded], Job] = {}
    executor = new_executor()
    try:
        while True:
            while len(running) < WINDOW and (job := waiting.popleft() if waiting else next(more, None)):
                try:
                    running[executor.submit(run_job, job)] = job
                except BrokenExecutor:
                    executor = new_executor()
                    waiting.append(job)
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future
    except BaseException:
        for future in running:
            future.cancel()
        executor.shutdown(wait=False)
        raise
    executor.shutdown()


def _alone(job: Job, new_executor: NewExecutor) -> Graded:
    for _ in range(TRIES - 1):
        for _, future in _finished([job], new_executor):
            graded = _result(job, future)
            if graded is not None:
                return graded
    return quarantined(job, "the process that graded it died twice: look at the notebook before grading it again")
