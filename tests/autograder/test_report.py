"""The class report: what stands in it, for a class, for a class of one, and for none."""

import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from graded_class import SET, grade_by_hand, make_course, put, record
from test_similarity import LISTS, LOOP, MATRIX, RENAMED

from autograder import charts
from autograder.feedback import write_feedback
from autograder.pages import FOLDER
from autograder.report import write_report
from course_lib.figures.style import PALETTE, to_svg

VOID = {"meta", "img", "path", "use", "rect", "line"}


class Outline(HTMLParser):
    """Checks that elements nest, and keeps tags, addresses and texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.tags, self.links, self.texts = [], [], [], []
        self.feed(html)
        assert self.open == []
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "xlink:href")]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)


def report_of(course) -> Outline:
    file = write_report(course, SET)
    assert file == course.reports / f"{SET}.html"
    return Outline(file.read_text(encoding="utf-8"))


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


@pytest.fixture
def a_class(course):
    """Twelve students of falling success; the last four have the misconception, one is quarantined."""
    for i in range(12):
        put(course, record(f"s{i:02}", double=2.0 if i < 8 else 0.0, halve=round(4 - i / 3, 2)))
        grade_by_hand(course, f"s{i:02}", 3 if i % 2 else 1)
    put(course, record("eve", quarantine="<b>broken</b> JSON"))
    return course


def test_summary_names_median_hardest_question_and_misconception(a_class):
    text = report_of(a_class).text
    totals = [min(2, 2 * (i < 8)) + round(4 - i / 3, 2) + (3 if i % 2 else 1) for i in range(12)]
    assert f"The median is {np.median(totals):g} of 9 points" in text
    assert "The hardest question was halve: 54 % of its points were earned, 1 of 12 students" in text
    assert "squares in double , 4 students" in text and "What is the difference between x + x" in text


def test_counts_quarantine_and_provenance_are_there(a_class):
    text = report_of(a_class).text
    assert "graded 12 quarantined 1 to grade by hand 0" in text
    assert "<b>broken</b> JSON" in text
    assert "12 submissions: engine 9.9, isolation: test" in text and "median 0.50 s" in text


def test_statistics_are_those_of_analysis(a_class):
    text = report_of(a_class).text
    points = np.array([[2.0 * (i < 8), round(4 - i / 3, 2), 3 if i % 2 else 1] for i in range(12)])
    alpha = 3 / 2 * (1 - points.var(axis=0).sum() / points.sum(axis=1).var())
    r = np.corrcoef(points[:, 0], points[:, 1:].sum(axis=1))[0, 1]
    assert f"Cronbach’s α is {alpha:.2f}" in text and f"67 % 8 of 12 {r:.2f}" in text


def test_ungraded_words_are_announced_and_left_out(course):
    for i in range(3):
        put(course, record(f"s{i}"))
    text = report_of(course).text
    assert "3 students with an answer in words to be graded by hand" in text
    assert "Not counted in here until all of it is graded by hand: why" in text and "of 6 points" in text


def test_figures_have_alternative_texts_and_follow_the_scheme(a_class):
    html = write_report(a_class, SET).read_text(encoding="utf-8")
    labels = re.findall(r'<svg[^>]*role="img"[^>]*aria-label="([^"]+)"', html)
    assert len(labels) == html.count("<svg") == 2
    assert "median" in labels[0] and "double: 67 % all, 33 % none" in unescape(labels[1])
    assert "var(--descent-blue" in html and "prefers-color-scheme: dark" in html


def test_the_page_has_the_palette_of_the_figures():
    sheet = (FOLDER / "page.css").read_text(encoding="utf-8")
    for name, (light, dark) in PALETTE.items():
        assert sheet.count(f"--descent-{name}: {light}") == 2, "on screen and in print"
        assert sheet.count(f"--descent-{name}: {dark}") == 1


def test_the_page_needs_no_other_file_and_no_script(a_class):
    write_feedback(a_class, SET)
    html = write_report(a_class, SET).read_text(encoding="utf-8")
    outline = Outline(html)
    assert "script" not in outline.tags and not re.search(r"@import|url\(http|src=", html)
    pages = {link for link in outline.links if not link.startswith("#")}
    assert pages and all((a_class.reports / page).resolve().is_file() for page in pages)


def test_students_appear_by_id_only(course):
    from autograder.gradebook import Gradebook

    with Gradebook(course) as gradebook:
        gradebook.save_students([{"id": "ada", "first_name": "Adaeze", "last_name": "Okafor", "email": "x@u.example"}])
    put(course, record("ada", double=0))
    text = report_of(course).text
    assert "ada" in text and not re.search("Adaeze|Okafor|u.example", text)


def test_similar_submissions_are_a_hint_that_proves_nothing(course):
    for student, code in {"ada": LOOP, "bob": RENAMED, "cem": MATRIX, "dia": LISTS}.items():
        put(course, record(student), {"double_answer": code, "halve_answer": "def broken(:"})
    text = report_of(course).text
    assert "ada and bob 1.00" in text and "This proves nothing" in text and "cem and" not in text


def test_code_that_was_handed_out_is_not_compared(course):
    for student in ("ada", "bob"):
        put(course, record(student))
    assert "No two submissions are alike" in report_of(course).text


@pytest.mark.parametrize("students", [0, 1, 2])
def test_small_classes_get_sentences_instead_of_numbers(course, students):
    for i in range(students):
        put(course, record(f"s{i}", why=""))
    text = report_of(course).text
    assert not re.search(r"\bnan\b|\binf\b|None", text)
    assert ("Nothing has been graded yet" in text) if not students else ("Cronbach’s α cannot be given" in text)


@pytest.mark.parametrize("students", [1, 24, 2000])
@pytest.mark.parametrize("most", [0.5, 9, 36, 100])
def test_bins_are_round_and_hold_everyone(students, most):
    edges = charts.bin_edges(most, students)
    assert edges[0] == 0 and edges[-1] >= most and 5 <= len(edges) - 1 <= 21
    assert np.histogram(np.linspace(0, most, students), edges)[0].sum() == students


def test_figures_of_extreme_classes_are_drawn():
    assert "36" in to_svg(charts.distribution(np.array([36.0]), 36))
    assert "aria-label" in to_svg(charts.outcomes(("a_very_long_name_of_a_question",), np.zeros((3, 1))))
