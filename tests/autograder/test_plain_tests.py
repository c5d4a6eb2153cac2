"""Plain test cells: unmodified asserts of another course see the student's objects, and cannot be forged by them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreign_course import EXERCISES, RIGHT, build, hand_in, points

from autograder import wall
from autograder.execution import Graded, Task
from autograder.link import Link
from autograder.notebooks import read_notebook
from autograder.objects import Objects
from autograder.session import BESIDE

FULL = dict.fromkeys(EXERCISES, 2.0)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    return build(tmp_path_factory.mktemp("foreign"))


def problems(graded: Graded) -> dict[str, str]:
    return {question.name: question.problem for question in graded.record.questions if question.problem}


def test_right_answers_get_full_marks(task: Task) -> None:
    graded = hand_in(task)
    assert problems(graded) == {}
    assert points(graded) == FULL
    assert graded.record.notes == ()


ROUNDS = range(max(len(exercise.wrong) for exercise in EXERCISES.values()))


@pytest.mark.parametrize("number", ROUNDS)
def test_each_wrong_answer_costs_its_own_marks(task: Task, number: int) -> None:
    wrong = {name: list(e.wrong.values())[number] for name, e in EXERCISES.items() if number < len(e.wrong)}
    assert points(hand_in(task, **wrong)) == {**FULL, **dict.fromkeys(wrong, 0.0)}


LIES = """
class Lie:
    shape, dtype, x = (3, 2), np.float64, 1
    def __init__(self, *_, **__):
        pass
    def __eq__(self, other):
        return True
    def __ne__(self, other):
        return False
    def __hash__(self):
        return 4
    def __sub__(self, other):
        return self
    __rsub__ = __add__ = __radd__ = __mul__ = __truediv__ = __abs__ = __neg__ = __iter__ = __getattr__ = __sub__
    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__
    def __call__(self, *_, **__):
        return self
    def __float__(self):
        return 0.0
    def __bool__(self):
        return True
    def __repr__(self):
        return "2"
    def __len__(self):
        return 2
    def __getitem__(self, index):
        return self
    def mean(self, **_):
        return 0.0
    def std(self, **_):
        return 1.0
"""
LIAR = "def {0}(*_, **__):\n    return Lie()"


def test_answers_that_agree_with_everything_get_nothing(task: Task) -> None:
    names = [name for name in EXERCISES if name not in ("Account", "solution", "normalize")]
    lies = {name: LIES + LIAR.format(name) for name in names} | {"solution": LIES + "solution = Lie()"}
    assert points(hand_in(task, **lies)) == {**FULL, **dict.fromkeys(lies, 0.0)}


def test_an_object_cannot_pass_for_an_array_where_no_class_is_asked_for(tmp_path: Path) -> None:
    task = build(tmp_path, "", only=("normalize", "mean"))
    assert points(hand_in(task)) == {"normalize": 2, "mean": 2}
    graded = hand_in(task, normalize=LIES + LIAR.format("normalize"))
    assert points(graded) == {"normalize": 0, "mean": 2}
    assert (
        "the answer should be a plain value, got an object of the student's type Lie" in problems(graded)["normalize"]
    )


GREEDY = """
class Greedy:
    __array_ufunc__ = None
    def __contains__(self, item):
        return True
    def __rsub__(self, other):
        other[:] = 0
        return self
    def __sub__(self, other):
        self.seen = other
        return self
    def __float__(self):
        return 0.0
greedy = Greedy()
def f(x):
    return greedy
def g(x):
    return np.zeros(2)
"""
PROVES = {
    "what is in it": "assert 4 in f(2)",
    "what it met before": "d = f(2) - 4\nf(3)\nassert float(d) == 0",
}


def link_to(source: str) -> dict[str, Any]:
    """Return the names of a student's source as a test cell sees them."""
    student: dict[str, Any] = {"np": np}
    exec(source, student)
    theirs = Objects(lambda body: {}, lambda: "")

    def talk(body: dict[str, Any]) -> dict[str, Any]:
        return wall.unpack(wall.pack(theirs.do(**wall.unpack(wall.pack(body)))))

    return {"np": np, **Link(talk).bind(theirs.names({name: student[name] for name in "fg"}), frozenset())}


