"""Right answers get everything, wrong ones lose points and are called by their name, empty ones get nothing."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from problem_sets import Answer, in_notebook, right_answers

from autograder.notebooks import NotebookNode
from autograder.questions import Question, run_source
from autograder.release import public_checks, write_checks
from course_lib.checks import Checks, load_checks


@pytest.fixture
def checks(problem_set, tmp_path) -> Checks:
    """Return the checks of a set as a student's notebook reads them."""
    (tmp_path / "checks.json").write_bytes(write_checks(public_checks(problem_set)))
    return load_checks(tmp_path / "checks.json")


def failures(answer: Answer) -> list[str]:
    result = answer.question.grade_source(answer.source)
    return [f"{case.description}: {case.message}" for case in result.cases if case.message]


def test_right_answer_gets_full_marks(right: Answer) -> None:
    assert failures(right) == []
    assert right.question.grade_source(right.source).points == right.question.points


def test_right_answer_passes_the_visible_checks(right: Answer, checks: Checks) -> None:
    namespace = run_source(right.question.prelude + right.source)
    if right.label == "reference":
        checks.refuses = ()  # the reference may rest on course_lib.reference, which students may not
    assert checks.message(checks.questions[right.question.name], namespace) is None


def test_misconception_loses_points_and_is_named_first(wrong: Answer) -> None:
    result = wrong.question.grade_source(wrong.source)
    assert 0 <= result.points < result.max_points
    assert [known.name for known in result.misconceptions][:1] == [wrong.label]


def test_visible_checks_name_the_misconception_where_it_shows(wrong: Answer, checks: Checks) -> None:
    question = checks.questions[wrong.question.name]
    message = checks.message(question, run_source(wrong.question.prelude + wrong.source))
    if wrong.label in [known.name for known, _ in question.known]:
        hints = [known.hint for known, _ in question.known if known.name == wrong.label]
        assert message is not None
        assert f"This is what you get with: {wrong.label}. {hints[0]}" in message
    else:
        assert message is None


def test_unanswered_question_gets_nothing_and_no_misconception(
    folder: Path, question: Question, released_notebook: NotebookNode, checks: Checks
) -> None:
    stub = in_notebook(released_notebook, question)
    result = question.grade_source(stub)
    assert result.points == 0
    assert result.passed == 0
    assert result.misconceptions == ()
    message = checks.message(checks.questions[question.name], run_source(question.prelude + stub))
    assert message is not None
    assert "This is what you get" not in message


def test_question_has_what_assignments_ask_for(question: Question) -> None:
    assert len(question.misconceptions) >= 4
    assert len({known.name for known, _ in question.misconceptions}) == len(question.misconceptions)
    assert len({ast.dump(ast.parse(source)) for source in question.accepted}) >= 2
    assert any(case.hidden for case in question.cases)
    assert not all(case.hidden for case in question.cases)
    assert all(case.about for case in question.cases if case.hidden)


def test_question_about_arrays_has_a_case_that_forbids_changing_them(question: Question) -> None:
    about_arrays = any(isinstance(value, np.ndarray) for case in question.cases for value in case.inputs.values())
    assert not about_arrays or any(case.mutation == "forbidden" for case in question.cases)


def test_hints_are_one_sentence(question: Question) -> None:
    for known, _ in question.misconceptions:
        assert re.fullmatch(r"[^.?!]*(\w\.\w[^.?!]*)*[.?]", known.hint), known.hint


def test_no_name_or_hint_contains_a_piece_of_an_answer(folder: Path, question: Question) -> None:
    pieces = {
        piece for a in right_answers(folder) if a.question.name == question.name for piece in expressions(a.source)
    }
    for known, _ in question.misconceptions:
        text = squeezed(f"{known.name} {known.hint}")
        assert [piece for piece in pieces if piece in text] == []


def expressions(source: str) -> set[str]:
    """Operations, calls of the answer's code and formulas that it holds as text, without spaces."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.BinOp | ast.Call)]
    formulas = [node.value for node in ast.walk(ast.parse(source)) if is_formula(node)]
    return {squeezed(ast.unparse(node)) for node in nodes} | {squeezed(text) for text in formulas}


def is_formula(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(re.search(r"[*/^(]", node.value))


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_pieces_of_an_answer_are_found() -> None:
    """The search that guards the hints finds what it is meant to find."""
    found = expressions("def f(x):\n    return 2 * np.mean(x - 1)\nD = {'a': '1 / x', 'b': 'plain'}")
    assert found == {"2*np.mean(x-1)", "np.mean(x-1)", "x-1", "1/x"}
