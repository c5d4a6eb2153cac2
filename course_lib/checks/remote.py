"""The student's side of grading: answer one case with plain data, and keep refused modules out of reach."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from course_lib.checks.borrowing import refusal
from course_lib.checks.cases import run_case
from course_lib.checks.student import case_from_json
from course_lib.checks.values import dumps

_marks: dict[str, dict[str, Any]] = {}


def mark(question: str, names: Sequence[str], namespace: Mapping[str, Any]) -> None:
    """Remember what a question's names stand for now, at its test cell: cells below may use them otherwise."""
    _marks[question] = {name: namespace[name] for name in names if name in namespace}


def marked(question: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Return `namespace` with a question's names as they were when marked."""
    return {**namespace, **_marks.get(question, {})}


def answer(case: str, namespace: Mapping[str, Any], question: str = "") -> str:
    """Run a case, given as JSON, on the names of `namespace`; return its outcome as JSON.

    Examples
    --------
    >>> answer('{"code": "double(x)", "inputs": {"x": 3}}', {"double": lambda x: 2 * x})[:32]
    '{"dict":[["value",6],["error",""'
    """
    return dumps(run_case(case_from_json(json.loads(case)), marked(question, namespace)).to_plain())


class _Refuser(MetaPathFinder):
    def __init__(self, refuses: tuple[str, ...]) -> None:
        self.refuses = refuses

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if message := refusal([fullname], self.refuses):
            raise ImportError(message)
        return None


def refuse(modules: Sequence[str]) -> None:
    """Make importing any of `modules`, or what lies in them, an ImportError that says why."""
    sys.meta_path.insert(0, _Refuser(tuple(modules)))
