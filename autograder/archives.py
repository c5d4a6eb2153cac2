"""Files as they were handed in, from a folder or a zip archive, read with care: only what is asked for is unpacked.

An archive of submissions is untrusted like the submissions in it. Names that climb out of it, links, encrypted, huge or
damaged members and members that overlap are never opened; each is returned with a reason instead, and the rest is read.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from autograder.questions import CourseProblem

MAX_BYTES = 50_000_000
MAX_TOTAL = 4_000_000_000
MAX_MEMBERS = 20_000
MAX_DIRECTORY = 8_000_000
MAX_DEPTH = 12
LITTER = re.compile(r"__MACOSX|\.DS_Store|Thumbs\.db|desktop\.ini|\._.*|\.ipynb_checkpoints|__pycache__", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")
NOT_UNPACKED = ": not unpacked"
_END = b"PK\x05\x06"


@dataclass(frozen=True)
class Offer:
    """One file of an inbox: its path, when it was last changed, how to read it, or the reason not to."""

    path: tuple[str, ...]
    changed: datetime | None = None
    read: Callable[[], bytes] = bytes
    reason: str = ""
    stray: bool = False  # its path leads out of the inbox, so it says nothing about whose it is

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path[-1]

    @property
    def label(self) -> str:
        """The path as text that is safe to print."""
        return printable("/".join(self.path))


class Unreadable(Exception):
    """A file that cannot be read; the message says why."""


def printable(text: str, most: int = 120) -> str:
    r"""Return one line of text without control characters.

    Examples
    --------
    >>> printable("ada\x1b[31m.ipynb\n")
    'ada?[31m.ipynb?'
    """
    line = "".join(character if character.isprintable() else "?" for character in text)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def read_inbox(place: Path) -> list[Offer]:
    """List the files of a folder or of a zip archive; an archive that lies in the folder is opened too.

    Litter of file managers is left out.
    """
    if not place.is_dir():
        return _unwrapped(place, [offer for offer in read_archive(place) if not _is_litter(offer)])
    offers: list[Offer] = []
    for offer in read_folder(place):
        if len(offer.path) == 1 and offer.name.lower().endswith(".zip") and not offer.reason:
            offers += _download(place / offer.name)
        elif not _is_litter(offer):
            offers.append(offer)
    return offers


def _is_litter(offer: Offer) -> bool:
    return any(LITTER.fullmatch(part) for part in offer.path)


def _download(file: Path) -> list[Offer]:
    try:
        return read_inbox(file)
    except CourseProblem as problem:
        return [Offer((file.name,), reason=str(problem), stray=True)]


def _unwrapped(archive: Path, offers: list[Offer]) -> list[Offer]:
    """Drop a folder that all files of an archive lie in and that bears the archive's name."""
    if {offer.path[0] for offer in offers} != {archive.stem}:
        return offers
    return [replace(offer, path=offer.path[1:]) for offer in offers if len(offer.path) > 1]


def read_folder(folder: Path, above: tuple[str, ...] = ()) -> Iterator[Offer]:
    """Yield the files of a folder and the folders below it, in order of name."""
    for entry in sorted(folder.iterdir()):
        path = (*above, entry.name)
        if entry.is_symlink():
            yield Offer(path, reason="a link to another file: ask for the file itself")
        elif entry.is_dir():
            yield from read_folder(entry, path) if len(path) < MAX_DEPTH else [_too_deep(path)]
        elif not entry.is_file():
            yield Offer(path, reason="neither a file nor a folder")
        else:
            changed = datetime.fromtimestamp(entry.stat().st_mtime).astimezone()
            yield Offer(path, changed, partial(_plain, entry))


def _too_deep(path: tuple[str, ...]) -> Offer:
    return Offer(path, reason=f"more than {MAX_DEPTH} folders deep: ask for the notebook itself")


def _plain(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise Unreadable(_too_large(size))
        return file.read_bytes()
    except OSError as error:
        raise Unreadable(f"it cannot be read ({error.strerror})") from None


def _too_large(size: int) -> str:
    return f"{size:,} bytes, more than {MAX_BYTES:,}: ask for the notebook with its outputs cleared"


def read_archive(file: Path) -> Iterator[Offer]:
    """Yield the members of a zip archive of submissions.

    Raises
    ------
    CourseProblem
        If it is no zip archive, is damaged as a whole, or holds more members than any class.
    """
    try:
        _check_directory(file)
        archive = zipfile.ZipFile(file)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise CourseProblem(
            f"{file} is not a zip archive that can be read ({error}): download it again, or unpack it and name "
            "the folder"
        ) from None
    members = [member for member in archive.infolist() if not member.is_dir()]
    twice = _several({_parts(member.filename) for member in members}, members)
    total = 0
    for member in members:
        total += member.file_size
        reason = _refusal(member, total)
        if not reason and member.filename in twice and len({m.CRC for m in twice[member.filename]}) > 1:
            reason = (
                f"the archive holds {len(twice[member.filename])} different files of this name: ask which one counts"
            )
        elif twice.get(member.filename, [member])[0] is not member:
            continue
        stray = reason.endswith(NOT_UNPACKED)
        yield Offer(_parts(member.filename), _changed(member), partial(_member, archive, member), reason, stray)


def _check_directory(file: Path) -> None:
    """Refuse an archive whose list of contents alone would fill the memory, before it is read."""
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 66_000))
        tail = stream.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) < place + 22:
        raise ValueError("its end is missing")
    members, directory = struct.unpack_from("<HL", tail, place + 10)
    if members > MAX_MEMBERS or directory > MAX_DIRECTORY:
        raise ValueError(f"it lists more than {MAX_MEMBERS:,} files")


def _several(paths: set[tuple[str, ...]], members: list[zipfile.ZipInfo]) -> dict[str, list[zipfile.ZipInfo]]:
    if len(paths) == len(members):
        return {}
    found: dict[str, list[zipfile.ZipInfo]] = {}
    for member in members:
        found.setdefault(member.filename, []).append(member)
    return {name: those for name, those in found.items() if len(those) > 1}


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", ".")) or ("(no name)",)


def _refusal(member: zipfile.ZipInfo, total: int) -> str:
    """Say why a member is not opened; empty if nothing speaks against it."""
    name = member.filename.replace("\\", "/")
    if name.startswith("/") or _DRIVE.match(name):
        return f"an absolute path in the archive{NOT_UNPACKED}"
    if ".." in _parts(name):
        return f"a path that climbs out of the archive{NOT_UNPACKED}"
    if len(_parts(name)) > MAX_DEPTH:
        return _too_deep(_parts(name)).reason
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        return "a link or a device, not a file: ask for the notebook itself"
    if member.flag_bits & 1:
        return "protected by a password: ask for the notebook itself"
    if member.file_size > MAX_BYTES and name.lower().endswith(".ipynb"):
        return _too_large(member.file_size)
    if total > MAX_TOTAL:
        return f"the archive unpacks to more than {MAX_TOTAL:,} bytes: unpack it yourself and name the folder"
    return ""


def _changed(member: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*member.date_time).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Read a member, never more than it may hold, whatever its header says."""
    try:
        with archive.open(member) as stream:
            data = stream.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                raise Unreadable(_too_large(member.file_size))
            return data
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise Unreadable(f"damaged in the archive ({printable(str(error))}): ask for the notebook again") from None
