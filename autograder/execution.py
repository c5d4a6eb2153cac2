"""One submission in, one graded notebook and its record out: a function of bytes.

The student's cells run in a kernel of their own. A test cell is not run there: its question is graded here, by asking
that kernel to answer the question's cases and comparing the plain values that come back. Test cells that belong to no
question of ``questions.py`` (plain asserts written by an instructor) run in a process of their own that reaches the
student's functions and values over the wall (:mod:`autograder.proxies`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from nbformat import NotebookNode, from_dict
from nbgrader import utils

from autograder import __version__
from autograder.intake import repair
from autograder.isolation import best_level
from autograder.kernel import Limits, Setting
from autograder.notebooks import (
    NotebookProblem,
    gradable,
    grade_id,
    is_manual,
    is_test,
    read_notebook,
    write_compactly,
)
from autograder.outputs import last_value, printed, stopped
from autograder.plain_tests import earned, without_hidden_lines
from autograder.plans import Plan, is_helper, make_plan
from autograder.questions import FreeText, ProblemSet, Question, QuestionResult, load_set
from autograder.records import Record
from autograder.release import public_checks, read_source, write_checks
from autograder.session import Session
from course_lib.checks import Outcome

LARGE = ("matplotlib.pyplot", "scipy.special", "sympy")


@dataclass(frozen=True)
class Task:
    """What submissions to one set are graded by."""

    problem_set: ProblemSet
    notebook: NotebookNode
    files: Mapping[str, bytes]
    source_hash: str
    plan: Plan


@dataclass(frozen=True)
class Graded:
    """A record, and the graded notebook as bytes (empty if the submission was quarantined)."""

    record: Record
    notebook: bytes = b""


@lru_cache(maxsize=16)
def load_task(folder: Path) -> Task:
    """Load a set from ``solutions/NN_topic/``: once a process."""
    problem_set, source = load_set(folder), read_source(folder)
    files = {"checks.json": write_checks(public_checks(problem_set))}
    own = {f"{problem_set.name}.ipynb", "questions.py"}
    files |= {f.name: f.read_bytes() for f in sorted(folder.iterdir()) if f.is_file() and f.name not in own}
    digest = hashlib.sha256()
    for name in sorted(f.name for f in folder.iterdir() if f.is_file()):
        digest.update(name.encode() + b"\0" + (folder / name).read_bytes())
    plan = make_plan(source, problem_set.questions, problem_set.shared, problem_set.tests_beside)
    return Task(problem_set, gradable(source), files, digest.hexdigest(), plan)


def grade(student: str, submission: bytes, task: Task, limits: Limits | None = None, level: str = "") -> Graded:
    """Grade one submission, at the strongest isolation level of the machine unless another is named.

    Whatever the submission is or does, the result is a graded notebook with its record, or a record that names the
    reason for quarantine.
    """
    began = time.monotonic()
    level = level or best_level()
    facts = _Facts(student, task.problem_set.name, hashlib.sha256(submission).hexdigest(), task.source_hash, level)
    try:
        notebook, notes = repair(read_notebook(submission), task.notebook)
    except NotebookProblem as problem:
        return Graded(facts.record(quarantine=str(problem)))
    setting = Setting(limits or Limits(), task.files, task.problem_set.refuses, modules_for(notebook))
    with Session(level, setting, task.plan) as kernel:
        results = _run_notebook(notebook, task.problem_set, kernel)
    manual = _manual_answers(notebook, task)
    _insert_rubrics(notebook, task.problem_set)
    notes = [*notes, *kernel.notes]
    record = facts.record(questions=results, manual=manual, notes=tuple(notes), seconds=time.monotonic() - began)
    return Graded(record, write_compactly(notebook))


def modules_for(notebook: NotebookNode) -> tuple[str, ...]:
    """Return the large modules that a submission's process should have from the start: all of them if it names one.

    Examples
    --------
    >>> modules_for(from_dict({"cells": [{"cell_type": "code", "source": "import numpy as np"}]}))
    ()
    """
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return LARGE if any(name.partition(".")[0] in code for name in LARGE) else ()


def _manual_answers(notebook: NotebookNode, task: Task) -> tuple[tuple[str, float, str], ...]:
    """List the questions graded by hand with their points and answers, an untouched one as an empty text."""
    handed_out = {grade_id(cell): cell.source.strip() for cell in task.notebook.cells}
    return tuple(
        (name, float(cell.metadata.nbgrader.points), "" if cell.source.strip() == handed_out[name] else cell.source)
        for cell in notebook.cells
        if is_manual(cell) and (name := grade_id(cell))
    )


@dataclass(frozen=True)
class _Facts:
    student: str
    set_name: str
    submission_hash: str
    source_hash: str
    sandbox: str

    def record(self, **results: object) -> Record:
        facts = {"submission_hash": self.submission_hash, "source_hash": self.source_hash, "sandbox": self.sandbox}
        return Record(self.student, self.set_name, **facts, engine=__version__, **results)  # type: ignore[arg-type]


def _run_notebook(notebook: NotebookNode, problem_set: ProblemSet, kernel: Session) -> tuple[QuestionResult, ...]:
    """Run all cells in order, then ask the public cases, run plain test cells, and ask the hidden cases last.

    What hidden cases reveal to an answer so comes too late to be printed.
    """
    errors: dict[str, str] = {}
    results: dict[str, QuestionResult] = {}
    tests = []
    for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1):
        cell.execution_count, name = count, grade_id(cell)
        if not is_test(cell):
            _run_cell(cell, kernel, errors)
            if is_helper(cell) and name in kernel.plan.helpers:
                kernel.help(name, cell.source)
            continue
        tests.append(cell)
        known = problem_set.questions.get(name)
        kernel.mark(name, known.names if known else kernel.needs(cell.source))
    asked = {
        name: Asked(problem_set.questions[name], kernel)
        for name in map(grade_id, tests)
        if name in problem_set.questions
    }
    for question in asked.values():
        question.ask(hidden=False)
    for cell in tests:
        if grade_id(cell) not in asked:
            results[grade_id(cell)] = _grade_plain(cell, kernel)
    for question in asked.values():
        question.ask(hidden=True)
    for cell in tests:
        if grade_id(cell) in asked:
            results[grade_id(cell)] = _grade_cell(cell, asked[grade_id(cell)], errors.get(grade_id(cell), ""))
    return tuple(results[grade_id(cell)] for cell in tests)


def _run_cell(cell: NotebookNode, kernel: Session, errors: dict[str, str]) -> None:
    run = kernel.run(cell.source)
    cell.outputs = run.outputs if not run.problem else [*run.outputs, _error_output(run.problem)]
    if run.error and utils.is_solution(cell):
        errors[grade_id(cell).removesuffix("_answer")] = run.error


class Asked:
    """The outcomes of a question's cases; none is asked any more once one ran out of time or ended the process."""

    def __init__(self, question: Question, kernel: Session) -> None:
        self.question, self.kernel = question, kernel
        self.outcomes: dict[int, Outcome] = {}
        self.late: Outcome | None = None

    def ask(self, hidden: bool) -> None:
        """Ask the public or the hidden cases."""
        for case in self.question.cases:
            if case.hidden == hidden:
                outcome = self.late or self.kernel.ask(case, self.question.name)
                self.late = outcome if self.kernel.lost or outcome.error.startswith("Timeout") else None
                self.outcomes[id(case)] = outcome

    def result(self) -> QuestionResult:
        """Score the outcomes; 0 if they cannot be compared."""
        try:
            return self.question.grade(lambda case: self.outcomes[id(case)])
        except Exception as error:
            problem = f"the answer could not be compared ({type(error).__name__})"
            return QuestionResult(self.question.name, 0.0, self.question.points, problem=problem)


