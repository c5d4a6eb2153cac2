"""nbgrader's own commands and API, with this course's ``nbgrader_config.py``: the engine's grades, and no other."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path

import pytest
from classroom import RIGHT, ROOT, SET, answered, source_notebook, submit
from hostile.arena import HERE, submission
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

from autograder import grading
from autograder.course import Course, find_course
from autograder.gradebook import Gradebook, Score
from autograder.grading import grade_class, read_records
from autograder.notebooks import grade_id, read_notebook, write_notebook

FORGERIES = {
    "no_credit": ("prints_a_grade", "early_execute_result", "display_formatter", "patches_asserts", "patches_numpy"),
    "repaired": ("forged_outputs", "solution_is_false", "duplicated_test_cells", "changed_points", "marked_as_graded"),
    "quarantine": ("broken_json", "no_cells", "old_schema"),
}


def api_of(course: Course) -> NbGraderAPI:
    return NbGraderAPI(config=course.config)


def nbgrader(course: Course, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nbgrader", *arguments]
    return subprocess.run(command, cwd=course.root, capture_output=True, text=True, timeout=300, check=False)


def scores_of(course: Course) -> dict[str, Score]:
    with Gradebook(course) as gradebook:
        return {score.student: score for score in gradebook.scores(SET)}


def autograde(course: Course, student: str) -> dict:
    return api_of(course).autograde(SET, student)


class Here(Executor):
    """Runs each job at once, in this process, which keeps its warmed parent of students' processes."""

    def submit(self, function, job):  # type: ignore[no-untyped-def]
        future: Future = Future()
        future.set_result(function(job))
        return future


@pytest.fixture(autouse=True)
def without_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the tests of nbgrader's API a new process pool each (its commands have one); nbgrader calls ``alembic``."""
    monkeypatch.setattr(grading, "local_executor", lambda workers: Here)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)


@pytest.fixture
def small_class(course: Course, handed_out: NotebookNode) -> Course:
    submit(course, "ada", answered(handed_out, **RIGHT, why="That."))
    submit(course, "bob", answered(handed_out, double="def double(x):\n    return x * x"))
    submit(course, "cem", answered(handed_out, scaled="def scaled(x):\n    return x / x.max()"))
    submit(course, "eve", b"{")
    (course.submitted / "ada" / SET / "timestamp.txt").write_text("2026-03-02 12:00:00 UTC\n", encoding="utf-8")
    return course


def test_command_gives_the_grades_of_autograder_grade(small_class: Course) -> None:
    """Oracle: the engine called directly, on the same submissions, into another gradebook."""
    done = nbgrader(small_class, "autograde", SET)
    assert done.returncode == 1, "as nbgrader does when one of the class could not be graded"
    assert "eve was not graded: broken JSON" in done.stderr
    apart = small_class.root / "apart"
    other = replace(small_class, autograded=apart / "autograded", db_url=f"sqlite:///{apart}/gradebook.db")
    grade_class(other, SET, Here)
    assert scores_of(small_class) == scores_of(other)
    ours, theirs = read_records(small_class, SET), read_records(other, SET)
    assert [replace(record, seconds=0.0) for record in ours] == [replace(record, seconds=0.0) for record in theirs]
    assert [record.student for record in ours] == ["ada", "bob", "cem", "eve"]
    for record in ours[:3]:
        assert record.engine and record.sandbox and len(record.submission_hash) == len(record.source_hash) == 64


def test_one_student_is_graded_alone_and_not_twice(small_class: Course) -> None:
    first = api_of(small_class).autograde(SET, "ada", force=False)
    assert first["success"] and "ada: 6 of 6 points" in first["log"]
    assert [record.student for record in read_records(small_class, SET)] == ["ada"]
    again = api_of(small_class).autograde(SET, "ada", force=False)
    assert again["success"] and "0 graded, 1 were graded already" in again["log"]


def test_formgraders_button_grades_and_lists_the_submission(small_class: Course) -> None:
    """Formgrader's handler calls this API and shows what it returns."""
    result = autograde(small_class, "ada")
    assert result["success"] and "ada: 6 of 6 points" in result["log"]
    row = api_of(small_class).get_submission(SET, "ada")
    assert (row["autograded"], row["score"], row["max_score"], row["needs_manual_grade"]) == (True, 6.0, 10.0, True)
    assert row["display_timestamp"] == "2026-03-02 12:00:00 UTC"
    notebook = api_of(small_class).get_notebook_submissions(SET, SET)
    assert [row["student"] for row in notebook] == ["ada"]


