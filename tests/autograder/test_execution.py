"""Execution: one submission in, one graded notebook out, whatever the submission does."""

import pytest
from classroom import QUICK, RIGHT, SET, answered
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader import utils

from autograder.execution import Graded, Task, grade
from autograder.notebooks import grade_id, read_notebook, write_notebook
from course_lib.checks import Case, run_case


def points(graded: Graded) -> dict[str, float]:
    return {question.name: question.points for question in graded.record.questions}


def run(task: Task, handed_out: NotebookNode, **answers: str) -> Graded:
    return grade("ada", answered(handed_out, **answers), task, QUICK)


def test_right_answers_get_full_marks_and_a_record(task: Task, handed_out: NotebookNode) -> None:
    graded = run(task, handed_out, **RIGHT, why="That and this.")
    assert points(graded) == {"double": 2, "scaled": 3, "plain": 1}
    record = graded.record
    assert (record.points, record.max_points, record.quarantine) == (6, 6, "")
    assert record.manual == (("why", 4.0, "That and this."),)
    assert len(record.submission_hash) == len(record.source_hash) == 64
    assert record.engine
    assert record.sandbox


def test_nbgrader_reads_the_same_scores_from_the_graded_notebook(task: Task, handed_out: NotebookNode) -> None:
    graded = run(task, handed_out, double=RIGHT["double"], scaled="def scaled(x):\n    x /= abs(x).max()\n    return x")
    notebook = read_notebook(graded.notebook)
    cells = {grade_id(cell): cell for cell in notebook.cells if utils.is_grade(cell) and not utils.is_solution(cell)}
    assert {name: utils.determine_grade(cell)[0] for name, cell in cells.items()} == points(graded)
    assert points(graded)["scaled"] == 1.0


def test_misconception_and_hint_stand_in_the_notebook(task: Task, handed_out: NotebookNode) -> None:
    graded = run(task, handed_out, double="def double(x):\n    return x * x")
    text = "".join(
        output.get("text", "") for cell in read_notebook(graded.notebook).cells for output in cell.get("outputs", [])
    )
    assert "This is what one gets with: squares. What is the difference" in text


def test_rubric_stands_above_the_free_text_for_whoever_grades_it(task: Task, handed_out: NotebookNode) -> None:
    cells = read_notebook(run(task, handed_out).notebook).cells
    place = next(i for i, cell in enumerate(cells) if grade_id(cell) == "why")
    assert "- 3: says that" in cells[place - 1].source
    assert "Rubric" not in write_notebook(handed_out).decode()


def test_untouched_notebook_gets_nothing_and_is_not_quarantined(task: Task, handed_out: NotebookNode) -> None:
    graded = run(task, handed_out)
    assert graded.record.points == 0
    assert graded.record.quarantine == ""
    assert graded.record.manual == (("why", 4.0, ""),)


BREAKERS = {
    "infinite loop in the answer": ("def double(x):\n    while True:\n        pass", "Timeout"),
    "infinite loop in the cell": ("while True:\n    pass", "Timeout"),
    "loop that ignores interrupts": (
        "def double(x):\n    while True:\n        try:\n            while True:\n                pass\n"
        "        except BaseException:\n            pass",
        "Timeout",
    ),
    "os._exit in the answer": ("def double(x):\n    import os\n    os._exit(0)", "ended its own Python process"),
    "os._exit in the cell": ("import os\nos._exit(0)", "ended its own Python process"),
    "sys.exit": ("def double(x):\n    import sys\n    sys.exit(0)", "SystemExit"),
    "exception at import": ("import nothing_of_that_name", "ModuleNotFoundError"),
    "syntax error": ("def double(x)\n    return 2", "SyntaxError"),
    "recursion without end": ("def double(x):\n    return double(x)", "RecursionError"),
    "no plain value": ("def double(x):\n    return double", "an object of type function"),
    "value that cannot be printed": (
        "class V:\n    def __repr__(self):\n        raise ValueError\n"
        "    def __eq__(self, other):\n        return True\n"
        "def double(x):\n    return V()",
        "an object of type V",
    ),
    "asks for input": ("def double(x):\n    return float(input())", "EOFError"),
    "borrowed": ("from course_lib.reference.derivatives import central_difference as double", "write it yourself"),
}


