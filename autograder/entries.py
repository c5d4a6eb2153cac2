"""One graded submission as rows of nbgrader's tables, and a class's scores from them, in as few statements as it takes.

nbgrader's own classes load a row at a time, which is what takes most of the time of a gradebook; so its tables are read
and written directly here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from nbgrader import api
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import Select, and_, bindparam, func, insert, select, update
from sqlalchemy.engine import Connection

from autograder.records import Record

TABLES = api.Base.metadata.tables
ASSIGNMENT, NOTEBOOK, CELL = (TABLES[name] for name in ("assignment", "notebook", "base_cell"))
STUDENT, SUBMISSION, COPY = (TABLES[name] for name in ("student", "submitted_assignment", "submitted_notebook"))
GRADE, COMMENT = TABLES["grade"], TABLES["comment"]


@dataclass(frozen=True)
class Score:
    """What one student has in one set: the sum, the parts by question, what is waiting to be graded by hand."""

    student: str
    submitted: datetime | None
    score: float
    max_score: float
    late_penalty: float = 0.0
    waiting: frozenset[str] = frozenset()
    parts: dict[str, float] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""

    @property
    def needs_manual(self) -> bool:
        """Whether anything is still waiting to be graded by hand."""
        return bool(self.waiting)


@dataclass(frozen=True)
class SetRows:
    """Numbers of a set's rows: assignment, notebook, and cells by name that carry grades and comments."""

    assignment: str
    notebook: str
    graded: Mapping[str, str]
    commented: Mapping[str, str]


def set_rows(connection: Connection, set_name: str) -> SetRows:
    """Look a set up."""
    query = select(NOTEBOOK.c.assignment_id, NOTEBOOK.c.id).join(ASSIGNMENT)
    assignment, notebook = connection.execute(
        query.where(ASSIGNMENT.c.name == set_name, NOTEBOOK.c.name == set_name)
    ).one()
    cells = connection.execute(select(CELL.c.name, CELL.c.id, CELL.c.type).where(CELL.c.notebook_id == notebook)).all()
    graded = {name: key for name, key, kind in cells if kind in ("GradeCell", "TaskCell")}
    commented = {name: key for name, key, kind in cells if kind in ("SolutionCell", "TaskCell")}
    return SetRows(assignment, notebook, graded, commented)


def write_entry(
    connection: Connection,
    rows: SetRows,
    record: Record,
    submitted: datetime | None,
    answer_changed: bool,
    late: AssignLatePenalties,
) -> None:
    """Write one submission with its grades, comments and late penalty; grades given by hand stay."""
    where = {"set": rows.assignment, "notebook": rows.notebook, "who": record.student}
    due, submission, extension, copy = connection.execute(_place(), where).one()
    if submission is None:
        _have_student(connection, record.student)
        submission = api.new_uuid()
        new = {"id": submission, "assignment_id": rows.assignment, "student_id": record.student, "timestamp": submitted}
        connection.execute(insert(SUBMISSION), new)
    else:
        connection.execute(update(SUBMISSION).where(SUBMISSION.c.id == submission), {"timestamp": submitted})
    if copy is None:
        copy = api.new_uuid()
        connection.execute(insert(COPY), {"id": copy, "assignment_id": submission, "notebook_id": rows.notebook})
    score = _write_grades(connection, rows, copy, record, answer_changed)
    _write_comments(connection, rows, copy, {name for name, _, text in record.manual if not text})
    penalty = _penalty(late, record.student, score, submitted, due, extension)
    connection.execute(update(COPY).where(COPY.c.id == copy), {"late_submission_penalty": penalty})


def _place() -> Select[Any]:
    """Select due date, submission, extension and copy of the notebook of one student in one set."""
    theirs = and_(SUBMISSION.c.assignment_id == ASSIGNMENT.c.id, SUBMISSION.c.student_id == bindparam("who"))
    copied = and_(COPY.c.assignment_id == SUBMISSION.c.id, COPY.c.notebook_id == bindparam("notebook"))
    joined = ASSIGNMENT.outerjoin(SUBMISSION, theirs).outerjoin(COPY, copied)
    columns = ASSIGNMENT.c.duedate, SUBMISSION.c.id, SUBMISSION.c.extension, COPY.c.id
    return select(*columns).select_from(joined).where(ASSIGNMENT.c.id == bindparam("set"))


def _have_student(connection: Connection, student: str) -> None:
    if connection.scalar(select(STUDENT.c.id).where(STUDENT.c.id == student)) is None:
        connection.execute(insert(STUDENT), {"id": student})


def _write_grades(connection: Connection, rows: SetRows, copy: str, record: Record, answer_changed: bool) -> float:
    """Write the automatic points of every cell that carries a grade, and return the score with those given by hand."""
    earned = {question.name: question.points for question in record.questions}
    earned |= {name: 0.0 for name, _, text in record.manual if not text}
    query = select(GRADE.c.cell_id, GRADE.c.manual_score, GRADE.c.extra_credit).where(_of(GRADE, copy, rows.graded))
    there = {cell: (manual, extra) for cell, manual, extra in connection.execute(query)}
    new, changed, score = [], [], 0.0
    for name, cell in rows.graded.items():
        points = earned.get(name)
        manual, extra = there.get(cell, (None, None))
        needs = answer_changed if manual is not None else points is None
        row = {"auto_score": points, "needs_manual_grade": needs}
        if cell in there:
            changed.append({"its_cell": cell, "its_copy": copy, **row})
        else:
            new.append({"id": api.new_uuid(), "cell_id": cell, "notebook_id": copy, **row})
        best = points if manual is None else manual
        score += (best or 0.0) + (extra or 0.0 if best is not None else 0.0)
    _write_rows(connection, GRADE, new, changed)
    return score


