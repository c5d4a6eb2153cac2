"""What every kind of student's process offers: run a cell, answer a case, end."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from nbformat import NotebookNode

from course_lib.checks import Case, Outcome

KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")  # the grader's environment


@dataclass(frozen=True)
class Limits:
    """Seconds that starting, one cell, one case, an interrupt, a forced end and the whole notebook may take.

    Time in which a student's process waited for a processor of a busy machine is not counted against cells and cases,
    up to :data:`autograder.patience.PATIENCE` times their limit.
    """

    start: float = 60.0
    cell: float = 30.0
    case: float = 10.0
    interrupt: float = 3.0
    stop: float = 10.0
    total: float = 600.0


@dataclass
class Run:
    """What running a piece of source gave; `problem` is empty unless it was stopped."""

    outputs: list[NotebookNode] = field(default_factory=list)
    reply: dict[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def error(self) -> str:
        """The exception as one line, or what stopped the run."""
        for output in self.outputs:
            if output.output_type == "error":
                return f"{output.ename}: {output.evalue}"[:500].rstrip(": ")
        return self.problem


@dataclass(frozen=True)
class Setting:
    """What a student's process starts with: limits, files in its folder, modules it may not import, modules it has."""

    limits: Limits = field(default_factory=Limits)
    files: Mapping[str, bytes] = field(default_factory=dict)
    refuses: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


class Kernel(Protocol):
    """A student's process; a context manager, leaving it ends the process and all that it started."""

    problem: str  # why the process is of no more use; empty as long as it is

    def __enter__(self) -> Kernel:
        """Start the process."""

    def __exit__(self, *_: object) -> None:
        """End it."""

    def run(self, source: str) -> Run:
        """Run a cell and return its outputs."""

    def mark(self, question: str, names: Sequence[str]) -> None:
        """Have the process remember what a question's names stand for now."""

    def ask(self, case: Case, question: str) -> Outcome:
        """Have the process answer a case of a question; no cell is run afterwards."""

    def test(self, source: str, question: str) -> Run:
        """Run a test cell of asserts on a question's names; no cell is run afterwards."""


def remove_folder(folder: str) -> None:
    """Remove a student's folder, in which folders may be nested without end and closed to everybody."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]) if os.path.lexists(folder) else ():
        subprocess.run([*command, folder], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def new_kernel(level: str, setting: Setting) -> Kernel:
    """Make a student's process of an isolation level (:mod:`autograder.isolation`)."""
    if level == "stock":
        from autograder.stock_kernel import StockKernel

        return StockKernel(setting)
    from autograder.forked_kernel import ForkedKernel

    return ForkedKernel(level, setting)
