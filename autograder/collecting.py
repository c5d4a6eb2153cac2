"""Collect a class: from an inbox (folder or archive) to nbgrader's ``submitted/``, each file under its student.

Only notebooks are taken: a file beside one could take the place of a module. What cannot be used becomes a submission
with a reason, which grading quarantines; what belongs to nobody on the roster is set aside. Nothing stops the class.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autograder.archives import Offer, Unreadable, printable, read_inbox
from autograder.intake import FACTS, STUDENT_ID, Facts, read_facts
from autograder.lms import Nobody, Owner, owner_of
from autograder.roster import Person, Roster, identify

ROSTER = "roster.csv"
STAMP = "timestamp.txt"
LATE = "Canvas marks it as late"
MAX_NOTEBOOKS = 20
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz")
MODULES = sys.stdlib_module_names | {
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
    "torch",
    "sklearn",
    "course_lib",
    "nbgrader",
}


@dataclass
class Collected:
    """What collecting came to.

    Parameters
    ----------
    people
        Whose submissions were taken, in order of id.
    unusable
        Students whose submission cannot be graded, with the reason: the next grading quarantines them.
    left
        Files that name no student, with the reason.
    aside
        Names that are not on the roster, with the nearest id (empty if none is near); their files are kept aside.
    undated
        Students whom Canvas marks as late although the set has no due date.
    """

    people: list[Person] = field(default_factory=list)
    unusable: list[tuple[str, str]] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    aside: list[tuple[str, str]] = field(default_factory=list)
    undated: list[str] = field(default_factory=list)


@dataclass
class _Hand:
    """All that one name handed in."""

    owner: Owner
    offers: list[tuple[str, Offer]] = field(default_factory=list)


def collect(
    inbox: Path,
    submitted: Path,
    set_name: str,
    roster: Roster | None = None,
    known_as: Mapping[str, str] | None = None,
    due: datetime | None = None,
    file_times: bool = False,
) -> Collected:
    """Copy the notebooks of a folder or zip archive into ``submitted/<student>/<set>/``.

    Parameters
    ----------
    inbox
        A folder or an archive, named as Canvas, Moodle or an assistant does (:mod:`autograder.lms`).
    submitted, set_name
        Where to, and which set.
    roster
        Who is in the class; without one, everybody is taken for who they seem to be.
    known_as
        Ids of students by a name that is not the roster's.
    due
        When the set was due: Canvas says only that a submission is late, so it counts as late by a second.
    file_times
        Take the date of a file as the time of handing in; a copy often has the date of copying.
    """
    collected, aside = Collected(), submitted.parent / "set_aside" / set_name
    shutil.rmtree(aside, ignore_errors=True)
    hands = _sort(inbox, set_name, collected)
    students: dict[str, tuple[Person, list[_Hand]]] = {}
    for hand in hands:
        person = identify(hand.owner, roster, known_as or {})
        if person is None:
            _set_aside(hand, aside / _folder_name(hand.owner.name), roster, collected)
        else:
            students.setdefault(person.id, (person, []))[1].append(hand)
    for _, (person, theirs) in sorted(students.items()):
        _take(person, theirs, submitted / person.id / set_name, due, file_times, collected)
    return collected


def _sort(inbox: Path, set_name: str, collected: Collected) -> list[_Hand]:
    """Sort an inbox's files by the name that they are handed in under."""
    hands: dict[tuple[str, str, str], _Hand] = {}
    for offer in read_inbox(inbox):
        if offer.path == (ROSTER,):
            continue
        try:
            if offer.stray:
                raise Nobody(offer.reason)
            owner = owner_of(offer.path, set_name)
        except Nobody as reason:
            collected.left.append((offer.label, offer.reason or str(reason)))
            continue
        key = (owner.system, owner.name.casefold(), owner.number)
        hands.setdefault(key, _Hand(owner)).offers.append((owner.file, offer))
    return list(hands.values())


def _set_aside(hand: _Hand, folder: Path, roster: Roster | None, collected: Collected) -> None:
    """Keep the files of somebody who is not on the roster."""
    for name, offer in hand.offers:
        try:
            data = b"" if offer.reason else offer.read()
        except Unreadable:
            continue
        if data:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _folder_name(name)).write_bytes(data)
    if roster:
        collected.aside.append((printable(hand.owner.name), roster.nearest(hand.owner.name)))
    else:
        reason = f"{printable(hand.owner.name)!r} is not a student id (letters, digits and @ . _ + - only)"
        collected.left.append((hand.offers[0][1].label, next((o.reason for _, o in hand.offers if o.reason), reason)))


def _folder_name(name: str) -> str:
    """Return a name that is safe as that of one file or folder."""
    kept = "".join(c if c.isalnum() or c in "@._+- " else "_" for c in name)[:100].strip(". ")
    return kept or "_"


