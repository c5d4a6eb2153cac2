"""What the scheduling and fault tests give to workers: functions that die, hang or start processes; and a class."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future
from pathlib import Path

from classroom import RIGHT, SET, answered, submit
from nbformat import NotebookNode
from nbgrader import api
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from autograder.course import Course
from autograder.execution import Graded
from autograder.gradebook import Gradebook
from autograder.grading import read_records
from autograder.records import Record
from autograder.scheduling import Job, NewExecutor, run_job
from autograder.workers import WorkerPool

ANSWERS = {"right": RIGHT["double"], "squares": "def double(x):\n    return x * x", "none": ""}
POINTS = {"right": 3.0, "squares": 0.0, "none": 0.0}  # of `double` (2) and of the plain asserts (1)


class Here(Executor):
    """Runs each job at once, in this process."""

    def submit(self, function, job):  # type: ignore[no-untyped-def, override]
        future: Future = Future()
        future.set_result(function(job))
        return future


def make_class(course: Course, handed_out: NotebookNode, students: int, seconds: float = 0.0) -> dict[str, float]:
    """Submit a class whose notebooks take some seconds each; return the points that each student must get."""
    earned = {}
    for number in range(students):
        kind = list(ANSWERS)[number % len(ANSWERS)]
        student = f"s{number:02}"
        slow = f"import time\ntime.sleep({seconds})\n" if seconds else ""
        source = slow + (ANSWERS[kind] or "pass") + f"\nmine = {number}"
        submit(course, student, answered(handed_out, double=source))
        earned[student] = POINTS[kind]
    return earned


def by_hand(course: Course, student: str, score: float) -> None:
    """Give points for the question in words, as formgrader does."""
    engine = create_engine(course.db_url)
    with Session(engine) as session, session.begin():
        for grade in session.scalars(select(api.Grade)):
            if grade.name == "why" and grade.student.id == student:
                grade.manual_score, grade.needs_manual_grade = score, False
    engine.dispose()


def scores(course: Course) -> dict[str, float]:
    """Points by student in the gradebook, of those who have a submission there."""
    with Gradebook(course) as gradebook:
        done = gradebook.graded(SET)
        return {score.student: score.score for score in gradebook.scores(SET) if score.student in done}


def recorded(course: Course) -> dict[str, float]:
    """Points by student in the records that were graded."""
    return {record.student: record.points for record in read_records(course, SET) if not record.quarantine}


def command(course: Course, *arguments: str) -> subprocess.Popen[str]:
    """Start a command of the autograder in a session of its own."""
    line = [sys.executable, "-c", "from autograder.cli import main; main()", *arguments, "--course", str(course.root)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(line, start_new_session=True, env={**os.environ, "COLUMNS": "200"}, **pipes)


def wait_for(condition, seconds: float = 60.0) -> None:  # type: ignore[no-untyped-def]
    """Wait until a condition holds; AssertionError if it never does."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"not after {seconds:g} s"
        time.sleep(0.01)


def session_processes(session: int) -> dict[int, int]:
    """Processes of a session, each with its process group, zombies left out."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state, _, group, theirs = (place / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(theirs) == session and state != "Z":
            found[int(place.name)] = int(group)
    return found


def alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def start_child_and_hang(file: str) -> None:
    """Start a process, write its number into a file, and never return."""
    child = subprocess.Popen(["sleep", "1000"])
    Path(file).write_text(str(child.pid), encoding="ascii")
    while True:
        time.sleep(1)


def die(job: Job) -> Graded:
    """End the worker as a crash does."""
    os.kill(os.getpid(), signal.SIGKILL)
    return run_job(job)


def hang_or_not(job: Job) -> Graded:
    """Never return from the job of one student; return at once from the others."""
    time.sleep(1000 if job.student == "s01" else 0)
    return Graded(Record(job.student, job.set_folder.name))


def die_once(job: Job) -> Graded:
    """End the first worker that gets the job."""
    marker = job.set_folder.parents[1] / f"died-{job.student}"
    if not marker.exists():
        marker.touch()
        die(job)
    return run_job(job)


def pool_that(what, student: str, workers: int = 2) -> NewExecutor:  # type: ignore[no-untyped-def]
    """Return a maker of pools that do something else with one student's job."""

    class Pool(WorkerPool):
        def submit(self, function, /, *arguments):  # type: ignore[no-untyped-def]
            mine = what if arguments[0].student == student else function
            return super().submit(mine, *arguments)

    return lambda: Pool(workers, 120)
