"""Who is in the class: a roster of our own columns, a Canvas gradebook, or a list that Moodle exports.

==============  ===================================================================  ================================
file            columns that are read                                                id of the student
==============  ===================================================================  ================================
ours            ``id, first_name, last_name, email, lms_user_id, submitted``         ``id``
Canvas          ``Student, ID, SIS User ID, SIS Login ID`` (*Grades → Export*)       login, else SIS id, else ID
Moodle          ``First name, Last name, Email address, ID number, Username``        user name, else e-mail address
                (*Participants → Download*)
Moodle          ``Identifier, Full name, Email address, Last modified                e-mail address, else ID number
                (submission)`` (*View all submissions → Download grading
                worksheet*): the numbers in its archive, and when each came in
==============  ===================================================================  ================================
"""

from __future__ import annotations

import csv
import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from autograder.intake import STUDENT_ID
from autograder.lms import Owner
from autograder.questions import CourseProblem

COLUMNS = ("id", "first_name", "last_name", "email", "lms_user_id")
_MOODLE_TIMES = ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%A, %B %d, %Y, %I:%M %p")


@dataclass(frozen=True)
class Person:
    """One student of the class; `participant` is Moodle's number in one assignment."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""
    participant: str = ""
    submitted: datetime | None = None

    def row(self) -> dict[str, str]:
        """Return what nbgrader's gradebook keeps of a student."""
        return {column: getattr(self, column) for column in COLUMNS}


class Roster:
    """The class, and how to find a student in it.

    Examples
    --------
    >>> roster = Roster([Person("ada", "Ada", "Okafor", lms_user_id="1001"), Person("bo", "Bo", "Lind")])
    >>> roster.find(Owner("moodle", "Okafor Ada", "7", "w.ipynb", "")).id
    'ada'
    >>> roster.nearest("Ada Okafr")
    'ada'
    """

    def __init__(self, people: Iterable[Person]) -> None:
        self.people = tuple(people)
        self.by_id = {person.id.casefold(): person for person in self.people}

    def find(self, owner: Owner) -> Person | None:
        """Return the one student whom an owner can only be, or None."""
        if owner.system == "plain":
            return self.by_id.get(owner.name.casefold()) or self._only(
                lambda p: p.email.casefold(), owner.name.casefold()
            )
        if owner.system == "canvas":
            return self._only(lambda p: p.lms_user_id, owner.number) or self._named(owner.name)
        return self._only(lambda p: p.participant, owner.number) or self._named(owner.name)

    def nearest(self, name: str) -> str:
        """Return the id whose own or whose student's name is most like `name`; empty if none is."""
        names = {plain: person.id for person in self.people for plain in (*_names(person), person.id.casefold())}
        close = difflib.get_close_matches(_plain(name), names, 1) or difflib.get_close_matches(
            name.casefold(), names, 1
        )
        return names[close[0]] if close else ""

    def _only(self, key, wanted: str) -> Person | None:  # type: ignore[no-untyped-def]
        found = [person for person in self.people if wanted and key(person) == wanted]
        return found[0] if len(found) == 1 else None

    def _named(self, name: str) -> Person | None:
        """Find by name, in either order, also behind the name of a group."""
        pieces = name.split("-")
        for start in range(len(pieces)):
            wanted = _plain("-".join(pieces[start:]))
            found = [person for person in self.people if wanted and wanted in _names(person)]
            if found:
                return found[0] if len(found) == 1 else None
        return None


def _names(person: Person) -> tuple[str, str]:
    return _plain(f"{person.first_name} {person.last_name}"), _plain(f"{person.last_name} {person.first_name}")


def _plain(name: str) -> str:
    """Return a name's letters and digits in lower case, without accents.

    Examples
    --------
    >>> _plain("Børge Ó Briain-Müller")
    'børgeobriainmuller'
    """
    letters = unicodedata.normalize("NFKD", name).casefold()
    return "".join(character for character in letters if character.isalnum())


