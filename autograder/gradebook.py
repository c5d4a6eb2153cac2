"""The only writer of nbgrader's gradebook: one engine, one transaction a submission, nothing written twice.

The database is nbgrader's own, so formgrader, manual grading, late penalties and ``nbgrader export`` work on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbgrader
from alembic.script import ScriptDirectory
from nbformat import NotebookNode
from nbgrader import api, utils
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import create_engine, event, inspect, select, text
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from autograder.course import Course
from autograder.entries import Score, SetRows, read_scores, set_rows, write_entry
from autograder.execution import Task
from autograder.notebooks import grade_id
from autograder.questions import CourseProblem
from autograder.records import Record


class Gradebook:
    """An open gradebook; use it as a context manager.

    Raises
    ------
    CourseProblem
        If the database cannot be opened or written, with the address and what to try.
    """

    def __init__(self, course: Course) -> None:
        self.url, self.course_id = course.db_url, course.course_id
        if self.url.startswith("sqlite:///"):
            course.autograded.parent.mkdir(parents=True, exist_ok=True)
        self.late = AssignLatePenalties(config=course.config)
        self.late.init_plugin()
        self.sets: dict[str, SetRows] = {}
        with self._explained():
            self.engine = _engine(self.url)
            _create_tables(self.engine, self.course_id)

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise CourseProblem(
                f"the gradebook {_without_password(self.url)} cannot be used ({reason}): close other programs that use "
                "it, check that the disk has room and the server runs, then run the command again"
            ) from None

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._explained(), Session(self.engine) as session, session.begin():
            yield session

    def save_set(self, task: Task) -> None:
        """Put the set's cells, with their points, into the gradebook as they are in its source."""
        with self._transaction() as session:
            _save_set(session, task, self.course_id)
        self.sets.pop(task.problem_set.name, None)

    def save_students(self, students: Iterable[Mapping[str, str]]) -> None:
        """Enter students, or update them: rows with `id` and any of nbgrader's other columns of a student."""
        with self._transaction() as session:
            for row in students:
                student = session.get(api.Student, row["id"]) or api.Student(id=row["id"])
                for column in ("first_name", "last_name", "email", "lms_user_id"):
                    if row.get(column):
                        setattr(student, column, row[column])
                session.add(student)

    def record(self, record: Record, submitted: datetime | None, answer_changed: bool) -> None:
        """Write one graded submission, in one transaction.

        `answer_changed` says that grades given by hand belong to an earlier submission and have to be looked at again.
        """
        with self._explained(), self.engine.begin() as connection:
            rows = self.sets.get(record.set_name) or set_rows(connection, record.set_name)
            write_entry(connection, rows, record, submitted, answer_changed, self.late)
            self.sets[record.set_name] = rows

    def due(self, set_name: str, moment: datetime | None = None) -> datetime | None:
        """Return when a set is due, in UTC, after setting it to `moment` if one is given."""
        with self._transaction() as session:
            assignment = session.scalars(select(api.Assignment).where(api.Assignment.name == set_name)).one_or_none()
            if assignment is None:
                return None
            if moment is not None:
                assignment.duedate = moment.astimezone(UTC).replace(tzinfo=None)
            return assignment.duedate.replace(tzinfo=UTC) if assignment.duedate else None

    def graded(self, set_name: str) -> set[str]:
        """Ids of the students who have a grade in a set."""
        with self._transaction() as session:
            query = select(api.SubmittedAssignment.student_id).join(api.Assignment)
            return set(session.scalars(query.where(api.Assignment.name == set_name)))

    def scores(self, set_name: str) -> list[Score]:
        """Scores of all students known to the gradebook, in order of id; who handed nothing in has 0."""
        with self._explained(), self.engine.connect() as connection:
            return read_scores(connection, set_name)


def _create_tables(engine: Engine, course_id: str) -> None:
    """Make nbgrader's tables, version row and course if they are not there, as nbgrader itself would."""
    with engine.begin() as connection:
        tables = inspect(connection).get_table_names()
        if not _rows(connection, tables, "alembic_version"):  # the last thing made: what stopped before is made good
            if _rows(connection, tables, "assignment"):
                raise CourseProblem("the gradebook is of an old nbgrader: run 'nbgrader db upgrade', then this again")
            api.Base.metadata.create_all(connection)
            head = ScriptDirectory(str(Path(nbgrader.__file__).parent / "alembic")).get_current_head()
            connection.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)"))
            connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": head})
    with Session(engine) as session, session.begin():
        if session.get(api.Course, course_id) is None:
            session.add(api.Course(id=course_id))


def _rows(connection: Connection, tables: Sequence[str], table: str) -> bool:
    return table in tables and bool(connection.scalar(text(f"SELECT count(*) FROM {table}")))


def _engine(url: str) -> Engine:
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def configure(connection: Any, _: Any) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA busy_timeout=10000")

    return engine


def _without_password(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


def _save_set(session: Session, task: Task, course_id: str) -> None:
    name = task.problem_set.name
    assignment = session.scalars(select(api.Assignment).where(api.Assignment.name == name)).one_or_none()
    if assignment is None:
        assignment = api.Assignment(name=name, course_id=course_id)
        session.add(assignment)
    notebook = next((n for n in assignment.notebooks if n.name == name), None)
    if notebook is None:
        notebook = api.Notebook(name=name, assignment=assignment)
        session.add(notebook)
    wanted = {grade_id(cell): cell for cell in task.notebook.cells if grade_id(cell)}
    _drop_cells(session, notebook, wanted)
    for cell in wanted.values():
        _save_cell(session, notebook, cell)


def _drop_cells(session: Session, notebook: Any, wanted: dict[str, NotebookNode]) -> None:
    for cell in list(notebook._base_cells):
        if cell.name in wanted and isinstance(cell, _kinds(wanted[cell.name])):
            continue
        if any(grade.manual_score is not None for grade in cell.grades or ()):
            raise CourseProblem(
                f"{notebook.name}: cell {cell.name!r} is no longer in the source, but has grades given by hand; "
                "put the cell back, or remove the set from the gradebook with 'nbgrader db assignment remove'"
            )
        for row in [*(cell.grades or ()), *(cell.comments or ())]:
            session.delete(row)
        session.delete(cell)
    for cell in list(notebook.source_cells):
        if cell.name not in wanted:
            session.delete(cell)
    session.flush()


def _kinds(cell: NotebookNode) -> tuple[type, ...]:
    return tuple(
        kind
        for kind, wanted in (
            (api.GradeCell, utils.is_grade(cell)),
            (api.SolutionCell, utils.is_solution(cell)),
            (api.TaskCell, utils.is_task(cell)),
        )
        if wanted
    )


def _save_cell(session: Session, notebook: Any, cell: NotebookNode) -> None:
    name = grade_id(cell)
    for kind in _kinds(cell):
        row: Any = next((c for c in notebook._base_cells if c.name == name and type(c) is kind), None)
        if row is None:
            row = kind(name=name, notebook=notebook)
            session.add(row)
        if kind is not api.SolutionCell:
            row.max_score, row.cell_type = float(cell.metadata.nbgrader.points), cell.cell_type
    source = next((c for c in notebook.source_cells if c.name == name), None)
    if source is None:
        source = api.SourceCell(name=name, notebook=notebook)
        session.add(source)
    source.cell_type, source.source, source.locked = cell.cell_type, cell.source, utils.is_locked(cell)
    source.checksum = cell.metadata.nbgrader.get("checksum")


__all__ = ["Gradebook", "Score"]
