"""Grade a class: find the submissions, run those that are new, write each result once."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from autograder import __version__
from autograder.collecting import STAMP, read_stamp
from autograder.course import Course
from autograder.execution import Graded, Task, load_task
from autograder.gradebook import Gradebook
from autograder.intake import Found, find_submissions
from autograder.kernel import Limits
from autograder.notebooks import grade_id, is_test, read_notebook, write_notebook
from autograder.questions import CourseProblem, QuestionResult
from autograder.records import Record
from autograder.scheduling import Job, NewExecutor, local_executor, run_jobs

RECORD = "record.json"
Progress = Callable[[Record, int], None]


@dataclass
class Tally:
    """What a run of grading came to; of those graded, the points by question and no more, so that any class fits."""

    graded: list[Record] = field(default_factory=list)
    quarantined: list[Record] = field(default_factory=list)
    unchanged: int = 0


def default_workers() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def grade_class(
    course: Course,
    set_name: str,
    new_executor: NewExecutor,
    limits: Limits | None = None,
    regrade: bool = False,
    students: tuple[str, ...] = (),
    question: str = "",
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
    question
        Grade all again, but change only the points of this question where the rest has been graded already.
    started, progress
        Called with the number of jobs, then with each record and the number of jobs left.

    Raises
    ------
    CourseProblem
        If the gradebook or the disk cannot be used any more; the message lists whose submissions are not graded.
    """
    task, tally = load_task(course.solution(set_name)), Tally()
    _check_question(task, question)
    found = [f for f in find_submissions(course.submitted, set_name) if not students or f.student in students]
    _check_students(course, set_name, students, found)
    with Gradebook(course) as gradebook:
        gradebook.save_set(task)
        done = set() if regrade or question else gradebook.graded(set_name)
        new = [f for f in found if not _is_done(course, f, task, done)]
        tally.unchanged = len(found) - len(new)
        started(len(new))
        keep = _Keeper(course, gradebook, task, question, tally, {f.student: f for f in new})
        try:
            with closing(_results(course, set_name, new, task, new_executor, limits or Limits())) as results:
                for graded in results:
                    record = keep(graded)
                    progress(record, len(keep.waiting))
        except (CourseProblem, OSError) as problem:
            raise _stopped(problem, keep.waiting) from None
    return tally


def _results(
    course: Course, set_name: str, new: Sequence[Found], task: Task, new_executor: NewExecutor, limits: Limits
) -> Generator[Graded]:
    """Yield the results of submissions: first those that cannot be used, then the others as they are graded."""
    for found in new:
        if not found.file:
            yield Graded(Record(found.student, set_name, quarantine=found.reason))
    if any(found.file for found in new):
        jobs = (
            Job(found.student, found.file.read_bytes(), course.solution(set_name), limits, task.source_hash)
            for found in new
            if found.file
        )
        yield from run_jobs(jobs, new_executor)


def _check_question(task: Task, question: str) -> None:
    names = [grade_id(cell) for cell in task.notebook.cells if is_test(cell)]
    if question and question not in names:
        raise CourseProblem(f"{task.problem_set.name} has no question {question!r} that is graded by running it: "
                            f"{', '.join(names)}")  # fmt: skip


