"""From ``solutions/NN_topic/`` to ``exercises/NN_topic/``: the notebook without solutions, and ``checks.json``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from nbformat import NotebookNode

from autograder.notebooks import grade_id, is_manual, is_test, read_notebook, released, write_notebook
from autograder.questions import CourseProblem, ProblemSet, Question, load_set
from course_lib.checks.student import FORMAT, case_to_json
from course_lib.checks.values import to_json
from course_lib.checks.verdicts import published

EXPECTED_DIGITS, TYPICAL_DIGITS = 12, 9
PRIVATE = ("questions.py", "__pycache__", ".ipynb_checkpoints")


def read_source(folder: str | Path) -> NotebookNode:
    """Read the source notebook of a folder ``solutions/NN_topic``."""
    file = Path(folder) / f"{Path(folder).resolve().name}.ipynb"
    if not file.is_file():
        raise CourseProblem(f"{file} is missing")
    return read_notebook(file.read_bytes())


def release_set(source: str | Path, target: str | Path) -> list[str]:
    """Write the released version of the set in folder `source` to folder `target`; return the names written.

    Files beside the notebook (data a question needs) are copied. Nothing is written when `target` is up to date.
    """
    source, target = Path(source), Path(target)
    problem_set = load_set(source)
    notebook = read_source(source)
    check_agreement(problem_set, notebook)
    files = {
        f"{problem_set.name}.ipynb": write_notebook(released(notebook)),
        "checks.json": write_checks(public_checks(problem_set)),
    }
    for extra in sorted(source.iterdir()):
        if extra.name not in PRIVATE and extra.name not in files and extra.is_file():
            files[extra.name] = extra.read_bytes()
    target.mkdir(parents=True, exist_ok=True)
    _remove_others(target, set(files))
    changed = [name for name, data in files.items() if not _holds(target / name, data)]
    for name in changed:
        (target / name).write_bytes(files[name])
    return changed


def _holds(file: Path, data: bytes) -> bool:
    return file.is_file() and file.read_bytes() == data


def _remove_others(folder: Path, keep: set[str]) -> None:
    for entry in folder.iterdir():
        if entry.name not in keep:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def check_agreement(problem_set: ProblemSet, source: NotebookNode) -> None:
    """Raise CourseProblem unless every question of ``questions.py`` stands in the notebook, with the same points."""
    graded = {
        grade_id(cell): cell.metadata.nbgrader.points for cell in source.cells if is_test(cell) or is_manual(cell)
    }
    asked = {question.name: question.points for question in problem_set.questions.values()}
    asked |= {question.name: question.points for question in problem_set.free_text}
    for name, points in asked.items():
        if graded.get(name) != points:
            raise CourseProblem(
                f"{problem_set.name}: {name} has {graded.get(name, 'no')} points in the notebook "
                f"and {points} in questions.py"
            )


def public_checks(problem_set: ProblemSet) -> dict[str, Any]:
    """Compile the public cases: inputs, expected values, and the values that each misconception gives."""
    questions = {question.name: _public_question(question) for question in problem_set.questions.values()}
    return {"format": FORMAT, "set": problem_set.name, "refuses": list(problem_set.refuses), "questions": questions}


def _public_question(question: Question) -> dict[str, Any]:
    public = [i for i, case in enumerate(question.cases) if not case.hidden]
    cases = []
    for i in public:
        expected = published(question.cases[i].comparison, question.expected[i])
        cases.append({**case_to_json(question.cases[i]), "expected": to_json(rounded(expected, EXPECTED_DIGITS))})
    misconceptions = [
        {"name": m.name, "hint": m.hint, "outcomes": [_public_outcome(question, typical, i) for i in public]}
        for m, typical in question.known
        if any(typical[i] is not None for i in public)
    ]
    return {"names": list(question.names), "cases": cases, "misconceptions": misconceptions}


def _public_outcome(question: Question, typical: list[Any], i: int) -> Any:
    if typical[i] is None:
        return None
    body = typical[i].to_plain()
    body["value"] = published(question.cases[i].comparison, body["value"])
    return to_json(rounded({**body, "line": ""}, TYPICAL_DIGITS))


def rounded(value: Any, digits: int) -> Any:
    """Round every float in a plain value to `digits` significant digits.

    The last bits of NumPy's functions differ between processors; without them a release is the same everywhere.

    Examples
    --------
    >>> rounded([1 / 3, {"a": 2}], 4)
    [0.3333, {'a': 2}]
    """
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(rounded(item, digits) for item in value)
    if isinstance(value, np.ndarray | np.floating) and value.dtype.kind == "f":
        shortened = [float(f"{item:.{digits}g}") for item in np.asarray(value).reshape(-1).tolist()]
        return np.array(shortened, dtype=value.dtype).reshape(value.shape)[()]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def write_checks(checks: dict[str, Any]) -> bytes:
    """Write checks as JSON, one case a line, so that a change shows in a diff."""
    questions = []
    for name, body in checks["questions"].items():
        rows = ",\n   ".join(_line(case) for case in body["cases"])
        known = ",\n   ".join(_line(entry) for entry in body["misconceptions"])
        questions.append(
            f'  {_line(name)}: {{\n  "names": {_line(body["names"])},\n  "cases": [\n   {rows}\n  ],\n'
            f'  "misconceptions": [\n   {known}\n  ]\n  }}'
        )
    head = ",\n".join(f" {_line(key)}: {_line(checks[key])}" for key in ("format", "set", "refuses"))
    return ("{\n" + head + ',\n "questions": {\n' + ",\n".join(questions) + "\n }\n}\n").encode("utf-8")


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
