"""Collecting a class: whatever an archive holds, all work is taken or kept with a reason, and the class goes on."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from classroom import RIGHT, SET, answered
from nbformat import NotebookNode

from autograder import archives
from autograder.collecting import Collected, collect
from autograder.course import Course
from autograder.intake import find_submissions, read_facts
from autograder.questions import CourseProblem
from autograder.roster import Person, Roster

MEMBERS = [
    Person("ada.okafor", "Ada", "Okafor", lms_user_id="1001"),
    Person("bo.lind", "Bo", "Lind", lms_user_id="1002"),
]
CLASS = Roster(MEMBERS)
DUE = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
GOOD = "lindbo_1002_2_01_double.ipynb"


@pytest.fixture
def data(handed_out: NotebookNode) -> bytes:
    return answered(handed_out, **RIGHT)


def archive(folder: Path, members: dict[str, bytes], name: str = "submissions.zip") -> Path:
    file = folder / name
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as stream:
        for member, content in members.items():
            stream.writestr(member, content)
    return file


def take(course: Course, inbox: Path, roster: Roster | None = CLASS, **settings: object) -> Collected:
    return collect(inbox, course.submitted, SET, roster, **settings)  # type: ignore[arg-type]


def ids(collected: Collected) -> list[str]:
    return [person.id for person in collected.people]


def stored(course: Course, student: str) -> bytes:
    return (course.submitted / student / SET / f"{SET}.ipynb").read_bytes()


def stamp(course: Course, student: str) -> str:
    file = course.submitted / student / SET / "timestamp.txt"
    return file.read_text(encoding="utf-8") if file.exists() else ""


def reason(course: Course, student: str) -> str:
    return next(found.reason for found in find_submissions(course.submitted, SET) if found.student == student)


def test_a_canvas_archive_with_a_late_one(course: Course, data: bytes) -> None:
    inbox = archive(course.root, {"okaforada_LATE_1001_1_01_double-2.ipynb": data, GOOD: data})
    assert ids(take(course, inbox, due=DUE)) == ["ada.okafor", "bo.lind"]
    assert stored(course, "ada.okafor") == stored(course, "bo.lind") == data
    assert (stamp(course, "ada.okafor"), stamp(course, "bo.lind")) == ("2026-03-01 23:59:01 UTC\n", "")
    notes = {found.student: found.notes for found in find_submissions(course.submitted, SET)}
    assert notes == {"ada.okafor": ("Canvas marks it as late",), "bo.lind": ()}


def test_late_without_a_due_date_is_said(course: Course, data: bytes) -> None:
    assert take(course, archive(course.root, {"okaforada_LATE_1001_1_w.ipynb": data})).undated == ["ada.okafor"]


@pytest.mark.parametrize("end", ["", "_"])
def test_a_moodle_archive(course: Course, data: bytes, end: str) -> None:
    folder = f"Ada Okafor_123_assignsubmission_file{end}"
    text = "Bo Lind_124_assignsubmission_onlinetext_/onlinetext.html"
    inbox = archive(course.root, {f"{folder}/my work.ipynb": data, text: b"<p>done</p>"})
    assert ids(take(course, inbox)) == ["ada.okafor", "bo.lind"]
    ada, bo = find_submissions(course.submitted, SET)
    assert ada.notes == ("the notebook was called my work.ipynb",)
    assert "no notebook" in bo.reason


def test_a_folder_of_plain_names_and_a_download_beside_them(course: Course, data: bytes) -> None:
    inbox = course.root / "inbox"
    (inbox / "ada.okafor").mkdir(parents=True)
    (inbox / "ada.okafor" / "work.ipynb").write_bytes(data)
    (inbox / ".DS_Store").write_bytes(b"litter")
    archive(inbox, {GOOD: data, "__MACOSX/._x.ipynb": b"litter"})
    found = take(course, inbox)
    assert (ids(found), found.left, found.aside) == (["ada.okafor", "bo.lind"], [], [])


def test_an_archive_that_somebody_packed_again(course: Course, data: bytes) -> None:
    inbox = archive(course.root, {f"submissions/{GOOD}": data, "submissions/ada.okafor.ipynb": data})
    assert ids(take(course, inbox)) == ["ada.okafor", "bo.lind"]


def test_stamps_come_from_nbgrader_the_roster_or_the_files_if_asked(course: Course, data: bytes) -> None:
    inbox = archive(course.root, {"ada.okafor/w.ipynb": data, "ada.okafor/timestamp.txt": b"2026-03-02 01:00:00 UTC"})
    take(course, inbox)
    assert stamp(course, "ada.okafor") == "2026-03-02 01:00:00 UTC\n"
    take(course, archive(course.root, {"ada.okafor.ipynb": data}))
    assert stamp(course, "ada.okafor") == "", "the date of a copy says nothing"
    take(course, archive(course.root, {"ada.okafor.ipynb": data}), file_times=True)
    assert stamp(course, "ada.okafor").startswith("20")
    told = Roster([Person("ada.okafor", submitted=DUE)])
    take(course, archive(course.root, {"ada.okafor.ipynb": data}), told)
    assert stamp(course, "ada.okafor") == "2026-03-01 23:59:00 UTC\n"


def test_a_student_cannot_bring_a_stamp_through_an_lms(course: Course, data: bytes) -> None:
    folder = "Ada Okafor_123_assignsubmission_file"
    take(course, archive(course.root, {f"{folder}/w.ipynb": data, f"{folder}/timestamp.txt": b"2020-01-01 00:00:00"}))
    assert stamp(course, "ada.okafor") == ""


def test_a_name_that_is_not_on_the_roster_is_said_and_kept(course: Course, data: bytes) -> None:
    inbox = archive(course.root, {"ada.okafr.ipynb": data, GOOD: data})
    found = take(course, inbox)
    assert (ids(found), found.aside) == (["bo.lind"], [("ada.okafr", "ada.okafor")])
    kept = course.submitted.parent / "set_aside" / SET / "ada.okafr" / f"{SET}.ipynb"
    assert kept.read_bytes() == data
    assert ids(take(course, inbox, known_as={"ada.okafr": "ada.okafor"})) == ["ada.okafor", "bo.lind"]
    assert not kept.exists()


def test_the_newest_collection_replaces_what_was_there(course: Course, data: bytes) -> None:
    take(course, archive(course.root, {"ada.okafor/old.ipynb": data, "ada.okafor/timestamp.txt": b"2026-01-01"}))
    take(course, archive(course.root, {"ada.okafor/new.ipynb": data}))
    files = sorted(file.name for file in (course.submitted / "ada.okafor" / SET).iterdir())
    assert files == ["intake.json", "new.ipynb"]


def test_a_corrected_file_keeps_its_time_and_its_name_in_the_lms(course: Course, data: bytes) -> None:
    name = "okaforada_LATE_1001_1_w.ipynb"
    take(course, archive(course.root, {name: b"{"}), due=DUE)
    take(course, archive(course.root, {"ada.okafor.ipynb": data}), due=DUE)
    assert stored(course, "ada.okafor") == data
    assert stamp(course, "ada.okafor") == "2026-03-01 23:59:01 UTC\n"
    facts = read_facts(course.submitted / "ada.okafor" / SET)
    assert (facts.system, facts.origin, facts.notes) == ("canvas", name, ("Canvas marks it as late",))


def test_only_notebooks_are_taken(course: Course, data: bytes) -> None:
    folder = "ada.okafor"
    inbox = archive(course.root, {f"{folder}/w.ipynb": data, f"{folder}/numpy.py": b"evil", f"{folder}/data.csv": b"1"})
    take(course, inbox)
    notes = find_submissions(course.submitted, SET)[0].notes
    assert [note.split(":")[0] for note in notes[1:]] == [
        "numpy.py was handed in too and not used",
        "data.csv was handed in too and not used",
    ]
    assert "take the place of a module" in notes[1]
    assert not list(course.submitted.rglob("numpy.py"))


ADA = "okaforada_1001_1_01_double.ipynb"


def _link(stream: zipfile.ZipFile, data: bytes) -> None:
    member = zipfile.ZipInfo(ADA)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    stream.writestr(member, "/etc/passwd")


def _bomb(stream: zipfile.ZipFile, data: bytes) -> None:
    with stream.open(ADA, "w", force_zip64=True) as member:
        for _ in range(51):
            member.write(bytes(1_000_000))


def _twice(stream: zipfile.ZipFile, data: bytes) -> None:
    stream.writestr(ADA, data)
    with pytest.warns(UserWarning, match="Duplicate name"):
        stream.writestr(ADA, data + b" ")


def _two_attachments(stream: zipfile.ZipFile, data: bytes) -> None:
    stream.writestr(ADA, data)
    stream.writestr(ADA.replace("_1_", "_3_"), data + b" ")


def _nested(stream: zipfile.ZipFile, data: bytes) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as nested:
        nested.writestr(f"{SET}.ipynb", data)
    stream.writestr("okaforada_1001_1_work.zip", inner.getvalue())


def _many(stream: zipfile.ZipFile, data: bytes) -> None:
    for number in range(30):
        stream.writestr(f"okaforada_1001_{number}_w{number}.ipynb", data)


def _deep(stream: zipfile.ZipFile, data: bytes) -> None:
    stream.writestr("d/" * 40 + ADA, data)


def _nothing(stream: zipfile.ZipFile, data: bytes) -> None:
    stream.writestr("okaforada_1001_1_answers.docx", b"PK")


UNUSABLE: dict[str, Callable[[zipfile.ZipFile, bytes], None]] = {
    "a link or a device": _link,
    "more than 50,000,000: ask for the notebook with its outputs cleared": _bomb,
    "2 different files of this name": _twice,
    "two different notebooks called 01_double.ipynb": _two_attachments,
    "an archive within the submission": _nested,
    "more than 20 notebooks": _many,
    "folders deep": _deep,
    "no notebook": _nothing,
}


@pytest.mark.parametrize("why", UNUSABLE)
def test_an_unusable_member_is_its_students_problem_alone(course: Course, data: bytes, why: str) -> None:
    file = course.root / "submissions.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as stream:
        UNUSABLE[why](stream, data)
        stream.writestr(GOOD, data)
    assert "bo.lind" in ids(take(course, file))
    assert stored(course, "bo.lind") == data
    assert why in reason(course, "ada.okafor")


def test_a_member_with_a_password_is_refused(course: Course, data: bytes) -> None:
    file = archive(course.root, {ADA: data, GOOD: data})
    raw = bytearray(file.read_bytes())
    place = raw.index(b"PK\x01\x02")
    raw[place + 8] |= 1
    file.write_bytes(raw)
    take(course, file)
    assert "password" in reason(course, "ada.okafor")
    assert stored(course, "bo.lind") == data


def test_a_member_that_lies_about_its_size_or_is_damaged_is_refused(course: Course, data: bytes) -> None:
    for place, value in ((22, struct.pack("<L", 5)), (16, b"\0\0\0\0")):
        file = archive(course.root, {ADA: data, GOOD: data})
        raw = bytearray(file.read_bytes())
        local, central = raw.index(b"PK\x03\x04"), raw.index(b"PK\x01\x02")
        raw[central + place + 2 * (place == 22) : central + place + 2 * (place == 22) + 4] = value
        raw[local + place - 2 * (place == 16) : local + place - 2 * (place == 16) + 4] = value
        file.write_bytes(raw)
        take(course, file)
        assert "damaged in the archive" in reason(course, "ada.okafor")
        assert stored(course, "bo.lind") == data


@pytest.mark.parametrize(
    "name", ["../../evil.ipynb", "a/../../evil.ipynb", "/etc/evil.ipynb", "C:\\evil.ipynb", "..\\evil.ipynb"]
)
def test_a_path_that_leads_out_is_not_unpacked(course: Course, data: bytes, name: str) -> None:
    found = take(course, archive(course.root, {name: data, GOOD: data}))
    assert ids(found) == ["bo.lind"]
    assert [why.endswith("not unpacked") for _, why in found.left] == [True]
    assert not [file for file in course.root.parent.rglob("evil*")]


def test_names_cannot_write_to_the_terminal(course: Course, data: bytes) -> None:
    found = take(course, archive(course.root, {"[red]\x1b[31m\u202e.ipynb": data}))
    assert found.aside == [("[red]?[31m?", "")]


def test_archives_that_cannot_be_read_say_so(course: Course, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    good = archive(course.root, {GOOD: data, ADA: data})
    file = course.root / "bad.zip"
    for raw in (b"", b"not a zip", good.read_bytes()[:-30], good.read_bytes()[:500]):
        file.write_bytes(raw)
        with pytest.raises(CourseProblem, match="download it again"):
            take(course, file)
    monkeypatch.setattr(archives, "MAX_MEMBERS", 1)
    with pytest.raises(CourseProblem, match="lists more than 1 files"):
        take(course, good)


def test_a_broken_archive_in_the_inbox_does_not_stop_the_others(course: Course, data: bytes) -> None:
    inbox = course.root / "inbox"
    inbox.mkdir()
    (inbox / "ada.okafor.ipynb").write_bytes(data)
    (inbox / "download.zip").write_bytes(b"PK")
    found = take(course, inbox)
    assert ids(found) == ["ada.okafor"]
    assert "download it again" in str(found.left + found.unusable)


def test_links_in_a_folder_are_not_followed(course: Course, data: bytes) -> None:
    inbox, secret = course.root / "inbox", course.root / "secret.ipynb"
    secret.write_bytes(data)
    (inbox / "bo.lind").mkdir(parents=True)
    (inbox / "bo.lind" / "w.ipynb").symlink_to(secret)
    (inbox / "ada.okafor").symlink_to(course.root)
    (inbox / "ada.okafor.ipynb").write_bytes(data)
    take(course, inbox)
    assert "a link to another file" in reason(course, "bo.lind")
    assert stored(course, "ada.okafor") == data


def test_a_class_is_collected_without_a_roster(course: Course, data: bytes) -> None:
    inbox = archive(course.root, {ADA: data, "Bo Lind_9_assignsubmission_file/w.ipynb": data, "cem.ipynb": data})
    found = take(course, inbox, None)
    assert ids(found) == ["bo.lind", "cem", "okaforada.1001"]
    assert next(person for person in found.people if person.id == "okaforada.1001").lms_user_id == "1001"
