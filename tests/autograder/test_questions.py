"""Questions: cases, scores, recognition of misconceptions."""

import numpy as np
import pytest
from classroom import SET

from autograder.course import Course
from autograder.questions import CourseProblem, Question, load_set
from course_lib.checks import Case, Outcome, run_case


def question(course: Course, name: str) -> Question:
    return load_set(course.solutions / SET).questions[name]


def test_right_answers_get_full_marks(course: Course) -> None:
    double = question(course, "double")
    assert double.grade_source(double.reference_source).points == 2
    assert [double.grade_source(answer).points for answer in double.accepted] == [2]


def test_misconceptions_lose_points_and_are_named(course: Course) -> None:
    for entry in load_set(course.solutions / SET).questions.values():
        for misconception, source in entry.misconceptions:
            result = entry.grade_source(source)
            assert result.points < entry.points
            assert result.misconceptions[0] == misconception


def test_partial_credit_is_the_weighted_share_rounded_down(course: Course) -> None:
    result = question(course, "scaled").grade_source("def scaled(x):\n    x /= np.abs(x).max()\n    return x")
    assert result.points == 1.0
    assert [case.message is None for case in result.cases] == [True, False]


def test_unanswered_is_no_misconception(course: Course) -> None:
    result = question(course, "double").grade_source("def double(x):\n    raise NotImplementedError")
    assert result.points == 0
    assert result.misconceptions == ()
    assert {case.message for case in result.cases} == {"NotImplementedError: not answered yet"}


def test_hidden_case_is_described_without_its_inputs(course: Course) -> None:
    result = question(course, "double").grade_source("def double(x):\n    return 0")
    assert result.cases[1].description == "a hidden test (a negative number)"


def test_two_misconceptions_are_both_named_where_each_explains_something() -> None:
    entries = Question("pair", 2)
    entries.case("pair['a']")
    entries.case("pair['b']")
    entries.reference("pair = {'a': 1, 'b': 2}")
    entries.misconception("a doubled", "Hint.", answer="pair = {'a': 2, 'b': 2}")
    entries.misconception("b doubled", "Hint.", answer="pair = {'a': 1, 'b': 4}")
    named = entries.grade_source("pair = {'a': 2, 'b': 4}").misconceptions
    assert {m.name for m in named} == {"a doubled", "b doubled"}


def test_a_failing_reference_is_reported() -> None:
    broken = Question("f", 1)
    broken.case("f(1)")
    broken.reference("def f(x):\n    raise ValueError('no')")
    with pytest.raises(ValueError, match="the reference answer of f fails"):
        _ = broken.expected


@pytest.mark.parametrize("change", ["SET = None", "SET = ProblemSet('02_other', 'Other', 1)"])
def test_a_set_must_be_named_like_its_folder(course: Course, change: str) -> None:
    file = course.solutions / SET / "questions.py"
    file.write_text(file.read_text(encoding="utf-8") + f"\n{change}\n", encoding="utf-8")
    with pytest.raises(CourseProblem, match="must define SET"):
        load_set(file.parent)


def test_rubric_must_add_up(course: Course) -> None:
    with pytest.raises(ValueError, match="adds up to 2"):
        load_set(course.solutions / SET).written("again", 3, ((1, "one"), (1, "two")), "")


def test_mutation_and_warnings_are_seen() -> None:
    def spoil(x: np.ndarray) -> np.ndarray:
        x += 1
        return np.log(x - x)

    outcome = run_case(Case("spoil(x)", {"x": np.zeros(2)}), {"spoil": spoil})
    assert outcome.changed == ("x",)
    assert outcome.warned == ("divide by zero encountered in log",)


def test_every_run_gets_fresh_inputs_in_the_layout_asked_for() -> None:
    case = Case("f(x)", {"x": np.arange(6.0).reshape(2, 3)}, layout="strided")
    assert run_case(case, {"f": lambda x: x.flags.c_contiguous}).value is False
    case = Case("f(x)", {"x": np.zeros(2)}, layout="read-only")
    assert run_case(case, {"f": lambda x: x.flags.writeable}).value is False


def test_untrusted_outcomes_are_read_as_data_only() -> None:
    assert Outcome.from_plain("nonsense").error
    odd = Outcome.from_plain({"value": 1, "changed": 7, "warned": ["w"] * 100, "error": "e" * 9999})
    assert (odd.changed, len(odd.warned), len(odd.error)) == ((), 20, 2000)
