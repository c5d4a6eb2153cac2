"""A small course of one problem set, made anew in a temporary folder."""

import shutil
from pathlib import Path

import pytest
from classroom import QUESTIONS, ROOT, SET, source_notebook
from nbformat import NotebookNode

from autograder.course import Course, find_course
from autograder.execution import Task, load_task
from autograder.notebooks import read_notebook, write_notebook
from autograder.release import release_set


@pytest.fixture
def course(tmp_path: Path) -> Course:
    folder = tmp_path / "solutions" / SET
    folder.mkdir(parents=True)
    (folder / "questions.py").write_text(QUESTIONS, encoding="utf-8")
    (folder / f"{SET}.ipynb").write_bytes(write_notebook(source_notebook()))
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    release_set(folder, tmp_path / "exercises" / SET)
    return find_course(tmp_path)


@pytest.fixture
def task(course: Course) -> Task:
    return load_task(course.solutions / SET)


@pytest.fixture
def handed_out(course: Course) -> NotebookNode:
    return read_notebook((course.exercises / SET / f"{SET}.ipynb").read_bytes())