def _grade_cell(cell: NotebookNode, asked: Asked, error: str) -> QuestionResult:
    result = _with_problem(asked.result(), error)
    cell.outputs = [printed(summary(result)), last_value(repr(float(result.points)), cell.execution_count)]
    return result


def _with_problem(result: QuestionResult, problem: str) -> QuestionResult:
    return replace(result, problem=f"the answer's cell stopped with {problem}") if problem else result


def _grade_plain(cell: NotebookNode, kernel: Session) -> QuestionResult:
    """Grade a test cell of asserts."""
    run = kernel.test(cell.source, grade_id(cell))
    run.outputs = without_hidden_lines(run.outputs, cell.source)
    cell.outputs = run.outputs if not run.problem else [*run.outputs, _error_output(run.problem)]
    most = float(cell.metadata.nbgrader.points)
    return QuestionResult(grade_id(cell), earned(run, most), most, problem=run.error)


def summary(result: QuestionResult) -> str:
    """Write a question's result as a few lines of text, as they stand in the graded notebook."""
    lines = [f"{result.name}: {result.points:g} of {result.max_points:g} points, "
             f"{result.passed} of {len(result.cases)} tests passed"]  # fmt: skip
    if result.problem:
        lines.append(f"  {result.problem}")
    lines += [f"  {case.description}: {case.message}" for case in result.cases if case.message]
    lines += [f"  This is what one gets with: {m.name}. {m.hint}" for m in result.misconceptions]
    return "\n".join(lines) + "\n"


def _error_output(problem: str) -> NotebookNode:
    kind, _, text = problem.partition(": ")
    return stopped(kind, text, [problem])


def _insert_rubrics(notebook: NotebookNode, problem_set: ProblemSet) -> None:
    """Show the rubric above each question graded by hand, for whoever grades it in formgrader."""
    by_name = {question.name: question for question in problem_set.free_text}
    cells: list[NotebookNode] = []
    for cell in notebook.cells:
        if grade_id(cell) in by_name:
            body = {"cell_type": "markdown", "metadata": {}, "source": _rubric(by_name[grade_id(cell)])}
            cells.append(from_dict({**body, "id": f"rubric-{len(cells)}"}))
        cells.append(cell)
    notebook.cells = cells


def _rubric(question: FreeText) -> str:
    rows = "\n".join(f"- {points:g}: {criterion}" for points, criterion in question.rubric)
    return f"**Rubric ({question.points:g} points)**\n\n{rows}\n\n*Model answer.* {question.model_answer}"