def _check_students(course: Course, set_name: str, students: Sequence[str], found: Sequence[Found]) -> None:
    missing = sorted(set(students) - {f.student for f in found})
    if missing:
        known = [f.student for f in find_submissions(course.submitted, set_name)]
        near = difflib.get_close_matches(missing[0], known, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise CourseProblem(f"nothing has been collected from {', '.join(missing)} for {set_name}{hint}")


def _stopped(problem: Exception, waiting: Mapping[str, Found]) -> CourseProblem:
    """Say what stopped grading and whose submissions are left."""
    reason = str(problem)
    if isinstance(problem, OSError):
        reason = f"{problem.strerror or problem} ({problem.filename or 'no file'})"
    if not waiting:
        return CourseProblem(reason)
    names = ", ".join(list(waiting)[:10]) + (f" and {len(waiting) - 10} more" if len(waiting) > 10 else "")
    return CourseProblem(f"{reason}. Not graded ({len(waiting)}): {names}. Run the same command again to grade them")


def ungraded(course: Course, set_name: str) -> list[str]:
    """List the students whose submission, as it was collected, has neither been graded nor quarantined yet."""
    task = load_task(course.solution(set_name))
    with Gradebook(course) as gradebook:
        done = gradebook.graded(set_name)
    found = find_submissions(course.submitted, set_name)
    return [f.student for f in found if not (f.reason or _is_done(course, f, task, done))]


def read_records(course: Course, set_name: str) -> list[Record]:
    """Read the records of all submissions to a set, graded or quarantined, in order of student id."""
    files = sorted(course.autograded.glob(f"*/{set_name}/{RECORD}"))
    return [record for file in files if (record := _read(file))]


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


@dataclass
class _Keeper:
    """Writes each result once: first the notebook, then the gradebook, last the record that says it is done."""

    course: Course
    gradebook: Gradebook
    task: Task
    question: str
    tally: Tally
    waiting: dict[str, Found]

    def __call__(self, graded: Graded) -> Record:
        record = replace(graded.record, notes=self.waiting[graded.record.student].notes + graded.record.notes)
        folder = self.course.graded(record.student, record.set_name)
        before, notebook = _read(folder / RECORD), folder / f"{record.set_name}.ipynb"
        folder.mkdir(parents=True, exist_ok=True)
        if record.quarantine:
            self.tally.quarantined.append(record)
        else:
            if self.question and before and _comparable(before, record):
                data = with_question(notebook.read_bytes(), graded.notebook, self.question)
                record, graded = merged(before, record, self.question), Graded(record, data)
            _write(notebook, graded.notebook)
            changed = before is None or before.submission_hash != record.submission_hash
            self.gradebook.record(record, _timestamp(self.course, record), changed)
            self.tally.graded.append(in_short(record))
        _write(folder / RECORD, record.to_json().encode("utf-8"))
        del self.waiting[record.student]
        return record


def in_short(record: Record) -> Record:
    """Return a record without cases, answers and notes.

    Examples
    --------
    >>> in_short(Record("ada", "01", (QuestionResult("double", 1.0, 2.0, problem="late"),), notes=("x",))).questions
    (QuestionResult(name='double', points=1.0, max_points=2.0, cases=(), misconceptions=(), problem=''),)
    """
    questions = tuple(QuestionResult(q.name, q.points, q.max_points) for q in record.questions)
    return replace(record, questions=questions, manual=(), notes=())


def _comparable(before: Record, after: Record) -> bool:
    """Whether two records are of the same submission and the same questions, so that points can be kept."""
    shape = [[(question.name, question.max_points) for question in record.questions] for record in (before, after)]
    return not before.quarantine and before.submission_hash == after.submission_hash and shape[0] == shape[1]


def merged(before: Record, after: Record, question: str) -> Record:
    """Return the later record with the points of all questions but one as they were."""
    earlier = {name: source for name, source in before.earlier if name != question}
    if before.source_hash != after.source_hash:
        others = [result.name for result in before.questions if result.name != question]
        earlier = {name: before.source_hash for name in others} | earlier
    kept = {result.name: result for result in before.questions if result.name != question}
    questions = tuple(kept.get(result.name, result) for result in after.questions)
    return replace(after, questions=questions, earlier=tuple(sorted(earlier.items())))


def with_question(before: bytes, after: bytes, question: str) -> bytes:
    """Return the earlier graded notebook with the later one's cells of one question."""
    notebook = read_notebook(before)
    new = {grade_id(cell): cell for cell in read_notebook(after).cells}
    for cell in notebook.cells:
        if grade_id(cell) in (question, f"{question}_answer") and grade_id(cell) in new:
            cell.update(new[grade_id(cell)])
    return write_notebook(notebook)


def _write(file: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_bytes(data)
        os.replace(part, file)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _timestamp(course: Course, record: Record) -> datetime | None:
    file = course.submitted / record.student / record.set_name / STAMP
    if file.is_symlink() or not file.is_file() or file.stat().st_size > 100:
        return None
    moment = read_stamp(file.read_bytes())
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


__all__ = ["RECORD", "Tally", "default_workers", "grade_class", "local_executor", "read_records", "ungraded"]
