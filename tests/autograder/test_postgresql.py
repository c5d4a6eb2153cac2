"""A real PostgreSQL as the gradebook: the whole way of a class, again and again, and nbgrader's own tools on it."""

import csv
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from classroom import QUICK, SET
from hands import Here, by_hand, make_class, recorded, scores
from nbformat import NotebookNode
from nbgrader import api
from nbgrader.plugins import CsvExportPlugin
from sqlalchemy import create_engine, text

from autograder.course import Course
from autograder.execution import load_task
from autograder.export import write_exports
from autograder.feedback import write_feedback
from autograder.gradebook import Gradebook
from autograder.grading import Tally, grade_class
from autograder.questions import CourseProblem
from autograder.report import write_report


@pytest.fixture
def class_there(course: Course, handed_out: NotebookNode, postgresql) -> tuple[Course, dict[str, float]]:  # type: ignore[no-untyped-def]
    """A class of six whose gradebook is an empty database of a PostgreSQL server."""
    return replace(course, db_url=postgresql.new_database()), make_class(course, handed_out, 6)


def run(course: Course, **settings: object) -> Tally:
    load_task.cache_clear()
    return grade_class(course, SET, Here, QUICK, **settings)  # type: ignore[arg-type]


def rows(course: Course) -> dict[str, int]:
    """Number of rows by table."""
    engine = create_engine(course.db_url)
    with engine.connect() as connection:
        counted = {name: connection.scalar(text(f'SELECT count(*) FROM "{name}"')) for name in api.Base.metadata.tables}
    engine.dispose()
    return counted


def test_a_class_is_graded_once_however_often_it_runs(class_there: tuple[Course, dict[str, float]]) -> None:
    course, expected = class_there
    assert len(run(course).graded) == 6
    assert scores(course) == recorded(course) == expected
    before = rows(course)
    assert run(course).unchanged == 6
    assert len(run(course, regrade=True).graded) == 6
    assert len(run(course, question="double").graded) == 6
    assert rows(course) == before
    assert before["submitted_assignment"] == 6
    assert scores(course) == expected


def test_grades_by_hand_stay_when_it_is_graded_again(class_there: tuple[Course, dict[str, float]]) -> None:
    course, expected = class_there
    run(course)
    by_hand(course, "s00", 3.5)
    run(course, regrade=True)
    assert scores(course) == {**expected, "s00": expected["s00"] + 3.5}


def test_nbgrader_reads_and_exports_it(class_there: tuple[Course, dict[str, float]], tmp_path: Path) -> None:
    course, expected = class_there
    run(course)
    with closing(api.Gradebook(course.db_url, course.course_id)) as book:
        CsvExportPlugin(to=str(tmp_path / "theirs.csv")).export(book)
        assert {student.id: student.score for student in book.students} == expected
        book.update_or_create_student("s00", first_name="Ada")
    with (tmp_path / "theirs.csv").open(encoding="utf-8", newline="") as stream:
        theirs = {row["student_id"]: (row["score"], row["max_score"]) for row in csv.DictReader(stream)}
    with write_exports(course, SET)[0].open(encoding="utf-8", newline="") as stream:
        ours = {row["student_id"]: (row["score"], row["max_score"]) for row in csv.DictReader(stream)}
    assert ours == theirs


def test_feedback_and_report_are_written_from_it(class_there: tuple[Course, dict[str, float]]) -> None:
    course, _ = class_there
    run(course)
    assert len(write_feedback(course, SET)) == 6
    assert write_report(course, SET).is_file()


def test_a_gradebook_of_nbgrader_is_taken_over(class_there: tuple[Course, dict[str, float]]) -> None:
    course, expected = class_there
    with closing(api.Gradebook(course.db_url, course.course_id)) as book:
        book.update_or_create_student("s00", first_name="Ada")
    run(course)
    assert scores(course) == expected
    with Gradebook(course) as gradebook:
        assert gradebook.scores(SET)[0].first_name == "Ada"


def test_a_server_that_is_down_is_one_sentence_without_the_password(
    class_there: tuple[Course, dict[str, float]], postgresql
) -> None:  # type: ignore[no-untyped-def]
    course, expected = class_there
    run(course)
    postgresql.stop()
    try:
        with pytest.raises(CourseProblem, match="check that the disk has room and the server runs") as caught:
            run(course, regrade=True)
    finally:
        postgresql.start()
    assert "only-for-tests" not in str(caught.value)
    assert scores(course) == expected
