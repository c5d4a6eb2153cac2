"""Checks: comparing, explaining, plain values, formulas, and what a student sees in a notebook."""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_lib.checks import CheckFailed, Outcome, compare, load_checks
from course_lib.checks.cases import Case, run_case
from course_lib.checks.expressions import POINTS, ExpressionError, parse_expression, same_function
from course_lib.checks.remote import answer, refuse
from course_lib.checks.student import case_from_json, case_to_json
from course_lib.checks.values import Opaque, dumps, loads, plain
from course_lib.checks.verdicts import Misconception, recognise, verdict

floats = arrays(
    np.float64, array_shapes(max_dims=3, max_side=4), elements=st.floats(allow_nan=True, allow_infinity=True)
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.complex_numbers() | floats
plains = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


def same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and (a == b or a != a)


@given(plains)
def test_plain_values_survive_json_exactly(value: object) -> None:
    assert same(loads(dumps(value)), value)


@pytest.mark.parametrize(
    "text", ['{"array": {"dtype": "O", "shape": [0], "data": []}}', '{"eval": "1"}', '{"a": 1, "b": 2}']
)
def test_json_that_holds_no_plain_value_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        loads(text)


def test_what_is_not_plain_becomes_opaque() -> None:
    assert plain([1, object()]) == [1, Opaque("object")]
    assert plain(np.array([object()])) == Opaque("array of object")
    deep: list = []
    for _ in range(100):
        deep = [deep]
    assert "Opaque" in repr(plain(deep))


@given(floats)
def test_an_array_agrees_with_itself_and_with_its_lists(array: np.ndarray) -> None:
    assert compare(array, array.copy()) is None
    assert compare(array, array.tolist()) is None


AGREE = [
    (1.0, 1),
    (1.0, np.float32(1.0)),
    (1.0, np.array(1.0)),
    (True, np.bool_(True)),
    ([1.0, 2.0], (1.0, 2.0)),
    ((1.0, 2.0), np.array([1.0, 2.0])),
    ({"a": 1.0}, {"a": 1}),
    (math.inf, math.inf),
    (math.nan, np.float64("nan")),
    (None, None),
    ("memory", "memory"),
    (np.zeros((0, 3)), np.zeros((0, 3))),
]
DIFFER = [
    (1.0, None, "is a return missing"),
    (1.0, "1", "got '1'"),
    (np.ones(2), np.ones((2, 1)), "expected shape (2,), got shape (2, 1)"),
    (math.inf, -math.inf, "expected inf, got -inf"),
    (1.0, math.nan, "got nan"),
    (math.nan, 1.0, "expected nan"),
    (True, 1, "expected True, got 1"),
    (1.0, 1 + 1e-6, "expected 1, got 1.000001"),
    (1.0, 1 + 1j, "expected real numbers"),
    (np.ones(2), np.array([True, True]), "expected numbers, got True and False"),
    ([1.0], [1.0, 2.0], "expected 1 values, got 2"),
    ({"a": 1.0}, {}, "key 'a' is missing"),
    ({}, {"b": 1}, "key 'b' does not belong"),
    (np.ones((2, 2)), [[1.0], [1.0, 1.0]], "different lengths"),
    (1.0, Opaque("function"), "an object of type function"),
    ((1.0, np.zeros(2)), (1.0, np.ones(2)), "(in value 1)"),
]


@pytest.mark.parametrize(("expected", "got"), AGREE)
def test_these_agree(expected: object, got: object) -> None:
    assert compare(expected, got) is None


@pytest.mark.parametrize(("expected", "got", "message"), DIFFER)
def test_these_differ_and_the_message_says_how(expected: object, got: object, message: str) -> None:
    assert message in str(compare(expected, got))


def test_message_names_the_largest_error() -> None:
    got = np.zeros((3, 4))
    got[1, 2], got[2, 0] = 5, 1
    assert compare(np.zeros((3, 4)), got) == "expected 0, got 5 at index (1, 2); 2 of 12 entries are off"


FORMULAS = [
    "1/(2*sqrt(x))",
    "3**x*log(3)",
    "1/(x*ln(2))",
    "1/(1+x^2)",
    "(x*cos(x)-sin(x))/x^2",
    "-2*x*exp(-x^2)",
    "atan(x)",
    "tanh(x)",
    "sec(x)**2",
    "0.5*x^-0.5",
    "pi*E**x",
    "Rational(1, 3)*x",
    "Pow(x, 2)",
    "log(x, 10)",
    "abs(-x)",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_have_the_values_that_sympy_gives(text: str) -> None:
    x = sympy.Symbol("x", positive=True)
    theirs = sympy.sympify(text.replace("^", "**"), locals={"x": x, "E": sympy.E}, rational=True)
    for point in POINTS:
        exact = sympy.N(theirs.subs(x, sympy.Rational(point.numerator, point.denominator)), 40)
        assert abs(sympy.Float(parse_expression(text).value(point), 40) - exact) < 1e-30 * (1 + abs(exact))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not answered yet"),
        (None, "must be a string"),
        ("2x", "is not a formula"),
        ("x.real", "does not belong"),
        ("__import__('os').getcwd()", "unknown function"),
        ("y + 1", "unknown name 'y'"),
        ("lambda: 1", "does not belong"),
        ("x if x else 1", "does not belong"),
        ("[x][0]", "does not belong"),
        ("'x'", "does not belong"),
        ("x" * 501, "500 characters"),
        ("+".join(["x"] * 200), "too long"),
        ("9**9**9**9", "no finite real value"),
        ("sqrt(-x)", "no finite real value"),
        ("1/(x-x)", "no finite real value"),
        ("x" + "(" * 100, "is not a formula"),
    ],
)
def test_what_is_no_formula_has_a_reason_and_takes_no_time(text: object, reason: str) -> None:
    assert reason in str(same_function("0.001*x", text))


