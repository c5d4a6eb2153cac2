"""Grades as files that other programs import: nbgrader's CSV, a Canvas gradebook, a Moodle gradebook.

=========  ============================================================================================================
file       format followed
=========  ============================================================================================================
nbgrader   the columns and values of ``nbgrader export`` 0.9.6 (``plugins/export.py``), but quoted where CSV needs it
Canvas     "Import grades" of the instructor guide, read against ``lib/gradebook_importer.rb`` of canvas-lms:
           ``Student, ID, SIS User ID, SIS Login ID, Section``, one column an assignment, second row "Points Possible".
           Canvas finds a student by ID, then by SIS User ID, SIS Login ID, and last by name; an assignment by the
           number in parentheses, else by its exact title, else it offers to make one. An empty cell changes nothing.
Moodle     "Grade import", CSV (docs.moodle.org, 4.5), read against ``grade/import/csv/classes/load_data.php``: the
           columns are mapped in the dialogue. Map *Email address* (or *Username*) to the user, the set's title to the
           grade and "(feedback)" to its feedback; Moodle drops existing grades if only one of the two is mapped, and
           stops at a user whom it does not know. A dash means no grade.
=========  ============================================================================================================

Canvas and Moodle get the score with the late penalty subtracted: 0 for who handed nothing in, nothing for a submission
that is quarantined. All files are UTF-8. Text that a spreadsheet would take for a formula gets an apostrophe in front,
as OWASP's page on CSV injection advises.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nbgrader import api
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.course import Course
from autograder.gradebook import Gradebook, Score
from autograder.grading import read_records, ungraded
from autograder.pages import points
from autograder.questions import ProblemSet, load_set

NBGRADER = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score",
)  # fmt: skip
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE = ("Username", "Email address", "ID number", "First name", "Last name")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Grades:
    """What there is to export of one set."""

    problem_set: ProblemSet
    scores: tuple[Score, ...]
    due: datetime | None
    quarantined: frozenset[str]

    @property
    def max_score(self) -> float:
        """Points of the whole set, as in the gradebook."""
        return self.scores[0].max_score if self.scores else self.problem_set.points


def write_exports(course: Course, set_name: str, canvas_id: int | None = None) -> list[Path]:
    """Write ``<set>-nbgrader.csv``, ``<set>-canvas.csv`` and ``<set>-moodle.csv`` into the reports folder.

    `canvas_id` is the number of the assignment in Canvas, which stands at the end of its address; without it Canvas
    goes by the title. What is not complete yet is said by :func:`unfinished`.
    """
    grades = read_grades(course, set_name)
    course.reports.mkdir(parents=True, exist_ok=True)
    tables = {
        "nbgrader": nbgrader_rows(grades),
        "canvas": canvas_rows(grades, canvas_id),
        "moodle": moodle_rows(grades),
    }
    return [_write(course.reports / f"{set_name}-{name}.csv", rows) for name, rows in tables.items()]


def unfinished(course: Course, set_name: str) -> list[str]:
    """List what is still missing in an export, one sentence each; empty if the scores are final."""
    grades, left = read_grades(course, set_name), ungraded(course, set_name)
    waiting = [score.student for score in grades.scores if score.needs_manual]
    known = {score.student for score in grades.scores}
    sentences = (
        (left, "handed in, but not graded yet as it is: run 'autograder grade'"),
        (waiting, "an answer waits for its grade by hand, so the score can still rise"),
        (sorted(grades.quarantined & known), "quarantined, so without a grade in the Canvas and Moodle files"),
        (sorted(grades.quarantined - known), "quarantined and unknown to the gradebook, so in no file"),
    )
    return [f"{what} ({len(who)}): {_listed(who)}" for who, what in sentences if who]


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def read_grades(course: Course, set_name: str) -> Grades:
    """Read scores, due date and quarantined students of a set."""
    problem_set = load_set(course.solution(set_name))
    with Gradebook(course) as gradebook:
        scores = tuple(gradebook.scores(set_name))
        with Session(gradebook.engine) as session:
            due = session.scalars(select(api.Assignment.duedate).where(api.Assignment.name == set_name)).one_or_none()
    quarantined = frozenset(record.student for record in read_records(course, set_name) if record.quarantine)
    return Grades(problem_set, scores, due, quarantined)


def final_score(score: Score) -> float:
    """Return the score with the late penalty subtracted, not below 0.

    Examples
    --------
    >>> final_score(Score("ada", None, 3.0, 4.0, late_penalty=0.5))
    2.5
    """
    return max(0.0, score.score - score.late_penalty)


def safe(text: str) -> str:
    r"""Return one line of text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> safe("=1+1"), safe(" @x"), safe("Ada"), safe("two\nlines")
    ("'=1+1", "' @x", 'Ada', 'two lines')
    """
    if text.lstrip(" \n").startswith(_FORMULA):
        text = f"'{text}"
    return " ".join(text.splitlines())


def nbgrader_rows(grades: Grades) -> list[Sequence[str]]:
    """Return the rows of ``nbgrader export``: all students, a missing submission counting 0."""
    rows: list[Sequence[str]] = [NBGRADER]
    for score in grades.scores:
        who = (score.student, score.last_name, score.first_name, score.email)
        what = (score.score, score.late_penalty, final_score(score), score.max_score)
        times = (str(grades.due or ""), str(score.submitted or ""))
        rows.append((grades.problem_set.name, *times, *map(safe, who), *(str(float(number)) for number in what)))
    return rows


def canvas_rows(grades: Grades, canvas_id: int | None = None) -> list[Sequence[str]]:
    """Return the rows of a Canvas gradebook; an LMS id of digits is Canvas's own ID, another one the SIS User ID."""
    title = safe(grades.problem_set.title) + (f" ({canvas_id})" if canvas_id is not None else "")
    rows: list[Sequence[str]] = [(*CANVAS, title), ("    Points Possible", "", "", "", "", points(grades.max_score))]
    for score in grades.scores:
        name = ", ".join(filter(None, (score.last_name, score.first_name))) or score.student
        ids = (score.lms_id, "") if score.lms_id.isdecimal() else ("", score.lms_id)
        rows.append((*map(safe, (name, *ids, score.student)), "", _grade(grades, score, none="")))
    return rows


def moodle_rows(grades: Grades) -> list[Sequence[str]]:
    """Return the rows of a Moodle import, with points by question as feedback."""
    title = safe(grades.problem_set.title)
    rows: list[Sequence[str]] = [(*MOODLE, title, f"{title} (feedback)")]
    for score in grades.scores:
        who = (score.student, score.email, score.lms_id, score.first_name, score.last_name)
        rows.append((*map(safe, who), _grade(grades, score, none="-"), safe(_feedback(grades, score))))
    return rows


def _grade(grades: Grades, score: Score, none: str) -> str:
    return none if score.student in grades.quarantined else points(final_score(score))


def _feedback(grades: Grades, score: Score) -> str:
    if score.student in grades.quarantined:
        return "Not graded yet: see the feedback page."
    if score.submitted is None and not score.parts:
        return "Nothing was handed in."
    graded = {name: points(earned) for name, earned in score.parts.items() if name not in score.waiting}
    parts = [", ".join(f"{name} {earned}" for name, earned in graded.items())]
    parts += [f"late penalty {points(score.late_penalty)}"] if score.late_penalty else []
    parts += [f"preliminary: {', '.join(sorted(score.waiting))} not graded yet"] if score.waiting else []
    return "; ".join(parts)


def _write(file: Path, rows: Iterable[Sequence[str]]) -> Path:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(text.getvalue().encode("utf-8", errors="replace"))
    part.replace(file)
    return file
