"""A course with one tiny set whose class is graded already: records, notebooks and a gradebook, without a kernel."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from nbformat import from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader import api
from sqlalchemy.orm import Session

from autograder.course import Course
from autograder.execution import load_task
from autograder.gradebook import Gradebook
from autograder.grading import RECORD
from autograder.notebooks import grade_id, write_notebook
from autograder.questions import CaseResult, QuestionResult
from autograder.records import Record
from course_lib.checks import Misconception

SET = "01_tiny"
SQUARES = Misconception("squares", "What is the difference between x + x and x · x?")
QUESTIONS = """
from autograder.questions import ProblemSet

SET = ProblemSet("01_tiny", title="Tiny", minutes=5)
q = SET.question("double", points=2)
q.case("double(x)", x=3)
q.case("double(x)", x=-1.5, hidden=True, about="a negative number")

@q.reference
def double(x):
    return 2 * x

q = SET.question("halve", points=4)
q.case("halve(x)", x=3)

@q.reference
def halve(x):
    return x / 2

SET.written("why", points=3, rubric=((1, "says what"), (2, "says why")), model_answer="MODEL ANSWER.")
"""


def make_course(root: Path) -> Course:
    """Write the set and return its course; nothing is graded yet."""
    folder = root / "solutions" / SET
    folder.mkdir(parents=True)
    (folder / "questions.py").write_text(QUESTIONS, encoding="utf-8")
    (folder / f"{SET}.ipynb").write_bytes(write_notebook(_notebook()))
    work = root / "grading"
    places = [root / "solutions", root / "exercises", work / "submitted", work / "autograded", work / "feedback"]
    course = Course("tiny", root, *places, f"sqlite:///{work}/gradebook.db")
    with Gradebook(course) as gradebook:
        gradebook.save_set(load_task(folder))
    return course


def _notebook():
    cells = []
    for name in ("double", "halve"):
        source = f"def {name}(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"
        cells.append(new_code_cell(source, metadata=_metadata(f"{name}_answer", solution=True)))
        points = 2 if name == "double" else 4
        cells.append(new_code_cell(f"score({name})", metadata=_metadata(name, grade=True, locked=True, points=points)))
    cells.append(new_markdown_cell("?", metadata=_metadata("why", grade=True, solution=True, points=3)))
    for index, cell in enumerate(cells):
        cell["id"] = f"c{index}"
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def _metadata(name: str, **settings):
    flags = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {"schema_version": 3, "grade_id": name, **flags, **settings}}


def record(student: str, double: float = 2.0, halve: float = 4.0, why: str = "Because.", **settings) -> Record:
    """Return the record of a student with these points; fewer than 2 in `double` are the misconception's."""
    wrong = double < 2
    cases = (
        CaseResult("double(x) with x = 3", False, 1.0, "expected 6, got 9" if wrong else None),
        CaseResult("a hidden test (a negative number)", True, 1.0, "expected -3, got 2.25" if wrong else None),
    )
    questions = (
        QuestionResult("double", double, 2.0, cases, (SQUARES,) if wrong else ()),
        QuestionResult("halve", halve, 4.0, (CaseResult("halve(x) with x = 3", False, 1.0, None),)),
    )
    whole = Record(student, SET, questions, (("why", 3.0, why),), seconds=0.5, sandbox="test", engine="9.9")
    return replace(whole, **settings)


def put(course: Course, graded: Record, answers: dict[str, str] | None = None, outputs=()) -> None:
    """Store a record as the grader does; `answers` are sources by cell id, `outputs` go to the first answer."""
    folder = course.graded(graded.student, SET)
    folder.mkdir(parents=True)
    (folder / RECORD).write_text(graded.to_json(), encoding="utf-8", errors="replace")
    if graded.quarantine:
        return
    notebook = from_dict(load_task(course.solution(SET)).notebook)
    for cell in notebook.cells:
        cell.source = (answers or {}).get(grade_id(cell), cell.source)
    notebook.cells[0].outputs = list(outputs)
    (folder / f"{SET}.ipynb").write_bytes(write_notebook(notebook))
    with Gradebook(course) as gradebook:
        gradebook.record(graded, datetime(2026, 3, 1, 12, 30), answer_changed=False)


def grade_by_hand(course: Course, student: str, points: float, comment: str = "", penalty: float = 0.0) -> None:
    """Give points for the question in words, a comment and a late penalty, as formgrader does."""
    with Gradebook(course) as gradebook, Session(gradebook.engine) as session, session.begin():
        submission = session.query(api.SubmittedAssignment).filter_by(student_id=student).one()
        notebook = submission.notebooks[0]
        notebook.late_submission_penalty = penalty
        grade = next(grade for grade in notebook.grades if grade.cell.name == "why")
        grade.manual_score, grade.needs_manual_grade = points, False
        next(row for row in notebook.comments if row.cell.name == "why").manual_comment = comment or None
