"""Every problem set found in solutions/ goes through every test here, with no change when a set is added."""

from pathlib import Path

import pytest
from nbformat import NotebookNode
from problem_sets import FOLDERS, ROOT, questions_of, right_answers, the_notebook, the_set, wrong_answers

from autograder.notebooks import released
from autograder.questions import ProblemSet


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
