"""The class report: what stands in it, for a class, for a class of one, and for none."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from graded_class import SET, grade_by_hand, make_course, put, record
from test_similarity import LISTS, LOOP, MATRIX, RENAMED

from autograder import charts
from autograder.feedback import write_feedback
from autograder.pages import FOLDER, write_page
from autograder.questions import load_set
from autograder.report import contents, write_report
from autograder.worktime import minutes_of_work
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


def a_page(tmp_path, students: int, kind: str) -> tuple[str, np.ndarray]:
    """Report of a class without a gradebook, and its points as the engine recorded them."""
    rng, rows = np.random.default_rng(students), []
    for i in range(students):
        able = rng.beta(3, 2)
        points = {"equal": (2.0, 4.0), "empty": (0.0, 0.0)}.get(
            kind, (float(rng.random() < able) * 2, round(float(4 * np.clip(able + rng.normal(0, 0.1), 0, 1)), 2))
        )
        rows.append(record(f"student{i:03}", *points, manual=(), seconds=0.1 + i / 1000))
    broken = record("eve", 0.0, quarantine="broken JSON")
    file = write_page(
        tmp_path / "page.html",
        "report.html.j2",
        links={},
        work=[],
        **contents(load_set(make_course(tmp_path).solution(SET)), [broken, *rows], [], {}),
    )
    points = np.array([[question.points for question in row.questions] for row in rows]).reshape(-1, 2)
    return Outline(file.read_text(encoding="utf-8")).text, points


@pytest.mark.parametrize(
    ("students", "kind"), [(1, ""), (2, ""), (24, ""), (300, ""), (24, "equal"), (24, "empty"), (300, "equal")]
)
def test_every_number_is_that_of_an_independent_computation(tmp_path, students, kind):
    """Oracle: pandas and NumPy on the raw points, for classes of any size."""
    text, points = a_page(tmp_path, students, kind)
    frame = pd.DataFrame(points, columns=["double", "halve"])
    totals, spread = frame.sum(axis=1), bool(np.ptp(frame.sum(axis=1)) > 0)
    assert not re.search(r"\bnan\b|\binf\b|None", text)
    assert f"graded {students} quarantined 1" in text and "eve broken JSON" in text
    assert re.search(rf"{totals.median():.2f}".rstrip("0").rstrip(".") + r" of 6 points", text)
    for name, most in (("double", 2), ("halve", 4)):
        mean, full = 100 * frame[name].mean() / most, int((frame[name] == most).sum())
        assert f"{name} ({most}) {mean:.0f} % {full} of {students}" in text
    wrong = int((frame["double"] < 2).sum())
    assert f"double(x) with x = 3 double {wrong} of {students}" in text if wrong else "No test was missed" in text
    if students >= 5 and spread:
        r = frame["double"].corr(frame["halve"])
        alpha = 2 * (1 - frame.var().sum() / totals.var())
        assert text.count(f"{students} {r:.2f} ".replace("-", "−")) == 2, "of two questions each is the other's rest"
        assert f"Cronbach’s α is {alpha:.2f}".replace("-", "−") in text
    else:
        assert "Cronbach’s α cannot be given" in text
    assert f"all together {sum(0.1 + i / 1000 for i in range(students)):.1f} s" in text


@pytest.mark.parametrize(
    ("students", "kind", "words"),
    [
        (1, "", "The only submission has"),
        (2, "", "The median is"),
        (24, "equal", "All 24 students have the same: 6 of 6 points."),
        (24, "empty", "All 24 students have the same: 0 of 6 points. The hardest question was double: 0 %"),
    ],
)
def test_summary_fits_the_class(tmp_path, students, kind, words):
    text, _ = a_page(tmp_path, students, kind)
    assert words in text and ("half of the class" in text.partition("Scores")[0]) == (students > 3 and not kind)
    assert ("The hardest question" in text) == (kind != "equal")


def test_a_misconception_of_many_names_the_first_and_folds_the_rest(tmp_path):
    text, points = a_page(tmp_path, 300, "")
    wrong = [f"student{i:03}" for i in np.flatnonzero(points[:, 0] < 2)]
    assert (
        f"squares double {len(wrong)} {', '.join(wrong[:12])} and {len(wrong) - 12} more {', '.join(wrong[12:])}"
        in text
    )


def moment(minutes: float) -> str:
    return (datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(minutes=minutes)).isoformat()


def test_time_on_task_is_told_where_notebooks_recorded_it(course):
    cells = [{"metadata": {"execution": {"iopub.execute_input": moment(m)}}} for m in (0, 5, 12, 100, 118, 90)]
    bodies = {"ada": {"cells": cells}, "bob": {"cells": cells[:2]}, "cem": {"cells": 7}, "dia": []}
    for student, body in bodies.items():
        put(course, record(student))
        (course.submitted / student / SET).mkdir(parents=True)
        (course.submitted / student / SET / f"{SET}.ipynb").write_text(json.dumps(body), encoding="utf-8")
    text = report_of(course).text
    assert "(1 student): from 40 to 40 minutes, median 40" in text, "5 + 7, then a pause, then 10 + 18"


@pytest.mark.parametrize(
    "value", ["not a time", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 3, None, {"a": 1}, "\ud800"]
)
def test_times_that_students_make_up_harm_nobody(tmp_path, value):
    times = [value, moment(0), moment(1), moment(2), moment(3), "0001-01-01T00:00:00-14:00"]
    cells = [{"metadata": {"execution": {"iopub.execute_input": time}}} for time in times]
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    found = minutes_of_work(tmp_path / "n.ipynb")
    assert found is None or 0 <= found <= 20 * len(times)


@pytest.mark.parametrize("students", [1, 24, 2000])
@pytest.mark.parametrize("most", [0.5, 9, 36, 100])
def test_bins_are_round_and_hold_everyone(students, most):
    edges = charts.bin_edges(most, students)
    assert edges[0] == 0 and edges[-1] >= most and 5 <= len(edges) - 1 <= 21
    assert np.histogram(np.linspace(0, most, students), edges)[0].sum() == students


def test_figures_of_extreme_classes_are_drawn():
    assert "36" in to_svg(charts.distribution(np.array([36.0]), 36))
    assert "aria-label" in to_svg(charts.outcomes(("a_very_long_name_of_a_question",), np.zeros((3, 1))))
