"""Whose file is it: the names of Canvas and Moodle, rosters of three kinds, names that nobody has."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.lms import Nobody, Owner, owner_of
from autograder.questions import CourseProblem
from autograder.roster import Person, Roster, identify, read_roster

SET = "01_derivatives"
CLASS = Roster(
    [
        Person("ada.okafor", "Ada", "Okafor", "ada@u.example", "1001"),
        Person("boerge", "Børge", "Ó Briain-Müller", lms_user_id="SIS-77", participant="502"),
        Person("cem1", "Cem", "Demir"),
        Person("cem2", "Cem", "Demir"),
    ]
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("okaforada_1001_67890_01_derivatives.ipynb", ("okaforada", "1001", "01_derivatives.ipynb", False)),
        ("okaforada_LATE_1001_67890_01_derivatives.ipynb", ("okaforada", "1001", "01_derivatives.ipynb", True)),
        ("okaforada_late_1001_67890_my_work.ipynb", ("okaforada", "1001", "my_work.ipynb", True)),
        ("okaforada_1001_67890_01_derivatives-3.ipynb", ("okaforada", "1001", "01_derivatives.ipynb", False)),
        ("okaforada_1001_67890_01_derivatives (1).ipynb", ("okaforada", "1001", "01_derivatives.ipynb", False)),
        ("ókaforáda_1001_67890_2_3_w.ipynb", ("ókaforáda", "1001", "2_3_w.ipynb", False)),
        ("de_la_cruz_1001_67890_w.ipynb", ("de_la_cruz", "1001", "w.ipynb", False)),
    ],
)
def test_canvas_names(name: str, expected: tuple[str, str, str, bool]) -> None:
    owner = owner_of(("submissions", name), SET)
    assert (owner.system, owner.origin) == ("canvas", name)
    assert (owner.name, owner.number, owner.file, owner.late) == expected


@pytest.mark.parametrize(
    ("path", "file"),
    [
        (("Ada Okafor_123_assignsubmission_file", "01_derivatives.ipynb"), "01_derivatives.ipynb"),
        (("Ada Okafor_123_assignsubmission_file_", "my work.ipynb"), "my work.ipynb"),
        (("download", "Ada Okafor_123_assignsubmission_file", "deep", "w.ipynb"), "w.ipynb"),
        (("Ada Okafor_123_assignsubmission_file_01_derivatives.ipynb",), "01_derivatives.ipynb"),
        (("Ada Okafor_123_assignsubmission_onlinetext_", "onlinetext.html"), "onlinetext.html"),
    ],
)
def test_moodle_names(path: tuple[str, ...], file: str) -> None:
    owner = owner_of(path, SET)
    assert (owner.system, owner.name, owner.number, owner.file) == ("moodle", "Ada Okafor", "123", file)
    assert owner.origin == "Ada Okafor_123_assignsubmission_file_"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("ada.okafor.ipynb",), "ada.okafor"),
        (("ada.okafor_01_derivatives.ipynb",), "ada.okafor"),
        (("ada.okafor", "anything.ipynb"), "ada.okafor"),
        (("ada@u.example", "deep", "w.ipynb"), "ada@u.example"),
    ],
)
def test_plain_names(path: tuple[str, ...], name: str) -> None:
    assert (owner_of(path, SET).system, owner_of(path, SET).name) == ("plain", name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("anon_x1y2z_67890_01_derivatives.ipynb", "anonymous grading"),
        ("LATE_anon_x1y2z_67890_01_derivatives.ipynb", "anonymous grading"),
        ("01_derivatives.ipynb", "the name of the set"),
        ("01_derivatives (2).ipynb", "the name of the set"),
        ("README", "neither a folder nor a notebook"),
    ],
)
def test_a_name_that_names_nobody_says_what_to_do(name: str, reason: str) -> None:
    with pytest.raises(Nobody, match=reason):
        owner_of((name,), SET)


@pytest.mark.parametrize(
    ("system", "name", "number", "student"),
    [
        ("canvas", "whatever", "1001", "ada.okafor"),
        ("canvas", "okaforada", "9", "ada.okafor"),
        ("canvas", "óbriainmüllerbørge", "9", "boerge"),
        ("moodle", "Ada Okafor", "9", "ada.okafor"),
        ("moodle", "OKAFOR Ada", "9", "ada.okafor"),
        ("moodle", "Group 2-Ada Okafor", "9", "ada.okafor"),
        ("moodle", "Børge Ó Briain-Müller", "9", "boerge"),
        ("moodle", "Participant", "502", "boerge"),
        ("plain", "Ada.Okafor", "", "ada.okafor"),
        ("plain", "ada@u.example", "", "ada.okafor"),
    ],
)
def test_the_roster_finds_a_student_by_number_id_or_name(system: str, name: str, number: str, student: str) -> None:
    found = CLASS.find(Owner(system, name, number, "w.ipynb", ""))
    assert found is not None
    assert found.id == student


@pytest.mark.parametrize("name", ["Cem Demir", "Nobody Here", ""])
def test_a_name_that_two_have_or_none_has_is_not_guessed(name: str) -> None:
    assert CLASS.find(Owner("moodle", name, "9", "w.ipynb", "")) is None


@pytest.mark.parametrize(("name", "nearest"), [("ada.okafr", "ada.okafor"), ("Ada Okafro", "ada.okafor"), ("zzzz", "")])
def test_the_nearest_name_is_offered(name: str, nearest: str) -> None:
    assert CLASS.nearest(name) == nearest


def test_an_assistant_can_say_whose_a_name_is() -> None:
    owner = Owner("plain", "x y", "", "w.ipynb", "")
    assert identify(owner, CLASS, {}) is None
    assert identify(owner, CLASS, {"x y": "cem2"}) == CLASS.people[3]
    assert identify(owner, CLASS, {"x y": "typo"}) is None


@pytest.mark.parametrize(
    ("owner", "student"),
    [
        (Owner("canvas", "okaforada", "1001", "w.ipynb", ""), "okaforada.1001"),
        (Owner("moodle", "Ádá O'Kafor", "12", "w.ipynb", ""), "ada.o.kafor"),
        (Owner("plain", "ada", "", "w.ipynb", ""), "ada"),
        (Owner("plain", "x y", "", "w.ipynb", ""), None),
        (Owner("moodle", "李", "12", "w.ipynb", ""), None),
    ],
)
def test_without_a_roster_everybody_is_who_they_seem_to_be(owner: Owner, student: str | None) -> None:
    found = identify(owner, None, {})
    assert (found.id if found else None) == student


CANVAS_GRADEBOOK = """\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Derivatives (5501)
    Points Possible,,,,,30