def test_button_on_a_broken_submission_gives_the_reason_and_no_grade(small_class: Course) -> None:
    result = autograde(small_class, "eve")
    assert not result["success"] and "eve was not graded: broken JSON" in result["log"]
    assert "eve" not in scores_of(small_class)
    assert api_of(small_class).get_submission(SET, "eve")["autograded"] is False


def test_options_of_nbgrader_choose_students(small_class: Course) -> None:
    small_class.config.CourseDirectory.student_id_exclude = "bob,dia"
    result = autograde(small_class, "[a-d]*")
    assert result["success"], result
    assert [record.student for record in read_records(small_class, SET)] == ["ada", "cem"]


def test_students_who_are_not_in_the_gradebook_are_left_if_nbgrader_is_told_so(small_class: Course) -> None:
    with Gradebook(small_class) as gradebook:
        gradebook.save_students([{"id": "cem"}])
    result = api_of(small_class).autograde(SET, "cem", create=False)
    assert result["success"], result
    result = api_of(small_class).autograde(SET, "ada", create=False)
    assert not result["success"] and "ada is not in the gradebook" in result["log"]
    assert list(scores_of(small_class)) == ["cem"]


@pytest.mark.parametrize(("name", "student"), [("02_none", "ada"), (SET, "nobody")])
def test_what_is_not_there_is_named(small_class: Course, name: str, student: str) -> None:
    result = api_of(small_class).autograde(name, student)
    assert not result["success"] and (name if student == "ada" else student) in result["log"]


def test_a_changed_question_is_used_by_a_server_that_runs_for_long(small_class: Course) -> None:
    assert autograde(small_class, "bob")["success"]
    assert scores_of(small_class)["bob"].parts["double"] == 0
    file = small_class.solutions / SET / "questions.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("return 2 * x", "return x * x").replace("x=3", "x=2"), encoding="utf-8")
    assert autograde(small_class, "bob")["success"]
    assert scores_of(small_class)["bob"].parts["double"] == 2


@pytest.fixture
def hostile_class(course: Course) -> Course:
    for verdict, names in FORGERIES.items():
        for name in names:
            file = next(HERE.glob(f"*/{name}.*py"))
            assert file.parent.name == verdict or name == "old_schema"
            submit(course, name, submission(file, course.root, {}))
    return course


def test_forging_earns_nothing_and_stops_nobody(hostile_class: Course) -> None:
    assert not autograde(hostile_class, "*")["success"]
    records = {record.student: record for record in read_records(hostile_class, SET)}
    assert sorted(records) == sorted(name for names in FORGERIES.values() for name in names)
    for name in FORGERIES["no_credit"]:
        assert records[name].points == 0, name
    for name in FORGERIES["repaired"]:
        assert records[name].points == 6, name
    assert set(scores_of(hostile_class)) == {name for name, record in records.items() if not record.quarantine}


EARLY_RESULT = "def double(x):\n    get_ipython().displayhook(1.0)\n    return 0"


def assert_course(root: Path, with_plugin: bool) -> Course:
    """Write a course without ``questions.py``: one answer, one cell of asserts, and code that is graded by hand."""
    folder = root / "solutions" / SET
    folder.mkdir(parents=True)
    notebook = source_notebook()
    notebook.cells = [cell for cell in notebook.cells if grade_id(cell) in ("double_answer", "plain", "why")]
    notebook.cells[-1] = new_code_cell("# draw it", id="drawing", metadata=notebook.cells[-1].metadata)
    (folder / f"{SET}.ipynb").write_bytes(write_notebook(notebook))
    lines = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if with_plugin or "install" not in line]
    (root / "nbgrader_config.py").write_text("\n".join(kept), encoding="utf-8")
    return find_course(root)


