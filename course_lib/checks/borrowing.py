"""Refuse an answer that is only borrowed from a module which the problem set asks students to write themselves."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any


def borrowed(names: tuple[str, ...], namespace: Mapping[str, Any], refuses: tuple[str, ...]) -> str | None:
    """Say whether an answer is, or calls, something imported from a module that the set refuses."""
    for name in names:
        answer = namespace.get(name)
        modules = [str(getattr(answer, "__module__", "") or "")]
        code = getattr(answer, "__code__", None)
        for used in code.co_names if code else ():
            value = getattr(answer, "__globals__", {}).get(used)
            modules.append(str(getattr(value, "__module__", None) or getattr(value, "__name__", "")))
        modules += imports_of(answer)
        if message := refusal(modules, refuses):
            return message
    return None


def refusal(modules: Iterable[str], refuses: tuple[str, ...]) -> str | None:
    """Return the sentence that refuses the first of `modules` that is, or lies in, a refused one.

    Examples
    --------
    >>> refusal(["numpy"], ("course_lib.reference",))
    >>> refusal(["course_lib.reference.losses"], ("course_lib.reference",))
    'this answer uses course_lib.reference.losses; the question asks you to write it yourself'
    """
    for module in modules:
        if any(module == refused or module.startswith(refused + ".") for refused in refuses):
            return f"this answer uses {module}; the question asks you to write it yourself"
    return None


def imports_of(answer: Any) -> list[str]:
    """List the modules that a function imports inside its own body; empty if its source is not at hand."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(answer)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return []
    return imported_modules(tree)


def imported_modules(tree: ast.AST) -> list[str]:
    """List the modules that a syntax tree imports, ``from a import b`` as both ``a`` and ``a.b``.

    Examples
    --------
    >>> imported_modules(ast.parse("import os.path; from math import pi"))
    ['os.path', 'math', 'math.pi']
    """
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found