def test_almost_the_same_function_is_another_one() -> None:
    assert same_function("1/2*x", "0.5*x") is None
    assert "another function" in str(same_function("1/2*x", "0.5000000000000001*x"))


def test_cases_survive_json() -> None:
    case = Case("f(x)", {"x": np.eye(2)}, layout="read-only", warnings="forbidden", mutation="forbidden", rtol=1e-5)
    again = case_from_json(json.loads(json.dumps(case_to_json(case))))
    assert repr(again) == repr(case)


@pytest.mark.parametrize(
    "settings", [{"layout": "upside down"}, {"warnings": "maybe"}, {"mutation": ""}, {"weight": 0}]
)
def test_cases_refuse_settings_they_do_not_know(settings: dict) -> None:
    with pytest.raises(ValueError, match="must be"):
        Case("f()", **settings)


def test_error_names_the_students_own_line() -> None:
    source = "def f(x):\n    y = x + 1\n    return y / 0\n"
    namespace: dict = {}
    exec(compile(source, "cell", "exec"), namespace)
    outcome = run_case(Case("f(x)", {"x": 1}), namespace)
    assert outcome.error == "ZeroDivisionError: division by zero"


def test_a_case_answered_from_afar_is_the_case_answered_here() -> None:
    case = Case("f(x)", {"x": np.arange(3.0)})
    text = answer(json.dumps(case_to_json(case)), {"f": np.square})
    assert compare(Outcome.from_plain(loads(text)).value, np.array([0.0, 1.0, 4.0])) is None


def test_refused_modules_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.meta_path", [*__import__("sys").meta_path])
    refuse(["course_lib.nothing"])
    with pytest.raises(ImportError, match="write it yourself"):
        __import__("course_lib.nothing.inside")


CHECKS = {
    "format": 1,
    "set": "01_double",
    "refuses": ["course_lib.reference"],
    "questions": {
        "double": {
            "names": ["double"],
            "cases": [{"code": "double(x)", "inputs": {"x": 3}, "expected": 6}],
            "misconceptions": [{"name": "squares", "hint": "Is that a sum?", "outcomes": [{"dict": [["value", 9]]}]}],
        }
    },
}


@pytest.fixture
def notebook(tmp_path: Path) -> dict:
    (tmp_path / "checks.json").write_text(json.dumps(CHECKS), encoding="utf-8")
    namespace: dict = {}
    exec("from course_lib.checks import load_checks", namespace)
    namespace["check"] = load_checks(tmp_path / "checks.json")
    return namespace


def test_right_answer_is_told_so(notebook: dict, capsys: pytest.CaptureFixture) -> None:
    exec("double = lambda x: 2 * x\ncheck(double)", notebook)
    assert capsys.readouterr().out == "double: 1 of 1 checks passed\n"


def test_wrong_answer_is_told_what_differs_and_which_misconception_it_is(notebook: dict) -> None:
    with pytest.raises(CheckFailed) as caught:
        exec("def double(x):\n    return x * x\ncheck(double)", notebook)
    assert str(caught.value).splitlines()[1:] == [
        "  double(x) with x = 3:",
        "  expected 6, got 9",
        "  This is what you get with: squares. Is that a sum?",
    ]
    assert caught.value._render_traceback_() == [str(caught.value)]


def test_while_a_class_is_graded_check_only_reports(
    notebook: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    exec("def double(x):\n    return x * x\ncheck(double)", notebook)
    assert "squares" in capsys.readouterr().out


@pytest.mark.parametrize(
    "source",
    [
        "from course_lib.reference.activations import relu as double",
        "from course_lib.reference import activations\ndef double(x):\n    return activations.relu(x)",
    ],
)
def test_borrowed_answer_is_refused(notebook: dict, source: str) -> None:
    with pytest.raises(CheckFailed, match="write it yourself"):
        exec(source + "\ncheck(double)", notebook)


def test_check_of_something_else_names_the_questions(notebook: dict) -> None:
    with pytest.raises(CheckFailed, match="the set asks for double"):
        exec("check(print)", notebook)


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        (None, "open the notebook in the folder"),
        ("{", "download the problem set again"),
        ('{"format": 99}', "another version"),
    ],
)
def test_missing_or_damaged_checks_say_what_to_do(tmp_path: Path, text: str | None, way_out: str) -> None:
    if text is not None:
        (tmp_path / "checks.json").write_text(text, encoding="utf-8")
    with pytest.raises(CheckFailed, match=way_out):
        load_checks(tmp_path / "checks.json")


def test_a_tower_of_exponentials_is_too_large_and_takes_no_time() -> None:
    with pytest.raises(ExpressionError, match="no finite real value"):
        parse_expression("0 * exp(exp(exp(exp(x))))").value(Fraction(3))


@pytest.mark.parametrize(
    ("got", "named"),
    [
        (Outcome(2.0, warned=("overflow",)), True),
        (Outcome(2.0 + 1e-8, warned=("overflow",)), True),
        (Outcome(2.0 + 1e-8), False),  # slightly wrong, and silent: another mistake
    ],
)
def test_what_only_warns_explains_no_wrong_value(got: Outcome, named: bool) -> None:
    case, both = (
        Case("f(x)", {"x": 1.0}, rtol=1e-9, warnings="forbidden"),
        Misconception("both branches", "Which of them is taken?"),
    )
    failures, theirs = [verdict(case, 2.0, got)], [Outcome(2.0, warned=("overflow",))]
    assert failures[0] is not None
    assert recognise([case], failures, [got], [(both, theirs)]) == ([both] if named else [])
