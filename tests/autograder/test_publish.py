"""Publishing: everybody's own page and nothing else, in folders and in archives that Canvas and Moodle take back."""

import re
import zipfile
from pathlib import Path

import pytest
from classroom import RIGHT, SET, answered
from hands import Here
from nbformat import NotebookNode

from autograder.collecting import collect
from autograder.course import Course
from autograder.execution import load_task
from autograder.grading import grade_class
from autograder.intake import FACTS, read_facts
from autograder.publish import publish, upload_name
from autograder.questions import CourseProblem
from autograder.roster import Person, Roster

NAMES = {
    "ada": "okaforada_LATE_1001_67890_01_double-1.ipynb",
    "bo": "Bo Lind_123_assignsubmission_file_/work.ipynb",
    "cem": "cem.ipynb",
}
CLASS = Roster([Person("ada", lms_user_id="1001"), Person("bo", "Bo", "Lind"), Person("cem")])


@pytest.fixture
def graded(course: Course, handed_out: NotebookNode) -> Course:
    inbox = course.root / "download.zip"
    with zipfile.ZipFile(inbox, "w") as archive:
        for student, name in NAMES.items():
            archive.writestr(name, answered(handed_out, double=f"{RIGHT['double']}\n# work of {student}"))
    collect(inbox, course.submitted, SET, CLASS)
    load_task.cache_clear()
    grade_class(course, SET, Here)
    return course


def test_every_student_gets_their_own_page_and_nothing_else(graded: Course) -> None:
    target = graded.root / "served"
    assert len(publish(graded, SET, target).pages) == 3
    assert sorted(str(file.relative_to(target)) for file in target.rglob("*") if file.is_file()) == [
        f"{student}/{SET}.html" for student in NAMES
    ]
    for student in NAMES:
        page = (target / student / f"{SET}.html").read_text(encoding="utf-8")
        assert re.findall(r"work of (\w+)", page) == [student]


def test_the_archives_bear_the_names_that_the_systems_gave(graded: Course) -> None:
    archives = publish(graded, SET, graded.root / "served").archives
    found = {}
    for system, (file, count) in archives.items():
        with zipfile.ZipFile(file) as archive:
            found[system] = archive.namelist()
            assert count == len(found[system])
            student = "ada" if system == "canvas" else "bo"
            assert f"work of {student}" in archive.read(found[system][0]).decode()
    assert found == {
        "canvas": ["okaforada_1001_67890_01_double.html"],
        "moodle": ["Bo Lind_123_assignsubmission_file_01_double.html"],
    }


def test_canvas_reads_the_two_numbers_first_and_moodle_the_second_part() -> None:
    """As ``infer_comment_context_from_filename`` and ``is_valid_filename_for_import`` take the names apart."""
    canvas = upload_name("canvas", "o_brien_LATE_1001_67890_2_w.ipynb", "01_double").split("_")
    assert [part for part in canvas if part.isdecimal()][:2] == ["1001", "67890"]
    moodle = upload_name("moodle", "Bo Lind_123_assignsubmission_file_", "01_double").split("_", 4)
    assert moodle[1:] == ["123", "assignsubmission", "file", "01_double.html"]


@pytest.mark.parametrize(
    "origin", ["", "../x_1_2_w.ipynb", "a/b_1_2_w.ipynb", "x\n_1_2_w.ipynb", "ada.ipynb", "anon_x_1_w"]
)
def test_an_origin_that_no_system_gave_names_nothing(origin: str) -> None:
    assert upload_name("canvas", origin, SET) == ""


def test_again_gives_the_same_and_replaces_pages(graded: Course) -> None:
    target = graded.root / "served"
    first = publish(graded, SET, target)
    before = [file.read_bytes() for file, _ in first.archives.values()]
    (target / "ada" / f"{SET}.html").write_text("old", encoding="utf-8")
    again = publish(graded, SET, target)
    assert [file.read_bytes() for file, _ in again.archives.values()] == before
    assert "work of ada" in (target / "ada" / f"{SET}.html").read_text(encoding="utf-8")
    assert not list(target.rglob(".*"))


def test_a_link_in_the_target_is_not_followed(graded: Course, tmp_path: Path) -> None:
    target, elsewhere = graded.root / "served", tmp_path / "elsewhere"
    target.mkdir()
    elsewhere.mkdir()
    (target / "bo").symlink_to(elsewhere)
    with pytest.raises(CourseProblem, match="is a link"):
        publish(graded, SET, target)
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("place", ["solutions", "grading/submitted", "grading/autograded/x", "nbgrader_config.py"])
def test_an_unfit_target_is_refused(graded: Course, place: str) -> None:
    with pytest.raises(CourseProblem, match="with --to"):
        publish(graded, SET, graded.root / place)


def test_nothing_graded_is_said(course: Course) -> None:
    with pytest.raises(CourseProblem, match="collect and grade it first"):
        publish(course, SET, course.root / "served")


def test_forged_facts_name_no_file_outside(graded: Course) -> None:
    file = graded.submitted / "cem" / SET / FACTS
    file.write_text('{"system": "canvas", "origin": "../../x_1_2_w.ipynb"}', encoding="utf-8")
    assert read_facts(file.parent).system == "canvas"
    ((canvas, _), _) = publish(graded, SET, graded.root / "served").archives.values()
    with zipfile.ZipFile(canvas) as archive:
        assert archive.namelist() == ["okaforada_1001_67890_01_double.html"]