@pytest.mark.parametrize("claim", PROVES)
def test_an_object_gives_no_answer_about_a_value_of_the_test(claim: str) -> None:
    with pytest.raises(TypeError, match="an object of the student's type"):
        exec(PROVES[claim], link_to(GREEDY))


def test_an_object_does_not_change_the_value_that_it_meets_in_an_operator() -> None:
    names = link_to(GREEDY)
    exec("expected = np.ones(2)\nexpected - f(2)", names)
    assert names["expected"].tolist() == [1.0, 1.0]


def test_what_is_in_an_honest_container_can_be_asked() -> None:
    source = "class Bag:\n    def __contains__(self, x):\n        return x == 4\nf = Bag\n"
    source += "def g(kind):\n    d = {'a': 1, 'b': 2}\n    return [d.keys(), d.values(), d.items(), range(3), d][kind]"
    names = link_to(source)
    exec("assert 'a' in g(0) and list(g(0)) == ['a', 'b'] and g(0) == {'a', 'b'}", names)
    exec("assert 2 in g(1) and list(g(1)) == [1, 2] and ('a', 1) in g(2) and 2 in g(3) and 'b' in g(4)", names)


SPY = """
import sys
def look(*_):
    frame, found = sys._getframe(), []
    while frame is not None:
        found += [*frame.f_code.co_consts, *frame.f_locals]
        frame = frame.f_back
    return found
def derivative(f, x, h=1e-5):
    seen = [look(), f.__globals__.keys(), f.__code__.co_consts, f.__closure__]
    for name in ("EXPECTED", "ASSERT_CLOSE", "ASKED", "DIGITS"):
        if name.lower() in str(seen):
            return 6.0 if x == 3.0 else 1.0
    raise RuntimeError(str(seen)[:1000])
"""


def test_a_function_of_the_test_shows_nothing_but_its_values(task: Task) -> None:
    graded = hand_in(task, derivative=SPY)
    assert points(graded)["derivative"] == 0
    assert "RuntimeError" in problems(graded)["derivative"]


HELPERS_REPLACED = """
import numpy, numpy.testing
def assert_close(*_, **__):
    pass
assert_allclose = assert_raises = abs = len = list = isinstance = assert_close
class np:
    testing = linalg = None
    allclose = array = assert_close
pd = types = np
{}
"""


def test_names_of_the_instructor_s_mean_what_the_instructor_says(task: Task) -> None:
    answer = HELPERS_REPLACED.format("def mean(values):\n    return 0.5")
    assert points(hand_in(task, mean=answer))["mean"] == 0
    graded = hand_in(task, solution=HELPERS_REPLACED.format("solution = [2, 1]"))
    assert points(graded)["solution"] == 0


def test_what_a_test_cannot_hand_over_is_said(tmp_path: Path) -> None:
    graded = hand_in(build(tmp_path, "", only=("length",)))
    assert points(graded) == {"length": 0}
    assert "an object of type Node, which cannot cross to the student's process" in problems(graded)["length"]


@pytest.mark.parametrize("level", ["", "stock"])
def test_tests_beside_the_student_s_code_are_noted_with_the_grade(tmp_path: Path, level: str) -> None:
    settings = ", tests_beside=True" if not level else ""
    graded = hand_in(build(tmp_path, settings, only=("length", "counts")), level)
    assert points(graded) == {"length": 2, "counts": 2}
    assert graded.record.notes == (BESIDE,)


def test_an_answer_that_ends_its_process_costs_its_own_test_only(task: Task) -> None:
    answers = {
        "mean": "def mean(values):\n    import os\n    os._exit(0)",
        "counts": "def counts(t):\n    while 1: pass",
    }
    graded = hand_in(task, **answers)
    assert points(graded) == {**FULL, "mean": 0, "counts": 0}


def test_hidden_lines_stay_hidden(task: Task) -> None:
    graded = hand_in(task, mean="def mean(values):\n    return 2.0 if len(values) > 1 else 1.5")
    assert problems(graded)["mean"] == "AssertionError: a hidden test failed"
    outputs = [cell.get("outputs", []) for cell in read_notebook(graded.notebook).cells]
    assert "a hidden test failed" in str(outputs)
    assert "ZeroDivisionError" not in str(outputs)


def test_names_change_their_meaning_below_their_test(task: Task) -> None:
    late = "solution = None\ndef mean(values):\n    return 0"
    assert points(hand_in(task, partial=RIGHT["partial"] + "\n" + late)) == FULL