"Okafor, Ada",1001,S-1,ada@u.example,One,
"Student, Test",999,,,One,
"""
MOODLE_LIST = "First name,Last name,ID number,Email address,Groups\nAda,Okafor,S-1,ada@u.example,\n"
MOODLE_WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Last modified (submission)\n"
    'Participant 501,Ada Okafor,ada@u.example,Submitted,-,"Sunday, 1 March 2026, 11:58 PM"\n'
    "Participant 502,Cem Demir,cem@u.example,No submission,-,-\n"
)


def write(folder: Path, text: str) -> Path:
    file = folder / "roster.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_canvas_gradebook_is_a_roster(tmp_path: Path) -> None:
    (ada,) = read_roster(write(tmp_path, CANVAS_GRADEBOOK)).people
    assert ada == Person("ada@u.example", "Ada", "Okafor", "ada@u.example", "1001")


def test_a_moodle_list_of_participants_is_a_roster(tmp_path: Path) -> None:
    (ada,) = read_roster(write(tmp_path, MOODLE_LIST)).people
    assert ada == Person("ada@u.example", "Ada", "Okafor", "ada@u.example", "S-1")


def test_a_moodle_worksheet_says_numbers_and_times(tmp_path: Path) -> None:
    ada, cem = read_roster(write(tmp_path, MOODLE_WORKSHEET)).people
    assert (ada.id, ada.participant, ada.last_name) == ("ada@u.example", "501", "Okafor")
    assert ada.submitted == datetime(2026, 3, 1, 23, 58).astimezone()
    assert cem.submitted is None


def test_a_roster_may_say_when_a_submission_came(tmp_path: Path) -> None:
    (ada,) = read_roster(write(tmp_path, "id,submitted\nada,2026-03-01 12:00:00 UTC\n")).people
    assert ada.submitted == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name\nada\n", "needs a column 'id'"),
        ("", "needs a column 'id'"),
        ("id\nada\nADA\n", "has 'ADA' twice"),
        ("id,submitted\nada,yesterday\n", "a time that cannot be read, 'yesterday'"),
    ],
)
def test_an_unusable_roster_says_what_it_needs(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(CourseProblem, match=reason):
        read_roster(write(tmp_path, text))
