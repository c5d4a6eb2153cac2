"""Give feedback out: each student's page in a folder of their own, and archives that Canvas and Moodle hand on.

=======  ==========================================================================================================
archive  how the system knows whose a page is
=======  ==========================================================================================================
Canvas   by the numbers in the name of the file that was downloaded, which the page keeps (*Grades → the assignment's
         menu → Upload Submissions*; ``infer_comment_context_from_filename`` of canvas-lms)
Moodle   by the participant's number in the same place (*View all submissions → Upload multiple feedback files in a
         zip*; ``mod/assign/feedback/file/importziplib.php`` of Moodle 4.5)
=======  ==========================================================================================================
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import Course
from autograder.feedback import write_feedback
from autograder.intake import read_facts
from autograder.lms import Nobody, owner_of
from autograder.questions import CourseProblem

_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass
class Published:
    """What was given out: pages in folders, and archives by the name of the system."""

    pages: list[Path] = field(default_factory=list)
    archives: dict[str, tuple[Path, int]] = field(default_factory=dict)


def publish(course: Course, set_name: str, target: Path) -> Published:
    """Write the feedback pages of a set anew and give them out.

    Each goes to ``target/<student>/<set>.html``, whole or not at all; nobody's folder gets anything of another student.
    What was collected from Canvas or Moodle also goes into ``<reports>/<set>-feedback-<system>.zip``.

    Raises
    ------
    CourseProblem
        If nothing has been graded, or the target is not a folder that can be used.
    """
    pages = {page.parents[1].name: page.read_bytes() for page in write_feedback(course, set_name)}
    if not pages:
        raise CourseProblem(f"there is no feedback on {set_name}: collect and grade it first")
    _check(course, target)
    published = Published([_give(target / student, f"{set_name}.html", page) for student, page in pages.items()])
    for system in ("canvas", "moodle"):
        members = _members(course, set_name, system, pages)
        if members:
            file = course.reports / f"{set_name}-feedback-{system}.zip"
            published.archives[system] = _archive(file, members), len(members)
    return published


def _check(course: Course, target: Path) -> None:
    place = target.resolve()
    for name, folder in (("solutions", course.solutions), ("graded notebooks", course.autograded),
                         ("submissions", course.submitted), ("exercises", course.exercises)):  # fmt: skip
        if place == folder.resolve() or folder.resolve() in place.parents:
            raise CourseProblem(f"{target} lies in the folder of the {name}: name another folder with --to")
    if target.exists() and not target.is_dir():
        raise CourseProblem(f"{target} is a file: name a folder with --to")


def _give(folder: Path, name: str, page: bytes) -> Path:
    """Put a page into a student's folder."""
    if folder.is_symlink():
        raise CourseProblem(f"{folder} is a link: remove it, so that the page cannot land in another place")
    folder.mkdir(parents=True, exist_ok=True)
    return _write(folder / name, page)


def _write(file: Path, data: bytes) -> Path:
    descriptor, part = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        os.chmod(part, 0o644)
        os.replace(part, file)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return file


def _members(course: Course, set_name: str, system: str, pages: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the pages of those whose submission came from a system, by the name that the system knows them by."""
    members = {}
    for student, page in pages.items():
        facts = read_facts(course.submitted / student / set_name)
        if facts.system == system and (name := upload_name(system, facts.origin, set_name)):
            members[name] = page
    return members


def upload_name(system: str, origin: str, set_name: str) -> str:
    """Return the name under which a system takes feedback back; empty if the origin is not one of its names.

    Examples
    --------
    >>> upload_name("canvas", "okaforada_LATE_1001_67890_w.ipynb", "01_derivatives")
    'okaforada_1001_67890_01_derivatives.html'
    >>> upload_name("moodle", "Ada Okafor_123_assignsubmission_file_", "01_derivatives")
    'Ada Okafor_123_assignsubmission_file_01_derivatives.html'
    """
    try:
        owner = owner_of((origin,), set_name)
    except Nobody:
        return ""
    if owner.system != system or not origin.isprintable() or "/" in origin or "\\" in origin:
        return ""
    if system == "moodle":
        return f"{owner.name}_{owner.number}_assignsubmission_file_{set_name}.html"
    return f"{owner.name}_{owner.number}_{owner.attachment}_{set_name}.html"


def _archive(file: Path, members: Mapping[str, bytes]) -> Path:
    """Write an archive that is the same whenever its pages are."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(members):
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), members[name], zipfile.ZIP_DEFLATED)
        stream.seek(0)
        return _write(file, stream.read())