@pytest.mark.parametrize("kind", BREAKERS)
def test_breaker_costs_its_own_points_with_a_reason(task: Task, handed_out: NotebookNode, kind: str) -> None:
    source, reason = BREAKERS[kind]
    graded = run(task, handed_out, double=source, scaled=RIGHT["scaled"])
    question = graded.record.questions[0]
    assert question.points == 0
    assert reason in " ".join([question.problem, *(case.message or "" for case in question.cases)])
    assert graded.record.quarantine == ""
    assert points(graded)["scaled"] == 3


@pytest.mark.parametrize("forgery", ["-1", "'nan'", "float('inf')", "1e9", "100"])
def test_last_value_of_a_plain_test_cell_cannot_exceed_its_points(
    forgery: str, task: Task, handed_out: NotebookNode
) -> None:
    source = (
        f"class Forged(int):\n    def __eq__(self, other):\n        return True\ndef double(x):\n    return {forgery}"
    )
    assert points(run(task, handed_out, double=source))["plain"] == 0


def test_flood_of_output_is_cut(task: Task, handed_out: NotebookNode) -> None:
    loud = "for i in range(100_000):\n    print('x' * 100)\n" + RIGHT["double"]
    graded = run(task, handed_out, double=loud)
    assert len(graded.notebook) < 1_000_000
    assert points(graded)["double"] == 2


def test_warnings_on_stderr_cost_nothing(task: Task, handed_out: NotebookNode) -> None:
    noisy = "import sys\ndef double(x):\n    print('careful', file=sys.stderr)\n    return 2 * x"
    assert points(run(task, handed_out, double=noisy))["double"] == 2


def test_added_cell_that_redefines_an_answer_counts(task: Task, handed_out: NotebookNode) -> None:
    place = next(i for i, cell in enumerate(handed_out.cells) if grade_id(cell) == "double_answer")
    handed_out.cells.insert(place + 1, new_code_cell(RIGHT["double"]))
    assert points(run(task, handed_out))["double"] == 2


def test_a_name_used_again_below_its_test_costs_nothing(task: Task, handed_out: NotebookNode) -> None:
    handed_out.cells.append(new_code_cell("double = scaled = None"))
    assert points(run(task, handed_out, **RIGHT))["scaled"] == 3


def test_hidden_inputs_do_not_come_back_into_the_notebook(task: Task, handed_out: NotebookNode) -> None:
    thief = "seen = []\ndef double(x):\n    seen.append(x)\n    open('seen', 'a').write(str(x))\n    return 2 * x"
    handed_out.cells.append(new_code_cell("print(seen, __import__('os').listdir('.'))"))
    graded = run(task, handed_out, double=thief)
    assert points(graded)["double"] == 2
    assert b"-1.5" not in graded.notebook
    assert b"[] ['checks.json']" in graded.notebook


def test_unreadable_submission_is_quarantined_with_its_reason(task: Task) -> None:
    graded = grade("ada", b"{", task, QUICK)
    assert "broken JSON" in graded.record.quarantine
    assert (graded.notebook, graded.record.questions, graded.record.set_name) == (b"", (), SET)


def test_same_bytes_give_the_same_result(task: Task, handed_out: NotebookNode) -> None:
    first, second = (run(task, handed_out, **RIGHT) for _ in range(2))
    assert first.notebook == second.notebook
    assert first.record.questions == second.record.questions


def test_a_student_s_own_meaning_of_a_built_in_name_costs_nothing() -> None:
    names = {"sum": 0, "list": [1], "np": None, "double": lambda x: 2 * x}
    assert run_case(Case("np.array([sum(list(map(double, x)))])", {"x": [1, 2]}), names).value.tolist() == [6]
