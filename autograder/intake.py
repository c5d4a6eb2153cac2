"""Take submissions in: find each student's notebook, and put back what the student should not have changed.

:mod:`autograder.collecting` fills the folders that are read here.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader import utils

from autograder.archives import MAX_BYTES, printable
from autograder.notebooks import NotebookProblem, grade_id, is_manual, is_test
from autograder.plain_tests import hidden_lines

FACTS = "intake.json"
STUDENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+-]{0,99}")


@dataclass(frozen=True)
class Facts:
    """What collecting found out: the system a submission came from, its name there, notes, why it is unusable."""

    system: str = "plain"
    origin: str = ""
    notes: tuple[str, ...] = ()
    reason: str = ""

    def plain(self) -> dict[str, Any]:
        """Return the facts as JSON takes them."""
        return asdict(self)


def read_facts(folder: Path) -> Facts:
    """Read what collecting wrote beside a submission; nothing known if it was not collected by us."""
    file = folder / FACTS
    try:
        body = {} if file.is_symlink() or file.stat().st_size > 1_000_000 else json.loads(file.read_bytes())
        system, origin, reason = (str(body.get(name, "")) for name in ("system", "origin", "reason"))
        return Facts(system or "plain", origin, tuple(map(str, body.get("notes", ()))), reason)
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return Facts()


@dataclass(frozen=True)
class Found:
    """One student's file, and what is to be said of it; `reason` is not empty if it cannot be used."""

    student: str
    file: Path | None = None
    notes: tuple[str, ...] = ()
    reason: str = ""


def find_submissions(submitted: Path, set_name: str) -> list[Found]:
    """List the submissions to one set under nbgrader's ``submitted/<student>/<set>/``, in order of student id."""
    folders = sorted(folder for folder in submitted.glob("*") if os.path.lexists(folder / set_name))
    return [_find(folder.name, folder / set_name, set_name) for folder in folders]


def _find(student: str, folder: Path, set_name: str) -> Found:
    if not STUDENT_ID.fullmatch(student):
        return Found(student, reason="the folder's name is not a student id (letters, digits and @ . _ + - only)")
    if folder.is_symlink() or folder.parent.is_symlink() or not folder.is_dir():
        return Found(student, reason=f"{set_name} is not a folder but a link or a file: ask for the notebook itself")
    facts = read_facts(folder)
    if facts.reason:
        return Found(student, reason=facts.reason)
    files = sorted(f for f in folder.iterdir() if f.suffix == ".ipynb" and f.is_file() and not f.is_symlink())
    named = [f for f in files if f.name == f"{set_name}.ipynb"]
    if not files:
        return Found(student, reason=f"no notebook: {set_name}.ipynb is missing")
    if not named and len(files) > 1:
        names = ", ".join(printable(f.name) for f in files[:5])
        return Found(student, reason=f"{len(files)} notebooks, none called {set_name}.ipynb: {names}")
    file = (named or files)[0]
    if file.stat().st_size > MAX_BYTES:
        return Found(student, reason=f"{file.name} has {file.stat().st_size:,} bytes, more than {MAX_BYTES:,}")
    notes = () if named else (f"the notebook was called {printable(file.name)}",)
    return Found(student, file, notes + facts.notes)


def repair(submission: NotebookNode, task: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Put a submission back into the form in which it was handed out, keeping only what the student may write.

    Text and metadata of every locked cell come from `task`, the gradable version of the source notebook; answers come
    from the submission. Cells that the student added stay after the cell they followed.

    Returns
    -------
    notebook, notes
        The notebook to run, and what was put back, one sentence each.
    """
    known = {grade_id(cell): cell for cell in task.cells if grade_id(cell)}
    answers, added, notes = _sort_cells(submission, known)
    cells = [*added.get("", [])]
    for name, original in known.items():
        cells.append(_restore(original, answers.get(name), notes))
        cells += added.get(name, [])
    notebook = from_dict({**task, "cells": cells})
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index}"
    if not any(name in answers for name, cell in known.items() if utils.is_solution(cell)):
        raise NotebookProblem("none of this set's cells is in it: is it the notebook of another set?")
    return notebook, notes


def _sort_cells(
    submission: NotebookNode, known: dict[str, NotebookNode]
) -> tuple[dict[str, NotebookNode], dict[str, list[NotebookNode]], list[str]]:
    answers: dict[str, NotebookNode] = {}
    added: dict[str, list[NotebookNode]] = {}
    notes: list[str] = []
    last = ""
    for cell in submission.cells:
        name = grade_id(cell)
        if name not in known:
            added.setdefault(last, []).append(_plain_cell(cell))
            if name:
                notes.append(f"cell {name!r} is not part of this set: run as an ordinary cell")
            continue
        if name in answers:
            notes.append(f"cell {name!r} stands there more than once: the last one that was filled in counts")
        if name not in answers or cell.source.strip() not in ("", known[name].source.strip()):
            answers[name] = cell
        last = name
    return answers, added, list(dict.fromkeys(notes))


def _restore(original: NotebookNode, submitted: NotebookNode | None, notes: list[str]) -> NotebookNode:
    name, cell = grade_id(original), from_dict(original)
    if submitted is None:
        notes.append(f"cell {name!r} was deleted: put back")
        if utils.is_solution(original):
            cell.source = ""
        return cell
    if submitted.cell_type != original.cell_type:
        notes.append(f"cell {name!r} had been turned into {submitted.cell_type}: turned back")
    theirs = submitted.metadata.get("nbgrader")
    if (is_test(original) or is_manual(original)) and theirs.get("points") != original.metadata.nbgrader.points:
        notes.append(f"the points of {name!r} had been changed: put back")
    if utils.is_solution(original):
        cell.source = _without_attachments(submitted)
        if is_manual(original) and cell.source != submitted.source:
            notes.append(f"a picture in cell {name!r} is left out: look at it in the notebook as handed in")
    elif is_test(original) and _visible(submitted.source) != _visible(original.source):
        notes.append(f"test cell {name!r} had been changed: put back")
    return cell


def _visible(source: str) -> str:
    """Return what students see of a test cell."""
    hidden = hidden_lines(source)
    lines = (line for number, line in enumerate(source.splitlines(), start=1) if number not in hidden)
    return "\n".join(line.rstrip() for line in lines).strip()


def _plain_cell(cell: NotebookNode) -> NotebookNode:
    return new_code_cell(cell.source) if cell.cell_type == "code" else new_markdown_cell(_without_attachments(cell))


def _without_attachments(cell: NotebookNode) -> str:
    """Return a cell's text; what it says of pictures stays as text, since formgrader stops at one that is not there."""
    return cell.source if cell.cell_type == "code" else re.sub(r"attachment:(?=\S)", "attachment: ", cell.source)
