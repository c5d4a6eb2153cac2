"""Every problem set found in solutions/ goes through every test here, with no change when a set is added."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from nbformat import NotebookNode

from autograder.notebooks import released
from autograder.questions import ProblemSet, Question, load_set
from autograder.release import read_source

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(file.parent for file in (ROOT / "solutions").glob("*/questions.py"))


class Answer(NamedTuple):
    """An answer as source text, to the question it belongs to; `label` says which one it is."""

    question: Question
    label: str
    source: str


@cache
def the_set(folder: Path) -> ProblemSet:
    return load_set(folder)


@cache
def the_notebook(folder: Path) -> NotebookNode:
    return read_source(folder)


def in_notebook(notebook: NotebookNode, question: Question) -> str:
    """Return the source of the answer cell of a question."""
    (source,) = [c.source for c in notebook.cells if c.metadata.nbgrader.grade_id == f"{question.name}_answer"]
    return source


def questions_of(folder: Path) -> list[Question]:
    return list(the_set(folder).questions.values())


def right_answers(folder: Path) -> list[Answer]:
    """The reference, the solution in the notebook, and every other accepted answer."""
    answers = []
    for question in questions_of(folder):
        answers.append(Answer(question, "reference", question.reference_source))
        answers.append(Answer(question, "notebook", in_notebook(the_notebook(folder), question)))
        answers += [Answer(question, f"accepted {i}", source) for i, source in enumerate(question.accepted, 1)]
    return answers


def wrong_answers(folder: Path) -> list[Answer]:
    return [Answer(q, known.name, source) for q in questions_of(folder) for known, source in q.misconceptions]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Fill the arguments `folder`, `question`, `right` and `wrong` from all sets."""
    makers = {
        "question": lambda folder: [(q.name, q) for q in questions_of(folder)],
        "right": lambda folder: [(f"{a.question.name}-{a.label}", a) for a in right_answers(folder)],
        "wrong": lambda folder: [(f"{a.question.name}-{a.label}", a) for a in wrong_answers(folder)],
    }
    for name in {"question", "right", "wrong"} & set(metafunc.fixturenames):
        rows = {f"{folder.name}-{label}": (item, folder) for folder in FOLDERS for label, item in makers[name](folder)}
        names = [name, "folder"][: 1 + ("folder" in metafunc.fixturenames)]
        metafunc.parametrize(names, [row[: len(names)] for row in rows.values()], ids=list(rows))
        return
    if "folder" in metafunc.fixturenames:
        metafunc.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])


@pytest.fixture
def problem_set(folder: Path) -> ProblemSet:
    return the_set(folder)


@pytest.fixture
def source_notebook(folder: Path) -> NotebookNode:
    return the_notebook(folder)


@pytest.fixture
def released_notebook(folder: Path) -> NotebookNode:
    return released(the_notebook(folder))


@pytest.fixture
def exercise(folder: Path) -> Path:
    """Return the committed folder that students get."""
    return ROOT / "exercises" / folder.name
