"""Look at the machine and the course, and say what will work and what to do where it will not."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from autograder import __version__
from autograder.course import CONFIG, Course
from autograder.gradebook import Gradebook
from autograder.grading import default_workers
from autograder.isolation import LEVELS, best_level
from autograder.questions import CourseProblem, load_set
from autograder.release import read_source

MIN_FREE_BYTES = 500_000_000


@dataclass(frozen=True)
class Finding:
    """One thing looked at: its name, whether it is as it should be, and a sentence."""

    name: str
    ok: bool
    text: str


def examine(course: Course) -> Iterator[Finding]:
    """Yield findings, one at a time, so that they can be shown as they come."""
    yield Finding("python", sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.system()}")
    for package in ("nbgrader", "nbclient", "jupyter_client", "ipykernel", "numpy", "torch"):
        yield _package(package)
    yield Finding("autograder", True, f"version {__version__}, {default_workers()} workers by default")
    level = best_level()
    yield Finding("isolation", level not in ("limits", "stock"), f"{level}: {LEVELS[level]}")
    yield _attempt("gradebook", lambda: _gradebook(course))
    yield _disk(course)
    yield _plugin(course)
    for name in course.sets():
        yield _attempt(name, lambda name=name: _problem_set(course, name))  # type: ignore[misc]


def _package(name: str) -> Finding:
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        return Finding(name, False, f"cannot be imported ({error}): run 'make environment'")
    return Finding(name, True, str(getattr(module, "__version__", "")))


def _attempt(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except CourseProblem as problem:
        return Finding(name, False, str(problem))
    except Exception as error:
        return Finding(name, False, f"{type(error).__name__}: {error}")


def _gradebook(course: Course) -> str:
    with Gradebook(course) as gradebook:
        graded = sum(len(gradebook.graded(name)) for name in course.sets())
        return f"{gradebook.engine.dialect.name}, {graded} graded submissions"


def _disk(course: Course) -> Finding:
    folder = next(path for path in (course.autograded.parent, course.root) if path.exists())
    free = shutil.disk_usage(folder).free
    return Finding(
        "disk", free > MIN_FREE_BYTES and os.access(folder, os.W_OK), f"{free / 1e9:.1f} GB free in {folder.name}/"
    )


def _plugin(course: Course) -> Finding:
    installed = "autograder.plugin" in (course.root / CONFIG).read_text(encoding="utf-8")
    if installed:
        return Finding("plugin", True, f"nbgrader's own commands and formgrader grade with this engine ({CONFIG})")
    return Finding("plugin", False, f"{CONFIG} does not install it: nbgrader's own commands grade by themselves")


def _problem_set(course: Course, name: str) -> str:
    problem_set = load_set(course.solutions / name)
    read_source(course.solutions / name)
    for question in problem_set.questions.values():
        assert question.expected is not None
    state = "released" if (course.exercises / name / "checks.json").is_file() else "not released yet"
    count = len(problem_set.questions) + len(problem_set.free_text)
    return f"{count} questions, {problem_set.points:g} points, {state}"
