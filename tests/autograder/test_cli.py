"""The command line: every command on a small class, and no traceback for what an assistant can cause."""

import zipfile
from pathlib import Path

import pytest
from classroom import RIGHT, SET, answered
from nbformat import NotebookNode

from autograder import cli, demo
from autograder.course import Course
from autograder.doctor import examine
from autograder.execution import load_task
from autograder.gradebook import Gradebook
from autograder.grading import read_records
from autograder.sample import write_class


def autograder(*arguments: str) -> int:
    """Run a command as ``main`` does and return its exit code."""
    load_task.cache_clear()
    return cli.explained(lambda: cli.app(list(arguments), standalone_mode=False))


@pytest.fixture
def here(course: Course, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.chdir(course.root)
    return course


def test_commands_take_a_class_from_notebooks_to_exports(here: Course, capsys: pytest.CaptureFixture) -> None:
    assert autograder("release") == 0
    assert autograder("sample", SET, "--students", "3") == 0
    assert autograder("collect", SET) == 0
    assert autograder("grade", SET, "--workers", "2") == 0
    for command in ("feedback", "report", "export"):
        assert autograder(command, SET) == 0
    out = capsys.readouterr().out
    assert "up to date" in out
    assert "collected 3 submissions" in out
    assert "graded 3" in out
    assert (here.reports / f"{SET}.html").is_file()
    assert len(list(here.feedback.glob(f"*/{SET}/{SET}.html"))) == 3


def test_the_sample_class_of_a_course_under_tmp_earns_its_points(here: Course) -> None:
    """The sandbox has a /tmp of its own; a course that lies there must be seen in it all the same."""
    demo.run(SET, students=6)
    questions = [question for record in read_records(demo.apart(here), SET) for question in record.questions]
    assert any(question.points == question.max_points for question in questions)


def test_demo_ends_with_where_everything_is(here: Course, capsys: pytest.CaptureFixture) -> None:
    demo.run(SET, students=2)
    out = capsys.readouterr().out
    assert "submissions graded" in out
    assert "2 of 2" in out
    demo.run(SET, students=2)
    assert "graded 0; 2 were graded already" in capsys.readouterr().out
    with Gradebook(here) as gradebook:
        assert gradebook.graded(SET) == set(), "the sample class must stay out of the course's own gradebook"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("grade", "02_nothing"), "there is no problem set '02_nothing': 01_double"),
        (("collect", SET, "no/such/folder"), "is not a folder"),
        (("release", "typo"), "there is no problem set 'typo'"),
        (("grade", SET, "--db", "sqlite:////dev/null/x.db"), "cannot be used"),
        (("report", SET, "--course", "/"), "no nbgrader_config.py"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(
    here: Course, capsys: pytest.CaptureFixture, arguments: tuple[str, ...], reason: str
) -> None:
    assert autograder(*arguments) == 2
    out = " ".join(capsys.readouterr().out.split())
    assert reason in out
    assert "Traceback" not in out


@pytest.mark.parametrize("text", ["name\nada\n", "", "id\n\n\n", b"\xff\xfe"])
def test_unusable_roster_says_what_it_needs(here: Course, text: str | bytes, capsys: pytest.CaptureFixture) -> None:
    inbox = here.root / "inbox"
    inbox.mkdir()
    roster = here.root / "roster.csv"
    roster.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert autograder("collect", SET, "inbox", "--roster", "roster.csv") == 2
    assert "roster" in capsys.readouterr().out


def test_commands_on_an_empty_class_say_so(here: Course, capsys: pytest.CaptureFixture) -> None:
    assert autograder("grade", SET) == 0
    assert "graded 0" in capsys.readouterr().out
    for command in ("feedback", "report", "export"):
        assert autograder(command, SET) in (0, 2)
        assert "Traceback" not in capsys.readouterr().out


def test_quarantine_is_reported_with_its_reason(
    here: Course, handed_out: NotebookNode, capsys: pytest.CaptureFixture
) -> None:
    inbox = here.root / "inbox"
    inbox.mkdir()
    (inbox / "ada.ipynb").write_bytes(answered(handed_out, **RIGHT))
    (inbox / "eve.ipynb").write_bytes(b"{")
    assert autograder("collect", SET, "inbox") == 0
    assert autograder("grade", SET) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "quarantined eve: broken JSON" in out
    assert "graded 1" in out


def test_doctor_finds_the_course_in_order(course: Course) -> None:
    findings = {finding.name: finding for finding in examine(course)}
    assert findings[SET].ok
    assert findings["gradebook"].ok
    assert "3 questions, 9 points, released" in findings[SET].text


def test_doctor_names_a_broken_set(course: Course) -> None:
    (course.solutions / SET / "questions.py").write_text("SET = 1", encoding="utf-8")
    finding = next(finding for finding in examine(course) if finding.name == SET)
    assert not finding.ok
    assert "must define SET" in finding.text


def test_sample_class_is_the_same_for_the_same_seed(course: Course, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two", "other")]
    for folder, seed in zip(folders, (1, 1, 2), strict=True):
        ids = write_class(course.solutions / SET, course.exercises / SET, folder, students=30, seed=seed)
        assert len(set(ids)) == 30
    contents = [[f.read_bytes() for f in sorted(folder.iterdir())] for folder in folders]
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


def canvas_archive(here: Course, handed_out: NotebookNode) -> None:
    """Write what Canvas lets one download, and its gradebook, into the course's folder."""
    with zipfile.ZipFile(here.root / "submissions.zip", "w") as archive:
        archive.writestr("okaforada_LATE_1001_1_01_double.ipynb", answered(handed_out, **RIGHT))
        archive.writestr("lindbo_1002_2_01_double.ipynb", b"{")
        archive.writestr("[b]demircemm_1_2_w.ipynb", b"{")
    students = '"Okafor, Ada",1001,,ada,One\n"Lind, Bo",1002,,bo,One\n"Demir, Cem",1003,,cem,One\n'
    heading = "Student,ID,SIS User ID,SIS Login ID,Section\n"
    (here.root / "gradebook.csv").write_text(heading + students, encoding="utf-8")


def test_a_canvas_download_goes_all_the_way(
    here: Course, handed_out: NotebookNode, capsys: pytest.CaptureFixture
) -> None:
    canvas_archive(here, handed_out)
    config = here.root / "nbgrader_config.py"
    penalty = 'c.LateSubmissionPlugin.penalty_method = "zero"\n'
    config.write_text(config.read_text(encoding="utf-8") + penalty, encoding="utf-8")
    collect = ("collect", SET, "submissions.zip", "--roster", "gradebook.csv")
    assert autograder(*collect) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "collected 2 submissions" in out
    assert "[b]demircemm: not on the roster, set aside; the nearest is cem" in out
    assert "Canvas marks 1 as late (ada), but the set has no due date" in out
    assert "nothing yet from 1 on the roster: cem" in out
    assert autograder(*collect, "--due", "2026-03-01 23:59", "--is", "[b]demircemm=cem") == 0
    assert "collected 3 submissions" in capsys.readouterr().out
    assert autograder("grade", SET, "--workers", "1") == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "quarantined bo: broken JSON" in out
    assert autograder("export", SET) == autograder("publish", SET) == 0
    assert "to upload to Canvas in" in " ".join(capsys.readouterr().out.split())
    rows = (here.reports / f"{SET}-canvas.csv").read_text(encoding="utf-8").splitlines()
    assert rows[2:] == ['"Okafor, Ada",1001,,ada,,0', '"Lind, Bo",1002,,bo,,', '"Demir, Cem",1003,,cem,,']
    with Gradebook(here) as gradebook:
        ada = next(score for score in gradebook.scores(SET) if score.student == "ada")
    assert (ada.score, ada.late_penalty) == (6, 6), "late by Canvas's mark, all taken off as nbgrader is told"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("collect", SET, "nbgrader_config.py"), "is not a zip archive that can be read"),
        (("collect", SET, "inbox", "--is", "ada"), "--is needs a name and an id"),
        (("grade", SET, "--question", "dubble"), "no question 'dubble'"),
        (("grade", SET, "--student", "nobody"), "nothing has been collected from nobody"),
        (("grade", SET, "--scheduler", "tcp://127.0.0.1:9"), "no Dask scheduler answers"),
        (("publish", SET), "there is no feedback"),
        (("publish", "02_nothing"), "there is no problem set"),
    ],
)
def test_wrong_use_of_a_command_says_what_to_do(
    here: Course, capsys: pytest.CaptureFixture, arguments: tuple[str, ...], reason: str
) -> None:
    assert autograder(*arguments) == 2
    assert reason in " ".join(capsys.readouterr().out.split())


def test_every_command_explains_itself(here: Course, capsys: pytest.CaptureFixture) -> None:
    for command in ("release", "sample", "collect", "grade", "feedback", "report", "export", "publish", "doctor"):
        assert autograder(command, "--help") == 0
        assert "Usage" in capsys.readouterr().out
