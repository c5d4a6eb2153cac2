"""Exports: nbgrader's own exporter, Canvas's and Moodle's import rules, and spreadsheets."""

import csv
import io
from contextlib import closing
from dataclasses import replace

import pytest
from graded_class import SET, grade_by_hand, make_course, put, record
from nbgrader import api
from nbgrader.plugins.export import CsvExportPlugin

from autograder.export import canvas_rows, moodle_rows, nbgrader_rows, read_grades, safe, unfinished, write_exports
from autograder.gradebook import Gradebook

STUDENTS = (
    {"id": "ada", "first_name": "Ada", "last_name": "Okafor", "email": "ada@u.example", "lms_user_id": "1234"},
    {"id": "bob", "first_name": "Børge", "last_name": "Ó Briain, jr.", "email": "bob@u.example", "lms_user_id": "S-77"},
    {"id": "cem", "first_name": "Cem", "last_name": "Demir"},
    {"id": "eve", "first_name": "=HYPERLINK(1)", "last_name": "+1", "email": "@SUM(1)"},
)


@pytest.fixture
def course(tmp_path):
    """Ada is graded and late, Bob waits for a grade by hand, Cem handed nothing in, Eve is quarantined."""
    course = make_course(tmp_path)
    with Gradebook(course) as gradebook:
        gradebook.save_students(STUDENTS)
    put(course, record("ada", double=1.25))
    grade_by_hand(course, "ada", 2.5, penalty=1.5)
    put(course, record("bob"))
    put(course, record("eve", quarantine="no notebook: it is missing"))
    put(course, record("zoe", quarantine="no notebook: it is missing"))
    return course


def read(file) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.read_bytes().decode("utf-8"))))


def test_nbgrader_rows_are_those_of_nbgrader_export(course, tmp_path):
    with Gradebook(course) as gradebook:
        gradebook.save_students(
            [{"id": "bob", "last_name": "Briain"}, {"id": "eve", "first_name": "Eve", "last_name": "E", "email": "e"}]
        )
    with closing(api.Gradebook(course.db_url, course.course_id)) as book:
        CsvExportPlugin(to=str(tmp_path / "theirs.csv")).export(book)
    (header, *ours), (theirs_header, *theirs) = read(write_exports(course, SET)[0]), read(tmp_path / "theirs.csv")
    assert header == theirs_header and ours == sorted(theirs, key=lambda row: row[3])


def test_due_date_is_exported(course):
    with closing(api.Gradebook(course.db_url, course.course_id)) as book:
        book.update_or_create_assignment(SET, duedate="2026-02-28 23:59:00 UTC")
    assert nbgrader_rows(read_grades(course, SET))[1][1] == "2026-02-28 23:59:00"


def test_canvas_rows_are_what_its_importer_asks_for(course):
    header, possible, *students = read(write_exports(course, SET, canvas_id=4711)[1])
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Tiny (4711)"]
    assert "Points Possible" in possible[0] and possible[5] == "9"
    assert students[0] == ["Okafor, Ada", "1234", "", "ada", "", "6.25"]
    assert students[1] == ["Ó Briain, jr., Børge", "", "S-77", "bob", "", "6"]
    assert students[2] == ["Demir, Cem", "", "", "cem", "", "0"]
    assert len({len(row) for row in (header, possible, *students)}) == 1


def test_canvas_goes_by_the_title_without_an_id(course):
    assert canvas_rows(read_grades(course, SET))[0][-1] == "Tiny"


def test_moodle_rows_have_user_grade_and_feedback(course):
    header, ada, bob, cem, eve = read(write_exports(course, SET)[2])
    assert header[:3] == ["Username", "Email address", "ID number"] and header[-2:] == ["Tiny", "Tiny (feedback)"]
    assert ada == [
        "ada",
        "ada@u.example",
        "1234",
        "Ada",
        "Okafor",
        "6.25",
        "double 1.25, halve 4, why 2.5; late penalty 1.5",
    ]
    assert bob[5] == "6" and "preliminary" in bob[6]
    assert cem[5:] == ["0", "Nothing was handed in."]
    assert eve[5] == "-"


def test_a_quarantined_submission_gets_no_grade_in_an_lms(course):
    grades = read_grades(course, SET)
    assert [row[-1] for row in canvas_rows(grades) if row[3] == "eve"] == [""]
    assert [row[-2] for row in moodle_rows(grades) if row[0] == "eve"] == ["-"]


def test_no_cell_is_a_formula(course):
    for file in write_exports(course, SET):
        cells = [cell for row in read(file) for cell in row]
        assert not [cell for cell in cells if cell != "-" and cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert any(cell.startswith(("'=", "'+", "'@")) for cell in cells)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "  =1", "\n=1", "＝1", "\0=1"])
def test_formulas_become_text_of_one_line(text):
    assert safe(text).startswith("'") and len(safe(text).splitlines()) == 1


def test_a_penalty_never_makes_a_score_negative(course):
    grades = read_grades(course, SET)
    harsh = replace(grades, scores=tuple(replace(score, late_penalty=99.0) for score in grades.scores))
    assert {row[-1] for row in canvas_rows(harsh)[2:]} == {"0", ""} and {
        row[-2] for row in nbgrader_rows(harsh)[1:]
    } == {"0.0"}


def test_what_is_not_final_is_said(course):
    waiting, quarantined, unknown = unfinished(course, SET)
    assert waiting.endswith("(1): bob") and "by hand" in waiting
    assert quarantined.endswith("(1): eve") and unknown.endswith("(1): zoe")


def test_an_empty_course_exports_headers_only(tmp_path):
    course = make_course(tmp_path)
    assert [len(read(file)) for file in write_exports(course, SET)] == [1, 2, 1]
    assert unfinished(course, SET) == []