@pytest.mark.parametrize(
    "with_plugin",
    [
        pytest.param(True, id="plugin"),
        pytest.param(False, id="stock", marks=pytest.mark.filterwarnings("ignore:Object of type:Warning")),
    ],
)
def test_forgeries_that_deceive_nbgrader_do_not_deceive_the_plugin(tmp_path: Path, with_plugin: bool) -> None:
    """A result displayed before the assert fails is read as partial credit; a flag turns drawn into tested.

    The second run is nbgrader's own: a course whose settings do not install the plugin is left to it.
    """
    course = assert_course(tmp_path, with_plugin)
    assert api_of(course).generate_assignment(SET)["success"]
    notebook = read_notebook((course.exercises / SET / f"{SET}.ipynb").read_bytes())
    submit(course, "honest", answered(notebook, double=RIGHT["double"], why="# drawn"))
    submit(course, "early", answered(notebook, double=EARLY_RESULT, why="# drawn"))
    notebook.cells[-1].metadata.nbgrader.update(solution=False)
    submit(course, "flag", answered(notebook, double="def double(x):\n    return 0", why="# drawn"))
    for student in ("honest", "early", "flag"):
        result = autograde(course, student)
        assert result["success"], result
    scores = {student: score.parts for student, score in scores_of(course).items()}
    assert scores["honest"] == {"plain": 1.0, "why": 0.0}
    assert scores["early"] == {"plain": 0.0 if with_plugin else 1.0, "why": 0.0}
    assert scores["flag"] == {"plain": 0.0, "why": 0.0 if with_plugin else 4.0}


def test_settings_that_are_a_link_install_the_plugin_where_the_link_is(tmp_path: Path) -> None:
    course = assert_course(tmp_path, with_plugin=False)
    (course.root / "nbgrader_config.py").unlink()
    (course.root / "nbgrader_config.py").symlink_to(ROOT / "nbgrader_config.py")
    course = find_course(tmp_path)
    submit(course, "early", answered(source_notebook(), double=EARLY_RESULT))
    assert autograde(course, "early")["success"]
    assert scores_of(course)["early"].parts["plain"] == 0


def test_feedback_of_nbgrader_is_the_feedback_of_this_engine(small_class: Course) -> None:
    autograde(small_class, "ada")
    autograde(small_class, "bob")
    result = api_of(small_class).generate_feedback(SET, "bob")
    assert result["success"], result
    page = small_class.feedback / "bob" / SET / f"{SET}.html"
    assert [file for file in small_class.feedback.rglob("*.html")] == [page]
    text = page.read_text(encoding="utf-8")
    assert "HIDDEN TESTS" not in text and "assert double(5)" not in text and "x = -1.5" not in text
    assert "What is the difference between x + x and x times x?" in text
    assert api_of(small_class).generate_feedback(SET)["success"]
    assert len(list(small_class.feedback.rglob("*.html"))) == 2


@pytest.mark.filterwarnings("ignore:Passing unrecognized arguments to super.ExchangeReleaseFeedback:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning")
def test_released_feedback_is_the_page(small_class: Course) -> None:
    """``nbgrader release_feedback`` copies pages to the exchange by the secret that came with the submission."""
    exchange = small_class.root / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    (small_class.submitted / "ada" / SET / "submission_secret.txt").write_text("s3cret", encoding="utf-8")
    autograde(small_class, "ada")
    assert api_of(small_class).generate_feedback(SET, "ada")["success"]
    config = Config(small_class.config)
    config.Exchange.root = str(exchange)
    result = NbGraderAPI(config=config).release_feedback(SET, "ada")
    assert result["success"], result
    released = list(exchange.rglob("*.html"))
    assert len(released) == 1
    assert released[0].read_bytes() == (small_class.feedback / "ada" / SET / f"{SET}.html").read_bytes()


def test_a_link_among_the_submitted_files_is_not_followed_into_feedback(small_class: Course) -> None:
    secret = small_class.solutions / SET / "questions.py"
    (small_class.submitted / "bob" / SET / "submission_secret.txt").symlink_to(secret)
    autograde(small_class, "bob")
    assert api_of(small_class).generate_feedback(SET, "bob")["success"]
    files = {file.name for file in (small_class.feedback / "bob").rglob("*") if file.is_file()}
    assert files == {f"{SET}.html"}


def test_generated_assignment_is_the_release(course: Course) -> None:
    expected = {file.name: file.read_bytes() for file in (course.exercises / SET).iterdir()}
    shutil.rmtree(course.exercises)
    assert api_of(course).generate_assignment(SET)["success"]
    assert {file.name: file.read_bytes() for file in (course.exercises / SET).iterdir()} == expected
    assert api_of(course).get_assignment(SET)["max_score"] == 10
    assert api_of(course).generate_assignment(SET, force=True)["success"]
    assert {file.name for file in (course.exercises / SET).iterdir()} == set(expected)
