"""A small problem set for the tests of the autograder, and answers to it."""

import shutil
from pathlib import Path

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course import Course, find_course
from autograder.kernel import Limits
from autograder.notebooks import grade_id, write_notebook
from autograder.release import release_set

ROOT = Path(__file__).parents[2]
SET = "01_double"
QUICK = Limits(cell=3, case=2, interrupt=1)

QUESTIONS = """
import numpy as np
from autograder.questions import ProblemSet

SET = ProblemSet("01_double", title="Doubling", minutes=10, objectives=("double a number",))

q = SET.question("double", points=2)
q.case("double(x)", x=3)
q.case("double(x)", x=-1.5, hidden=True, about="a negative number")

@q.reference
def double(x):
    return 2 * x

@q.accepts
def double(x):
    return x + x

@q.misconception("squares", "What is the difference between x + x and x times x?")
def double(x):
    return x**2

q = SET.question("scaled", points=3)
q.case("scaled(x)", x=np.array([1.0, 2.0]))
q.case("scaled(x)", x=np.array([-4.0, 2.0, 1.0]), hidden=True, about="a negative entry", mutation="forbidden", weight=2)

@q.reference
def scaled(x):
    return x / np.abs(x).max()

@q.misconception("divides in place", "Whose array is it that you divide?")
def scaled(x):
    x /= np.abs(x).max()
    return x

@q.misconception("largest, not largest in size", "What if the largest entry in size is negative?")
def scaled(x):
    return x / x.max()

SET.written("why", 4, ((3, "says that"), (1, "says this")), "That and this.")
"""


def _marks(name: str, **flags: object) -> dict:
    marks = {"schema_version": 3, "grade_id": name, "locked": False, "grade": False, "solution": False, "task": False}
    return {"nbgrader": {**marks, **flags}}


def source_notebook() -> NotebookNode:
    setup = 'import numpy as np\nfrom course_lib.checks import load_checks\n\ncheck = load_checks("checks.json")'
    solution = "def {0}({1}):\n    ### BEGIN SOLUTION\n    return {2}\n    ### END SOLUTION"
    hidden = "### BEGIN HIDDEN TESTS\nfrom autograder.questions import score\nscore({0})\n### END HIDDEN TESTS"
    cells = [
        new_markdown_cell("# Doubling", metadata=_marks("intro", locked=True)),
        new_code_cell(setup, metadata=_marks("setup", locked=True)),
    ]
    for name, argument, body, points in (("double", "x", "x + x", 2), ("scaled", "x", "x / abs(x).max()", 3)):
        cells.append(
            new_code_cell(solution.format(name, argument, body), metadata=_marks(f"{name}_answer", solution=True))
        )
        test = f"check({name})\n{hidden.format(name)}"
        cells.append(new_code_cell(test, metadata=_marks(name, locked=True, grade=True, points=points)))
    plain = "assert double(2) == 4\n### BEGIN HIDDEN TESTS\nassert double(5) == 10\n### END HIDDEN TESTS"
    cells.append(new_code_cell(plain, metadata=_marks("plain", locked=True, grade=True, points=1)))
    cells.append(
        new_markdown_cell("Write your answer here.", metadata=_marks("why", grade=True, solution=True, points=4))
    )
    for index, cell in enumerate(cells):
        cell["id"] = f"cell-{index}"
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def write_course(root: Path) -> Course:
    """Write the set, its release and nbgrader's settings to a folder, and return its course."""
    folder = root / "solutions" / SET
    folder.mkdir(parents=True)
    (folder / "questions.py").write_text(QUESTIONS, encoding="utf-8")
    (folder / f"{SET}.ipynb").write_bytes(write_notebook(source_notebook()))
    shutil.copy(ROOT / "nbgrader_config.py", root)
    release_set(folder, root / "exercises" / SET)
    return find_course(root)


RIGHT = {"double": "def double(x):\n    return x + x", "scaled": "def scaled(x):\n    return x / np.abs(x).max()"}


def answered(notebook: NotebookNode, **answers: str) -> bytes:
    """Fill in answer cells by question; questions not named stay unanswered."""
    notebook = from_dict(notebook)
    for cell in notebook.cells:
        name = grade_id(cell).removesuffix("_answer")
        if name in answers and not cell.metadata.nbgrader.locked:
            cell.source = answers[name]
    return write_notebook(notebook)


def submit(course: Course, student: str, data: bytes, name: str = f"{SET}.ipynb") -> None:
    folder = course.submitted / student / SET
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
