"""Answers that real students might write, by set: the tables of the modules ``test_<set>``.

`NEARLY_RIGHT` answers lose points, `UNUSUAL_BUT_RIGHT` ones get full marks, and in those of `OTHER_HANDWRITING` the
misconception of that name is recognised. A label begins with the name of its question.
"""

from importlib import import_module

import pytest
from problem_sets import FOLDERS, dedented

from autograder.questions import Question

MODULES = {folder.name: import_module(f"test_{folder.name}") for folder in FOLDERS}


def rows(table: str) -> list:
    """Return set and label of every entry of a table."""
    return [pytest.param(name, label, id=f"{name}-{label}") for name, module in MODULES.items()
            for label in getattr(module, table)]  # fmt: skip


def question_and_answer(name: str, table: str, label: str) -> tuple[Question, str]:
    question = MODULES[name].SET.questions[label.split()[0].rstrip(",")]
    return question, dedented(getattr(MODULES[name], table)[label])


@pytest.mark.parametrize(("name", "label"), rows("NEARLY_RIGHT"))
def test_nearly_right_answer_loses_points(name: str, label: str) -> None:
    question, answer = question_and_answer(name, "NEARLY_RIGHT", label)
    assert question.grade_source(answer).points < question.points


@pytest.mark.parametrize(("name", "label"), rows("UNUSUAL_BUT_RIGHT"))
def test_unusual_right_answer_gets_full_marks(name: str, label: str) -> None:
    question, answer = question_and_answer(name, "UNUSUAL_BUT_RIGHT", label)
    assert [f"{c.description}: {c.message}" for c in question.grade_source(answer).cases if c.message] == []


@pytest.mark.parametrize(("name", "label"), rows("OTHER_HANDWRITING"))
def test_misconception_is_recognised_in_other_handwriting(name: str, label: str) -> None:
    question, answer = question_and_answer(name, "OTHER_HANDWRITING", label)
    assert question.grade_source(answer).misconceptions[0].name == label.partition(" ")[2]
