"""Whose file is it? The names that Canvas and Moodle give to what they let one download, and plain names.

Canvas
    ``okaforada_1001_67890_01_derivatives.ipynb``: name, number of the student, number of the file; ``_LATE_`` before
    the student's number if it came late; ``anon_x1y2z_67890_…`` if grading is anonymous. Read against
    ``lib/content_zipper.rb`` of canvas-lms (2025).
Moodle
    ``Ada Okafor_123_assignsubmission_file/01_derivatives.ipynb``, with a last ``_`` before version 4.1, in one name if
    not in folders; ``Group-Ada Okafor_…`` for groups. The number is that of the participant, other in each assignment.
    Read against ``locallib.php`` and ``importziplib.php`` in ``mod/assign`` of Moodle 4.5.
plain
    ``ada.okafor.ipynb``, ``ada.okafor_01_derivatives.ipynb``, ``ada.okafor/anything.ipynb``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CANVAS = re.compile(r"(?P<name>.*?)_(?P<late>(?i:late)_)?(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)")
_ANONYMOUS = re.compile(r"(?:(?i:late)_)?anon_[A-Za-z0-9]+_\d+_.+")
_MOODLE = re.compile(r"(?P<name>[^_]+)_(?P<participant>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)")
_NUMBERED = re.compile(r"(-\d+| ?\(\d+\))$")


@dataclass(frozen=True)
class Owner:
    """What a path says about whose file it is.

    Parameters
    ----------
    system
        ``"canvas"``, ``"moodle"`` or ``"plain"``.
    name
        The student's name as the system writes it, or the id of a plain name.
    number
        Canvas's number of the student, Moodle's of the participant; else empty.
    file
        Name of the file as the student had it.
    origin
        The name that the system gave, by which it takes feedback back.
    attachment
        Canvas's number of the file.
    late
        Whether Canvas says that it came late; None if nothing is said.
    """

    system: str
    name: str
    number: str
    file: str
    origin: str
    attachment: str = ""
    late: bool | None = None


class Nobody(Exception):
    """A path that does not say whose it is; the message says what to do."""


def owner_of(path: tuple[str, ...], set_name: str) -> Owner:
    """Read whose file it is from its path in the inbox.

    Raises
    ------
    Nobody
        If the path names no student.

    Examples
    --------
    >>> owner_of(("okaforada_LATE_1001_67890_01_derivatives-2.ipynb",), "01_derivatives").file
    '01_derivatives.ipynb'
    >>> owner_of(("Ada Okafor_123_assignsubmission_file", "work.ipynb"), "01_derivatives").name
    'Ada Okafor'
    >>> owner_of(("ada.okafor_01_derivatives.ipynb",), "01_derivatives").name
    'ada.okafor'
    """
    for depth, part in enumerate(path):
        found = _MOODLE.fullmatch(part)
        if found:
            return _moodle(found, path[depth + 1 :], set_name)
    if _ANONYMOUS.fullmatch(path[-1]):
        raise Nobody("downloaded while Canvas hid the names: turn anonymous grading off and download again")
    canvas = _CANVAS.fullmatch(path[-1])
    if canvas:
        late = bool(canvas["late"])
        file = _usual(canvas["rest"], set_name)
        return Owner("canvas", canvas["name"], canvas["user"], file, path[-1], canvas["file"], late)
    if len(path) > 1:
        return Owner("plain", path[0], "", _usual(path[-1], set_name), path[0])
    stem, dot, suffix = path[-1].rpartition(".")
    if not dot:
        raise Nobody("neither a folder nor a notebook")
    if _usual(path[-1], set_name) == f"{set_name}.ipynb":
        raise Nobody("it has the name of the set, not of a student: put it into a folder named after the student")
    return Owner("plain", stem.removesuffix(f"_{set_name}"), "", f"{set_name}.{suffix}", path[-1])


def _moodle(found: re.Match[str], below: tuple[str, ...], set_name: str) -> Owner:
    origin = f"{found['name']}_{found['participant']}_assignsubmission_file_"
    name = below[-1] if below else found["rest"] or found["kind"]
    return Owner("moodle", found["name"], found["participant"], _usual(name, set_name), origin)


def _usual(name: str, set_name: str) -> str:
    """Undo what systems and browsers append to a name that is there already: ``-1``, `` (1)``."""
    stem, dot, suffix = name.rpartition(".")
    return f"{set_name}.{suffix}" if dot and _NUMBERED.sub("", stem) == set_name else name
