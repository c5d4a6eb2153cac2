"""What test cells of plain asserts need of the instructor's notebook when they run apart from the student's code."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from nbformat import NotebookNode
from nbgrader import utils

from autograder.notebooks import grade_id, is_test


@dataclass(frozen=True)
class Plan:
    """What stands on the trusted side before the first test cell runs.

    Parameters
    ----------
    imports
        Import statements of the instructor's notebook whose names the test cells use.
    helpers
        Ids of the locked cells that define what test cells use.
    theirs
        Names that students define: those that cells which are not locked give a meaning to, other than by an import.
        All other names mean in a test cell what Python and the instructor's notebook say.
    classes
        Classes among them.
    beside
        Whether test cells run in the student's own process instead, where an answer can forge them.
    """

    imports: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    theirs: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    beside: bool = False


def make_plan(source: NotebookNode, questions: Iterable[str], shared: Iterable[str] = (), beside: bool = False) -> Plan:
    """Plan the test cells of a source notebook, solutions included, that belong to none of `questions`.

    `shared` are names of locked cells that are taken from the student's process.
    """
    cells = [cell for cell in source.cells if cell.cell_type == "code"]
    known = set(questions)
    needed = set[str]().union(*(names_in(c.source) for c in cells if is_test(c) and grade_id(c) not in known))
    helpers: list[str] = []
    for cell in reversed(cells):
        if is_helper(cell) and bound_names(cell.source) & needed:
            helpers.insert(0, grade_id(cell))
            needed |= names_in(cell.source)
    statements = [text for cell in cells if not is_test(cell) for text in _imports(cell.source)]
    imports = tuple(dict.fromkeys(text for text in statements if bound_names(text) & needed))
    answers = [cell.source for cell in cells if not is_test(cell) and not is_helper(cell)]
    theirs = set(shared).union(*map(bound_names, answers)).difference(*map(bound_names, imports))
    defined = {n.name for cell in cells for n in ast.walk(parse(cell.source)) if isinstance(n, ast.ClassDef)}
    return Plan(imports, tuple(helpers), frozenset(theirs), frozenset(defined & theirs), beside)


def is_helper(cell: NotebookNode) -> bool:
    """Whether a cell is locked code of the instructor's that is no test."""
    return cell.cell_type == "code" and utils.is_locked(cell) and not utils.is_grade(cell)


def parse(source: str) -> ast.Module:
    """Parse a cell of IPython; an empty module if it is not Python."""
    try:
        return ast.parse(source)
    except SyntaxError:
        pass
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return ast.Module([], [])


def names_in(source: str) -> set[str]:
    """Return the names that a cell of Python uses; none if it is not Python.

    Examples
    --------
    >>> sorted(names_in("assert double(x) == 4"))
    ['double', 'x']
    """
    return {node.id for node in ast.walk(parse(source)) if isinstance(node, ast.Name)}


def bound_names(source: str) -> set[str]:
    r"""Return the names that a cell of Python gives a meaning to, outside functions and classes.

    Examples
    --------
    >>> sorted(bound_names("import os.path\nx, y = 1, 2\ndef f(z):\n    w = z"))
    ['f', 'os', 'x', 'y']
    """
    found, left = set[str](), list[ast.AST](parse(source).body)
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        left += ast.iter_child_nodes(node)
    return found


def _imports(source: str) -> list[str]:
    """List the import statements of a cell, outside functions and classes."""
    statements = (node for node in parse(source).body if isinstance(node, ast.Import | ast.ImportFrom))
    return [ast.unparse(node) for node in statements]
