"""Answers as source text: taken from functions and classes, and run in a namespace of their own."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

Answer = Callable[..., Any] | type | str


def source_of(answer: Answer) -> str:
    """Return the source text of an answer: a string as it is, a function or class without its decorators."""
    if isinstance(answer, str):
        return textwrap.dedent(answer).strip() + "\n"
    text = textwrap.dedent(inspect.getsource(answer))
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    return "\n".join(text.splitlines()[node.lineno - 1 :]) + "\n"


def run_source(source: str) -> dict[str, Any]:
    """Execute source text of the course's own and return its namespace."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, "<answer>", "exec"), namespace)
    return namespace