def _write_comments(connection: Connection, rows: SetRows, copy: str, unanswered: set[str]) -> None:
    there = set(connection.scalars(select(COMMENT.c.cell_id).where(_of(COMMENT, copy, rows.commented))))
    texts = {cell: "No response." if name in unanswered else None for name, cell in rows.commented.items()}
    new = [
        {"id": api.new_uuid(), "cell_id": cell, "notebook_id": copy, "auto_comment": text}
        for cell, text in texts.items()
        if cell not in there
    ]
    changed = [{"its_cell": c, "its_copy": copy, "auto_comment": text} for c, text in texts.items() if c in there]
    _write_rows(connection, COMMENT, new, changed)


def _of(table: Any, copy: str, cells: Mapping[str, str]) -> Any:
    """Return the condition for the rows of one copy, with the cells, as nbgrader's only index has them first."""
    return and_(table.c.cell_id.in_(list(cells.values())), table.c.notebook_id == copy)


def _write_rows(connection: Connection, table: Any, new: Sequence[dict], changed: Sequence[dict]) -> None:
    if new:
        connection.execute(insert(table), new)
    if changed:
        mine = and_(table.c.cell_id == bindparam("its_cell"), table.c.notebook_id == bindparam("its_copy"))
        columns: dict[str, Any] = {name: bindparam(name) for name in changed[0] if not name.startswith("its_")}
        connection.execute(update(table).where(mine).values(columns), changed)


def _penalty(
    late: AssignLatePenalties,
    student: str,
    score: float,
    submitted: datetime | None,
    due: datetime | None,
    extension: timedelta | None,
) -> float | None:
    """Return what nbgrader's late-submission plugin of the course takes off, between nothing and the score."""
    if submitted is None or due is None:
        return None
    seconds = (submitted - due - (extension or timedelta(0))).total_seconds()
    if seconds <= 0:
        return None
    penalty = late.plugin_inst.late_submission_penalty(student, score, seconds)
    return None if penalty is None else min(max(float(penalty), 0.0), score)


def read_scores(connection: Connection, set_name: str) -> list[Score]:
    """Read the scores of all students in a set, in order of id; who handed nothing in has 0."""
    set_id = connection.scalar(select(ASSIGNMENT.c.id).where(ASSIGNMENT.c.name == set_name))
    if set_id is None:
        return []
    most = _max_score(connection, set_id)
    handed_in = {row.student_id: row for row in connection.execute(_submissions(set_id))}
    grades, comments = _by_student(connection, _grades(set_id)), _by_student(connection, _comments(set_id))
    students = connection.execute(select(STUDENT).order_by(STUDENT.c.id)).all()
    return [_score(s, handed_in.get(s.id), grades.get(s.id, ()), comments.get(s.id, ()), most) for s in students]


def _max_score(connection: Connection, set_id: str) -> float:
    total = 0.0
    for name in ("grade_cells", "task_cells"):
        kind = TABLES[name]
        query = select(func.sum(kind.c.max_score)).select_from(kind.join(CELL, CELL.c.id == kind.c.id).join(NOTEBOOK))
        total += float(connection.scalar(query.where(NOTEBOOK.c.assignment_id == set_id)) or 0.0)
    return total


def _submissions(set_id: str) -> Select[Any]:
    penalty = func.sum(COPY.c.late_submission_penalty).label("penalty")
    query = select(SUBMISSION.c.student_id, SUBMISSION.c.timestamp, penalty).outerjoin(COPY)
    return query.where(SUBMISSION.c.assignment_id == set_id).group_by(SUBMISSION.c.id)


def _grades(set_id: str) -> Select[Any]:
    columns = GRADE.c.auto_score, GRADE.c.manual_score, GRADE.c.extra_credit, GRADE.c.needs_manual_grade
    return _joined(GRADE, set_id, *columns)


def _comments(set_id: str) -> Select[Any]:
    return _joined(COMMENT, set_id, COMMENT.c.auto_comment, COMMENT.c.manual_comment)


def _joined(table: Any, set_id: str, *columns: Any) -> Select[Any]:
    query = select(SUBMISSION.c.student_id, CELL.c.name, *columns).select_from(
        table.join(COPY, table.c.notebook_id == COPY.c.id).join(SUBMISSION).join(CELL, table.c.cell_id == CELL.c.id)
    )
    return query.where(SUBMISSION.c.assignment_id == set_id)


def _by_student(connection: Connection, query: Select[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in connection.execute(query):
        found.setdefault(row.student_id, []).append(row)
    return found


def _score(student: Any, submission: Any, grades: Iterable[Any], comments: Iterable[Any], most: float) -> Score:
    who = [text or "" for text in (student.first_name, student.last_name, student.email, student.lms_user_id)]
    if submission is None:
        return Score(student.id, None, 0.0, most, 0.0, frozenset(), {}, {}, *who)
    parts = {row.name: _points(row) for row in grades}
    said = {row.name: text for row in comments if (text := row.manual_comment or row.auto_comment)}
    waiting = frozenset(row.name for row in grades if row.needs_manual_grade)
    penalty = float(submission.penalty or 0.0)
    return Score(student.id, submission.timestamp, sum(parts.values()), most, penalty, waiting, parts, said, *who)


def _points(grade: Any) -> float:
    """Return a grade's points as nbgrader counts them: by hand before automatic, extra credit only on top of either."""
    best = grade.auto_score if grade.manual_score is None else grade.manual_score
    return 0.0 if best is None else float(best + (grade.extra_credit or 0.0))
