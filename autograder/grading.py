"""Grade a class: find the submissions, run those that are new, write each result once."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from autograder import __version__
from autograder.course import Course
from autograder.execution import Graded, Task, load_task
from autograder.gradebook import Gradebook
from autograder.intake import Found, find_submissions
from autograder.kernel import Limits
from autograder.records import Record
from autograder.scheduling import Job, run_jobs

RECORD = "record.json"
Progress = Callable[[Record, int], None]


@dataclass
class Tally:
    """What a run of grading came to."""

    graded: list[Record] = field(default_factory=list)
    quarantined: list[Record] = field(default_factory=list)
    unchanged: int = 0


def local_executor(workers: int) -> Callable[[], Executor]:
    """Return a maker of process pools; their workers are forked from one clean process that has imported the grader."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.scheduling"])
    return lambda: ProcessPoolExecutor(workers, mp_context=context)


def default_workers() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def grade_class(
    course: Course,
    set_name: str,
    new_executor: Callable[[], Executor],
    limits: Limits | None = None,
    regrade: bool = False,
    students: tuple[str, ...] = (),
    started: Callable[[int], None] = lambda total: None,
    progress: Progress = lambda record, left: None,
) -> Tally:
    """Grade the submissions to one set that are new or changed, and write gradebook, notebooks and records.

    Parameters
    ----------
    course, set_name
        Whose submissions, to what.
    new_executor
        Makes the executor that runs the jobs.
    limits
        Seconds that cells and cases may take.
    regrade
        Grade all, changed or not.
    students
        Only these, if any are given.
    started, progress
        Called with the number of jobs, then with each record and the number of jobs left.
    """
    folder = course.solution(set_name)
    task, tally = load_task(folder), Tally()
    found = [f for f in find_submissions(course.submitted, set_name) if not students or f.student in students]
    with Gradebook(course) as gradebook:
        gradebook.save_set(task)
        done = set() if regrade else gradebook.graded(set_name)
        new = [f for f in found if not _is_done(course, f, task, done)]
        tally.unchanged = len(found) - len(new)
        jobs = [Job(f.student, f.file.read_bytes(), folder, limits or Limits()) for f in new if f.file]
        notes = {f.student: f.notes for f in new}
        started(len(new))
        left = len(new)
        refused = [Graded(Record(f.student, set_name, quarantine=f.reason)) for f in new if not f.file]
        for graded in refused:
            left -= 1
            _keep(course, gradebook, graded, tally, ())
            progress(graded.record, left)
        for graded in run_jobs(jobs, new_executor) if jobs else ():
            left -= 1
            _keep(course, gradebook, graded, tally, notes[graded.record.student])
            progress(graded.record, left)
    return tally


def read_records(course: Course, set_name: str) -> list[Record]:
    """Read the records of all submissions to a set, graded or quarantined, in order of student id."""
    files = sorted(course.autograded.glob(f"*/{set_name}/{RECORD}"))
    return [Record.from_json(file.read_text(encoding="utf-8")) for file in files]


def _is_done(course: Course, found: Found, task: Task, done: set[str]) -> bool:
    record = _read(course.graded(found.student, task.problem_set.name) / RECORD)
    if record is None or found.file is None or (found.student not in done and not record.quarantine):
        return False
    same = record.submission_hash == hashlib.sha256(found.file.read_bytes()).hexdigest()
    return same and record.source_hash == task.source_hash and record.engine == __version__


def _read(file: Path) -> Record | None:
    try:
        return Record.from_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(course: Course, gradebook: Gradebook, graded: Graded, tally: Tally, notes: tuple[str, ...]) -> None:
    """Write one result: first the notebook, then the gradebook, last the record that says it is done."""
    record = replace(graded.record, notes=notes + graded.record.notes)
    folder = course.graded(record.student, record.set_name)
    before = _read(folder / RECORD)
    folder.mkdir(parents=True, exist_ok=True)
    if record.quarantine:
        tally.quarantined.append(record)
    else:
        _write(folder / f"{record.set_name}.ipynb", graded.notebook)
        changed = before is None or before.submission_hash != record.submission_hash
        gradebook.record(record, _timestamp(course, record), changed)
        tally.graded.append(record)
    _write(folder / RECORD, record.to_json().encode("utf-8"))


def _write(file: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(data)
    os.replace(part, file)


def _timestamp(course: Course, record: Record) -> datetime | None:
    file = course.submitted / record.student / record.set_name / "timestamp.txt"
    if file.is_symlink() or not file.is_file() or file.stat().st_size > 100:
        return None
    try:
        text = file.read_text(encoding="utf-8").strip().removesuffix(" UTC")
        moment = datetime.fromisoformat(text)
    except (OSError, ValueError):
        return None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