def identify(owner: Owner, roster: Roster | None, known_as: Mapping[str, str]) -> Person | None:
    """Return whose a file is: as `known_as` says, else by the roster, else who its name seems to be; else None."""
    if owner.name in known_as:
        wanted = known_as[owner.name]
        return roster.by_id.get(wanted.casefold()) if roster else Person(wanted)
    if roster:
        return roster.find(owner)
    return _as_named(owner)


def _as_named(owner: Owner) -> Person | None:
    """Return the student whom a name seems to be, without a roster; None if it cannot be an id."""
    if owner.system == "plain":
        return Person(owner.name) if STUDENT_ID.fullmatch(owner.name) else None
    letters = unicodedata.normalize("NFKD", owner.name).encode("ascii", "ignore").decode()
    name = ".".join("".join(c if c.isalnum() else " " for c in letters).lower().split())
    if not STUDENT_ID.fullmatch(name):
        return None
    if owner.system == "canvas":
        return Person(f"{name}.{owner.number}", last_name=owner.name, lms_user_id=owner.number)
    first, _, last = owner.name.partition(" ")
    return Person(name, first, last, participant=owner.number)


def read_roster(file: Path) -> Roster:
    """Read a roster; CourseProblem if it is no CSV with columns that say who is who."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            rows = [_cleaned(row) for row in csv.DictReader(stream)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CourseProblem(f"the roster {file} cannot be read ({error}): save it as CSV in UTF-8") from None
    people = [_person(row) for row in rows if not _is_no_student(row)]
    if not people or any(not person.id for person in people):
        raise CourseProblem(
            f"the roster {file} needs a column 'id' that is filled in on every line, or the columns of a Canvas "
            "gradebook or of a Moodle list of participants"
        )
    _check_twice(file, people)
    return Roster(people)


def _cleaned(row: Mapping[str | None, object]) -> dict[str, str]:
    return {(key or "").strip().lower(): value.strip() for key, value in row.items() if isinstance(value, str)}


def _check_twice(file: Path, people: list[Person]) -> None:
    seen: set[str] = set()
    for person in people:
        if person.id.casefold() in seen:
            raise CourseProblem(f"the roster {file} has {person.id!r} twice: each student needs an id of their own")
        seen.add(person.id.casefold())


def _is_no_student(row: Mapping[str, str]) -> bool:
    """Canvas puts the possible points and a test student among the students."""
    student = row.get("student", "").strip().lower()
    return student in ("points possible", "student, test") or not any(row.values())


def _person(row: Mapping[str, str]) -> Person:
    if "student" in row and "id" in row:
        last, _, first = row["student"].partition(",")
        name = row.get("sis login id") or row.get("sis user id") or row["id"]
        email = name if "@" in name else ""
        return Person(name, first.strip(), last.strip(), email, row["id"])
    if "email address" in row:
        return _moodle_person(row)
    return Person(**{column: row.get(column, "") for column in COLUMNS}, submitted=_moment(row.get("submitted", "")))


def _moodle_person(row: Mapping[str, str]) -> Person:
    first, last = row.get("first name", ""), row.get("last name", "") or row.get("surname", "")
    if not (first or last):
        first, _, last = row.get("full name", "").partition(" ")
    name = row.get("username") or row["email address"] or row.get("id number", "")
    participant = row.get("identifier", "").rpartition(" ")[2]
    came = _moment(row.get("last modified (submission)", ""))
    return Person(name, first, last, row["email address"], row.get("id number", ""), participant, came)


def _moment(text: str) -> datetime | None:
    """Read a time; one without a zone is that of this machine."""
    if not text or text == "-":
        return None
    for read in (datetime.fromisoformat, *(lambda t, form=form: datetime.strptime(t, form) for form in _MOODLE_TIMES)):
        try:
            return read(text.removesuffix(" UTC") + "+00:00" if text.endswith(" UTC") else text).astimezone()
        except ValueError:
            continue
    raise CourseProblem(f"the roster has a time that cannot be read, {text!r}: write it as 2026-03-01 23:59")
