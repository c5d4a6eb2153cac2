"""Notebooks as data: read, write, and the two versions that nbgrader makes of a source notebook."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import (
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from nbgrader.preprocessors.base import NbGraderPreprocessor
from traitlets.config import Config

STUB = "raise NotImplementedError"
TEXT_STUB = "Write your answer here."
MAX_CELLS, MAX_PARTS = 2_000, 500_000


class NotebookProblem(Exception):
    """A notebook that cannot be used; the message says why and what to do."""


def read_notebook(data: bytes) -> NotebookNode:
    """Read a notebook of nbformat 3 or 4 from bytes and return it as nbformat 4.

    Raises
    ------
    NotebookProblem
        If it is not UTF-8, not JSON, not a notebook, of a version that is not known, or larger than any that is written
        by hand.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotebookProblem(f"not UTF-8 text (byte {error.start}): the file is damaged or not a notebook") from None
    if (parts := data.count(b"{") + data.count(b"[")) > MAX_PARTS:
        raise NotebookProblem(f"{parts:,} lists and dicts, more than {MAX_PARTS:,}: clear its outputs")
    try:
        body = json.loads(text)
    except RecursionError:
        raise NotebookProblem("JSON nested too deeply to be a notebook") from None
    except ValueError as error:
        raise NotebookProblem(f"broken JSON ({error}): the file was cut off or edited by hand") from None
    version = body.get("nbformat") if isinstance(body, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise NotebookProblem("JSON, but not a notebook (no nbformat)")
    if version not in (3, 4):
        raise NotebookProblem(f"nbformat {version} is not supported: save it as nbformat 4")
    cells = body.get("cells")
    if isinstance(cells, list) and len(cells) > MAX_CELLS:
        raise NotebookProblem(f"{len(cells):,} cells, more than {MAX_CELLS:,}: remove those that are not needed")
    return _as_version_4(text)


def _as_version_4(text: str) -> NotebookNode:
    try:
        with warnings.catch_warnings():  # about ids that are missing or stand twice: repair gives new ones
            warnings.simplefilter("ignore")
            notebook = nbformat.reads(text, as_version=4)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise NotebookProblem(f"not a valid notebook ({reason})") from None
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(_is_cell(cell) for cell in cells):
        raise NotebookProblem("not a valid notebook (its cells are damaged)")
    for cell in cells:
        cell.source = without_surrogates(cell.source)
    return notebook


def without_surrogates(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON can hold but UTF-8 cannot."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _is_cell(cell: Any) -> bool:
    return (
        isinstance(cell, dict)
        and cell.get("cell_type") in ("code", "markdown", "raw")
        and isinstance(cell.get("source"), str)
        and isinstance(cell.get("metadata"), dict)
    )


def write_notebook(notebook: NotebookNode) -> bytes:
    """Write a notebook as nbformat 4 in a form that does not depend on when or where."""
    return (nbformat.writes(notebook, version=4).rstrip("\n") + "\n").encode("utf-8", errors="replace")


def write_compactly(notebook: NotebookNode) -> bytes:
    """Write a notebook as nbformat 4 without line breaks: several times faster."""
    text = json.dumps(notebook, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return (text + "\n").encode("utf-8", errors="replace")


def grade_id(cell: NotebookNode) -> str:
    """Return a cell's nbgrader id, or an empty string."""
    metadata = cell.metadata.get("nbgrader")
    found = metadata.get("grade_id", "") if isinstance(metadata, dict) else ""
    return found if isinstance(found, str) else ""


def is_test(cell: NotebookNode) -> bool:
    """Whether a cell is graded by running it."""
    return cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell)


def is_manual(cell: NotebookNode) -> bool:
    """Whether a cell is graded by hand."""
    return bool(utils.is_task(cell) or (utils.is_grade(cell) and utils.is_solution(cell)))


def released(source: NotebookNode) -> NotebookNode:
    """Return the version that students get: no solutions, no hidden tests, no mark schemes, no outputs."""
    steps = (LockCells, ClearSolutions, ClearOutput, ClearHiddenTests, ClearMarkScheme, ComputeChecksums)
    return _processed(source, steps)


def gradable(source: NotebookNode) -> NotebookNode:
    """Return the version that is graded: as released, with the hidden tests."""
    return _processed(source, (LockCells, ClearSolutions, ClearOutput, ComputeChecksums))


def _processed(source: NotebookNode, steps: Iterable[type[NbGraderPreprocessor]]) -> NotebookNode:
    stubs = {"code_stub": {"python": STUB}, "text_stub": TEXT_STUB, "enforce_metadata": False}
    config = Config({"ClearSolutions": stubs})
    notebook = nbformat.from_dict(source)
    resources: dict[str, Any] = {}
    for step in steps:
        notebook, resources = step(config=config).preprocess(notebook, resources)
        if step is ClearSolutions:
            _drop_bare_stubs(notebook)
    return notebook


def _drop_bare_stubs(notebook: NotebookNode) -> None:
    """Remove stubs outside functions, which would stop the cell: what stands before them is the stub already."""
    for cell in notebook.cells:
        if utils.is_solution(cell) and cell.cell_type == "code":
            cell.source = "\n".join(line for line in cell.source.splitlines() if line != STUB)
