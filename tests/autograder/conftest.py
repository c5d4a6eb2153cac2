"""A small course of one problem set, made anew in a temporary folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from classroom import SET, write_course
from nbformat import NotebookNode

from autograder.course import Course
from autograder.execution import Task, load_task
from autograder.notebooks import read_notebook


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return write_course(tmp_path)


@pytest.fixture
def task(course: Course) -> Task:
    return load_task(course.solutions / SET)


@pytest.fixture
def handed_out(course: Course) -> NotebookNode:
    return read_notebook((course.exercises / SET / f"{SET}.ipynb").read_bytes())


@pytest.fixture(scope="session")
def postgresql() -> Iterator[object]:
    """A private PostgreSQL for the whole session."""
    pytest.importorskip("psycopg", reason="the package psycopg is not installed")
    from server import Server, find_programs

    programs = find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL found: install the system's package postgresql")
    running = Server(programs)
    yield running
    running.remove()
