"""The problem sets found in solutions/, their questions, and answers right and wrong."""

import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from autograder.questions import ProblemSet, Question, load_set, run_source
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


def dedented(source: str) -> str:
    return textwrap.dedent(source).strip() + "\n"


def the_reference(problem_set: ProblemSet, name: str, answer: str = "") -> Callable:
    """Return the function that is the reference answer of a question, or one of several (`answer`)."""
    question = problem_set.questions[name]
    return run_source(question.prelude + question.reference_source)[answer or name]
