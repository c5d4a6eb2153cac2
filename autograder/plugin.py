"""nbgrader's own commands and formgrader's buttons, done by this engine.

``nbgrader_config.py`` calls :func:`install`. From then on ``nbgrader generate_assignment``, ``nbgrader autograde`` and
``nbgrader generate_feedback`` of that course, and the buttons of formgrader that stand for them, do what ``autograder
release``, ``grade`` and ``feedback`` do. nbgrader has no setting for that: its applications name their converters, so
the converters' method ``start`` is replaced.
"""

from __future__ import annotations

import fnmatch
import shutil
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbconvert.exporters import HTMLExporter
from nbgrader import api
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import BaseConverter, NbGraderException

if TYPE_CHECKING:
    from autograder.course import Course
    from autograder.records import Record

Work = Callable[["Course", str, BaseConverter], None]
RELEASE_NEEDS = ("timestamp.txt", "submission_secret.txt")
_courses: set[Path] = set()


def install(config_file: str) -> None:
    """Take nbgrader's work over for the course whose ``nbgrader_config.py`` this is; other courses stay as they are.

    Examples
    --------
    In ``nbgrader_config.py``::

        from autograder.plugin import install

        install(__file__)
    """
    _courses.add(Path(config_file).parent.resolve())
    for converter, work in ((GenerateAssignment, release), (Autograde, grade), (GenerateFeedback, write_pages)):
        if not hasattr(converter.start, "__wrapped__"):
            converter.start = _instead_of(converter.start, work)
    if formgrader := sys.modules.get("nbgrader.server_extensions.formgrader.base"):
        formgrader.BaseHandler.exporter = property(exporter_of)


def exporter_of(handler: Any) -> HTMLExporter:
    """Make formgrader's exporter by the settings of the course that is open, not by those at the server's start."""
    return HTMLExporter(config=handler.settings["nbgrader_formgrader"].config)


def _instead_of(start: Callable[[BaseConverter], None], work: Work) -> Callable[[BaseConverter], None]:
    """Return a method that does `work` for the courses that asked for it; what goes wrong is logged in one line."""

    @wraps(start)
    def start_here(converter: BaseConverter) -> None:
        from autograder.course import find_course
        from autograder.execution import load_task
        from autograder.questions import CourseProblem

        root = Path(converter.coursedir.root).resolve()
        if root not in _courses:
            return start(converter)
        load_task.cache_clear()  # a notebook server lives long, and the source may have been changed
        try:
            work(find_course(root, converter.coursedir.db_url), converter.coursedir.assignment_id, converter)
        except CourseProblem as problem:
            _fail(converter, str(problem))

    return start_here


def _fail(converter: BaseConverter, message: str) -> None:
    converter.log.error(message)
    raise NbGraderException(message)


def release(course: Course, set_name: str, converter: GenerateAssignment) -> None:
    """Write ``exercises/<set>`` with its public checks, and put the set into the gradebook."""
    from autograder.execution import load_task
    from autograder.gradebook import Gradebook
    from autograder.release import release_set

    folder = course.solution(set_name)
    written = release_set(folder, course.exercises / set_name)
    converter.log.info("%s: %s", set_name, f"wrote {', '.join(written)}" if written else "up to date")
    if not converter.no_database:
        with Gradebook(course) as gradebook:
            gradebook.save_set(load_task(folder))


def grade(course: Course, set_name: str, converter: Autograde) -> None:
    """Grade the submissions that nbgrader was asked for, all of them before it is said that one could not be."""
    from autograder.grading import default_workers, grade_class, local_executor
    from autograder.intake import find_submissions

    course.solution(set_name)
    students = _chosen((found.student for found in find_submissions(course.submitted, set_name)), converter)
    if not students:
        _fail(converter, f"no submission to {set_name} by {converter.coursedir.student_id!r} in {course.submitted}")
    known = students if converter.create_student else _known(course, students)
    for student in sorted(set(students) - set(known)):
        converter.log.error("%s is not in the gradebook, and Autograde.create_student is off", student)
    if not known:
        _fail(converter, f"none of {len(students)} submissions was graded")

    def say(record: Record, left: int) -> None:
        if record.quarantine:
            converter.log.error("%s was not graded: %s", record.student, record.quarantine)
        else:
            converter.log.info("%s: %g of %g points", record.student, record.points, record.max_points)

    workers = local_executor(min(default_workers(), len(known)))
    tally = grade_class(course, set_name, workers, regrade=converter.force, students=known, progress=say)
    converter.log.info("%d graded, %d were graded already", len(tally.graded), tally.unchanged)
    if missing := len(tally.quarantined) + len(students) - len(known):
        _fail(converter, f"{missing} of {len(students)} submissions could not be graded; the reasons are given above")


def _chosen(students: Iterable[str], converter: BaseConverter) -> tuple[str, ...]:
    """Return the students that the options ``--student`` (a name or a pattern) and ``student_id_exclude`` ask for."""
    wanted, excluded = converter.coursedir.student_id, converter.coursedir.student_id_exclude.split(",")
    return tuple(s for s in students if s not in excluded and (s == wanted or fnmatch.fnmatchcase(s, wanted)))


def _known(course: Course, students: Iterable[str]) -> tuple[str, ...]:
    with api.Gradebook(course.db_url, course.course_id) as gradebook:
        known = {student.id for student in gradebook.students}
    return tuple(student for student in students if student in known)


def write_pages(course: Course, set_name: str, converter: GenerateFeedback) -> None:
    """Write feedback pages, and beside each what ``nbgrader release_feedback`` asks for."""
    from autograder.feedback import write_feedback

    course.solution(set_name)
    pages = write_feedback(course, set_name, lambda student: bool(_chosen([student], converter)))
    if not pages:
        _fail(converter, f"no graded submission to {set_name} by {converter.coursedir.student_id!r}: grade first")
    for page in pages:
        submitted = course.submitted / page.parent.parent.name / set_name
        for file in (submitted / name for name in RELEASE_NEEDS):
            if file.is_file() and not file.is_symlink() and not submitted.is_symlink():
                shutil.copyfile(file, page.parent / file.name)
    converter.log.info("%d feedback pages in %s", len(pages), course.feedback)
