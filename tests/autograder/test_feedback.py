"""Feedback pages: what a student is told, and what no page may carry."""

import re
from html.parser import HTMLParser

import pytest
from classroom import QUICK, answered, write_course
from classroom import SET as CLASSROOM
from graded_class import SET, grade_by_hand, make_course, put, record
from nbformat.v4 import new_code_cell, new_notebook, new_output
from nbgrader import api
from sqlalchemy.orm import Session

from autograder.answers import clean, read_answers
from autograder.disclosure import hidden_message, problem_text, shown, words_of_visible_tests
from autograder.execution import grade, load_task
from autograder.feedback import write_feedback
from autograder.gradebook import Gradebook
from autograder.notebooks import read_notebook
from autograder.questions import CaseResult, QuestionResult

ALLOWED_TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "h1", "h2", "h3", "p",
    "ul", "li", "span", "strong", "code", "pre", "table", "thead", "tbody", "tr", "th", "td", "div", "a", "details",
    "summary", "figure", "img",
}  # fmt: skip


class Page(HTMLParser):
    """Tags, attributes and text of a page, with its headings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html, self.tags, self.attributes, self.texts = html, [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self) -> str:
        body = self.texts[self.texts.index(next(t for t in self.texts if "Descent" in t)) :]
        return " ".join(" ".join(body).split())


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


def page_of(course, student: str) -> Page:
    pages = {file.parts[-3]: file for file in write_feedback(course, SET)}
    assert pages[student] == course.feedback / student / SET / f"{SET}.html"
    return Page(pages[student].read_text(encoding="utf-8"))


def test_points_expected_got_and_hint_are_told(course):
    put(course, record("bob", double=0), {"double_answer": "def double(x):\n    return x * x"})
    text = page_of(course, "bob").text
    for words in (
        "4 of 9 points",
        "0 of 2",
        "4 of 4",
        "squares",
        "What is the difference",
        "def double(x): return x * x",
    ):
        assert words in text
    assert re.search(r"double\(x\) with x = 3 +6 +9 ", text)


def test_a_hidden_test_is_described(course):
    put(course, record("bob", double=0))
    assert re.search(r"A hidden test \(a negative number\) +-3 +2.25 ", page_of(course, "bob").text)


def test_words_wait_for_their_grade_and_show_no_rubric_before(course):
    put(course, record("ada"))
    text = page_of(course, "ada").text
    assert "so far: 3 points are still to be graded by hand" in text and "not graded yet" in text
    assert "Because." in text and "says why" not in text


def test_grade_by_hand_comes_with_rubric_comment_and_penalty(course):
    put(course, record("ada"))
    grade_by_hand(course, "ada", 2, comment="Say <why> h falls.", penalty=1)
    page = page_of(course, "ada")
    for words in ("7 of 9 points", "2 of 3 points", "2 points: says why", "Say <why> h falls.", "1 point is taken off"):
        assert words in page.text
    assert "MODEL ANSWER" not in page.html and "not graded yet" not in page.text


def test_an_unanswered_question_is_called_so(course):
    results = (
        QuestionResult(
            "double", 0, 2.0, (CaseResult("double(x)", False, 1.0, "NotImplementedError: not answered yet"),)
        ),
    )
    put(course, record("ada", why="", questions=results))
    assert page_of(course, "ada").text.count("You have not answered this question.") == 2


def test_points_that_an_assistant_changed_are_the_ones_shown(course):
    put(course, record("ada", double=1, why=""))
    with Gradebook(course) as gradebook, Session(gradebook.engine) as session, session.begin():
        next(grade for grade in session.query(api.Grade) if grade.cell.name == "double").manual_score = 1.5
    text = page_of(course, "ada").text
    assert "5.5 of 9 points" in text and "changed the points from 1" in text


def test_quarantine_says_why_and_what_to_do(course):
    put(course, record("eve", quarantine="broken JSON (line 1): the file was cut off or edited by hand"))
    text = page_of(course, "eve").text
    assert "could not be graded yet" in text and "broken JSON" in text and "hand it in again" in text
    assert "points" not in text


def test_notes_of_the_intake_are_put_into_words(course):
    put(course, record("ada", notes=("cell 'double' was deleted: put back",)))
    assert "The cell double was missing from your notebook. The original was put back." in page_of(course, "ada").text


HOSTILE = "</style></pre><script>alert(1)</script><img src=x onerror=alert(2)><a href='javascript:alert(3)'>{{ 7 * 7 }}"


def test_student_content_never_becomes_markup(course):
    case = CaseResult(f"double({HOSTILE})", False, 1.0, f"ValueError: {HOSTILE}")
    results = (QuestionResult("double", 0, 2.0, (case,), problem=HOSTILE),)
    outputs = [
        new_output("stream", name="stdout", text=HOSTILE),
        new_output("display_data", data={"text/html": HOSTILE, "image/svg+xml": HOSTILE, "text/plain": HOSTILE}),
        new_output("display_data", data={"image/png": f'"{HOSTILE}'}),
    ]
    put(course, record("bob", questions=results, why=HOSTILE, notes=(HOSTILE,)), {"double_answer": HOSTILE}, outputs)
    put(course, record("eve", quarantine=HOSTILE))
    for student in ("bob", "eve"):
        page = page_of(course, student)
        assert set(page.tags) <= ALLOWED_TAGS and page.tags.count("style") == 1 and "img" not in page.tags
        assert not [a for a in page.attributes if a[1].startswith("on") or "javascript" in (a[2] or "")]
        assert "{{ 7 * 7 }}" in page.text


def test_huge_and_weird_output_is_cut_and_cleaned(course):
    outputs = [
        new_output(
            "stream", name="stdout", text="\x1b[31mred\x1b[0m \u202edrawkcab \x00" + "z" + "\u0301" * 5000 + "x" * 10**6
        )
    ]
    put(course, record("bob"), {"double_answer": "y" * 10**6}, outputs)
    page = page_of(course, "bob")
    assert len(page.html) < 60_000
    assert not set("\x1b\u202e\x00") & set(page.html) and "\u0301" * 4 not in page.html
    assert "characters left out" in page.text


def test_a_lone_surrogate_does_not_stop_the_class(course):
    folder = course.graded("bob", SET)
    folder.mkdir(parents=True)
    body = record("bob", double=0).to_json().replace("expected 6, got 9", "ValueError: \\ud800")
    (folder / "record.json").write_text(body, encoding="utf-8")
    assert "ValueError" in page_of(course, "bob").text


def test_pages_ask_for_nothing_and_are_whole(course):
    picture = new_output("display_data", data={"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"})
    put(course, record("bob", double=0), {"double_answer": "plot()"}, [picture])
    page = page_of(course, "bob")
    links = [value for _, name, value in page.attributes if name in ("src", "href")]
    assert links and all(link.startswith(("#", "data:image/png;base64,iVBOR")) for link in links)
    assert not re.search(r"url\(|@import|https?:", page.html) and "script" not in page.tags
    assert ("html", "lang", "en") in page.attributes and page.tags.count("h1") == page.tags.count("title") == 1
    assert all(dict((n, v) for t, n, v in page.attributes if t == "img").get("alt") for t in page.tags if t == "img")


@pytest.mark.parametrize(
    "message",
    [
        "expected 6, got 9 at index 2",
        "expected -1.5e-07, got nan at index (0, 3); 4 of 12 entries are off (in value 1)",
        "expected shape (2, 3), got shape (3,)",
        "expected an array of shape (4,), got None (is a return missing?)",
        "the answer is right, but its argument x was changed: work on a copy",
        "the answer is right, but NumPy warned: overflow encountered in exp",
        "is another function: at x = 3/7 it gives -0.909560, expected 0.909560",
        "Timeout: not finished after 10 s",
    ],
)
def test_messages_of_numbers_pass_the_screen(message):
    assert hidden_message(message) == message


@pytest.mark.parametrize(
    "message",
    [
        "ValueError: SECRET",
        "SECRET: SECRET",
        "expected 6, got 'SECRET'",
        "expected 6, got a SECRET",
        "expected numbers, got 0 of dtype SECRET",
        "key 'SECRET' does not belong there",
        "the answer is right, but NumPy warned: SECRET",
        "expected 6, got 9 (in key 'SECRET')",
        "ZeroDivisionError: SECRET (at: return SECRET)",
        "Timeout: SECRET",
        "unknown name 'SECRET': a formula is written in x",
        "this answer uses SECRET SECRET; the question asks you to write it yourself",
        "'SECRET' is not a formula (write 2*x, not 2x; close every parenthesis)",
        "expected 1, got 2\nSECRET",
    ],
)
def test_what_an_answer_can_write_into_a_hidden_message_is_not_shown(message):
    assert "SECRET" not in hidden_message(message)
    assert "SECRET" not in str(shown(CaseResult("a hidden test", True, 1.0, message)))


def test_a_line_of_the_students_own_source_may_be_named():
    message = "ZeroDivisionError: 0.25 (at: return 1 / x)"
    assert hidden_message(message, "def f(x):\n    return 1 / x") == "ZeroDivisionError (at: return 1 / x)"
    assert hidden_message(message, "def f(x):\n    return 2") == "ZeroDivisionError"
    assert hidden_message(message, "table = 'return 1 / x'") == "ZeroDivisionError", "a whole line, not a part of one"


def test_a_plain_test_cell_passes_on_the_words_of_visible_tests_only():
    source = 'assert f(1) == 2, "the sum is wrong"\nassert f(2) == g(2), f"{f(2)} is wrong"\nassert f(3)'
    notebook = new_notebook(cells=[new_code_cell(source, metadata={"nbgrader": {"grade": True, "grade_id": "f"}})])
    words = words_of_visible_tests(notebook)
    assert words == {"the sum is wrong"}
    assert problem_text("AssertionError: the sum is wrong", False, words) == "the sum is wrong"
    for hidden in (
        "AssertionError: f(1.25) is wrong",
        "AssertionError",
        "AssertionError: \nNot equal\n x: array(1.25)",
    ):
        assert problem_text(hidden, False, words) == "A test of this cell failed."
    assert problem_text("ValueError: [1.25, 3]", has_cases=False) == "ValueError"


@pytest.mark.parametrize("error", ["AssertionError(x)", "ValueError(x)", "type(f'E{x}', (Exception,), {})"])
def test_an_answer_cannot_tell_the_inputs_of_a_hidden_assert(tmp_path, error):
    """The set of the classroom has a cell of asserts whose hidden part calls ``double(5)``."""
    course = write_course(tmp_path)
    handed_out = read_notebook((course.exercises / CLASSROOM / f"{CLASSROOM}.ipynb").read_bytes())
    leak = f"def double(x):\n    if x == 2:\n        return 4\n    raise {error}"
    graded = grade("bob", answered(handed_out, double=leak), load_task(course.solutions / CLASSROOM), QUICK)
    folder = course.graded("bob", CLASSROOM)
    folder.mkdir(parents=True)
    (folder / f"{CLASSROOM}.ipynb").write_bytes(graded.notebook)
    (folder / "record.json").write_text(graded.record.to_json(), encoding="utf-8")
    (page,) = write_feedback(course, CLASSROOM)
    text = Page(page.read_text(encoding="utf-8")).text.partition("plain 0 of 1 points")[2]
    assert "A hidden test of this cell failed" in text and not re.search(r"\b5\b|E5", text), text


def test_clean_keeps_beginning_and_end():
    text = clean("a" * 100 + "b" * 10**7 + "c" * 100, limit=200)
    assert text.startswith("a" * 100) and text.endswith("c" * 100) and len(text) < 260


def test_a_damaged_notebook_gives_no_answers(tmp_path):
    for body in ("", "[]", '{"cells": [{}]}', '{"cells": 3}'):
        (tmp_path / "n.ipynb").write_text(body)
        assert read_answers(tmp_path / "n.ipynb") == {}