def _take(
    person: Person, hands: list[_Hand], folder: Path, due: datetime | None, file_times: bool, collected: Collected
) -> None:
    """Store one student's notebooks in place of what was stored before, with what is known about them."""
    if not STUDENT_ID.fullmatch(person.id):
        collected.left.append((printable(person.id), "the roster's id is not one (letters, digits and @ . _ + - only)"))
        return
    notebooks, notes, reason = _notebooks([offer for hand in hands for offer in hand.offers])
    late = any(hand.owner.late for hand in hands)
    if late:
        notes.append(LATE)
        if due is None:
            collected.undated.append(person.id)
    facts = Facts(hands[0].owner.system, hands[0].owner.origin, tuple(notes), reason)
    facts, stamp = _as_before(folder, facts, _handed_in(person, hands, due, file_times))
    _store(folder, notebooks, facts, stamp)
    collected.people.append(person)
    if reason:
        collected.unusable.append((person.id, reason))


def _as_before(folder: Path, facts: Facts, stamp: datetime | None) -> tuple[Facts, datetime | None]:
    """Keep name and time in the LMS of what an assistant puts in the place of a submission from there."""
    before = read_facts(folder)
    if facts.system != "plain" or before.system == "plain":
        return facts, stamp
    file = folder / STAMP
    stamp = stamp or (read_stamp(file.read_bytes()[:100]) if file.is_file() else None)
    notes = (*facts.notes, *(note for note in before.notes if note == LATE))
    return Facts(before.system, before.origin, notes, facts.reason), stamp


def _notebooks(offers: list[tuple[str, Offer]]) -> tuple[dict[str, bytes], list[str], str]:
    """Read the notebooks among the files; return them, notes on the other files, and why they cannot be used."""
    found: dict[str, bytes] = {}
    notes: list[str] = []
    reasons: list[str] = []
    for name, offer in offers:
        shown = printable(name)
        if not name.lower().endswith(".ipynb"):
            if name != STAMP:
                notes.append(_unused(shown, offer))
            continue
        try:
            data = b"" if offer.reason else offer.read()
        except Unreadable as problem:
            reasons.append(f"{shown}: {problem}")
            continue
        if offer.reason:
            reasons.append(f"{shown}: {offer.reason}")
        elif found.setdefault(_folder_name(name), data) != data:
            reasons.append(f"two different notebooks called {shown}: ask which one counts")
        if len(found) > MAX_NOTEBOOKS:
            reasons.append(f"more than {MAX_NOTEBOOKS} notebooks: ask which one counts")
            break
    if not found and not reasons and any(name.lower().endswith(ARCHIVES) for name, _ in offers):
        reasons.append("no notebook, but an archive within the submission: ask for the notebook itself")
    return found, notes, reasons[0] if reasons else ""


def _unused(name: str, offer: Offer) -> str:
    if name.removesuffix(".py") in MODULES and name.endswith(".py"):
        return f"{name} was handed in too and not used: it would take the place of a module"
    return f"{name} was handed in too and not used: only the notebook is graded" + (
        f" ({offer.reason})" if offer.reason else ""
    )


def _handed_in(person: Person, hands: list[_Hand], due: datetime | None, file_times: bool) -> datetime | None:
    """Return when it was handed in, as far as it is said: by a stamp, the roster, Canvas's mark, the files."""
    offers = [(hand.owner, name, offer) for hand in hands for name, offer in hand.offers]
    stamps = [_stamp(offer) for owner, name, offer in offers if name == STAMP and owner.system == "plain"]
    said = next(filter(None, stamps), person.submitted)
    if said:
        return said
    if any(owner.late for owner, _, _ in offers):
        return due + timedelta(seconds=1) if due else None
    dates = [offer.changed for _, name, offer in offers if offer.changed and name.lower().endswith(".ipynb")]
    return max(dates) if file_times and dates else None


def _stamp(offer: Offer) -> datetime | None:
    try:
        return None if offer.reason else read_stamp(offer.read()[:100])
    except Unreadable:
        return None


def read_stamp(data: bytes) -> datetime | None:
    """Read nbgrader's ``timestamp.txt``; a time without a zone is UTC, as nbgrader has it."""
    try:
        text = data.decode("utf-8").strip()
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _store(folder: Path, notebooks: Mapping[str, bytes], facts: Facts, stamp: datetime | None) -> None:
    """Replace a submission's folder by a new one, whole or not at all."""
    new = folder.with_name(f".{folder.name}.part")
    for place in (new, folder.parent):
        if place.is_symlink():
            place.unlink()
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for name, data in notebooks.items():
        (new / name).write_bytes(data)
    (new / FACTS).write_text(json.dumps(facts.plain(), indent=1) + "\n", encoding="utf-8")
    if stamp:
        text = stamp.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC\n")
        (new / STAMP).write_text(text, encoding="utf-8")
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(new, folder)
