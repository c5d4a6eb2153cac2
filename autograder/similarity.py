"""Which submissions look alike: a hint that somebody should read both, never a proof of anything.

Answers are compared as fragments of their syntax trees, with every name that the answer itself gives replaced by its
kind, so that renaming variables, comments and layout make no difference. A fragment that many students share counts
little: short functions have few right answers, and two honest students write the same one.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

THRESHOLD = 0.8
MIN_FRAGMENTS = 40
MIN_WEIGHT = 15.0
LENGTH = 6


@dataclass(frozen=True)
class Pair:
    """Two submissions, their similarity in 0..1, and how many fragments they share."""

    first: str
    second: str
    similarity: float
    shared: int


def fragments(source: str) -> frozenset[Hashable]:
    r"""Return the runs of `LENGTH` neighbouring nodes of a source's normalised syntax tree; none if it is not Python.

    Examples
    --------
    >>> fragments("def f(a):\n    return a * a  # square") == fragments("def f(number): return number * number")
    True
    >>> fragments("not python at all")
    frozenset()
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the student's source, as on "\\d" outside a raw string
            tokens = list(_tokens(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    return frozenset(tuple(tokens[i : i + LENGTH]) for i in range(len(tokens) - LENGTH + 1))


def _tokens(tree: ast.AST) -> Iterator[str]:
    """Walk a tree in order: node kinds, attribute names, constants; names bound by the answer are all the same."""
    own = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if _is_docstring(node) or isinstance(node, ast.expr_context):
            continue
        yield type(node).__name__ + _label(node, own)
        stack.extend(reversed(list(ast.iter_child_nodes(node))))


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _label(node: ast.AST, own: set[str]) -> str:
    if isinstance(node, ast.Name):
        return ":" + ("_" if node.id in own else node.id)
    if isinstance(node, ast.Attribute):
        return f":{node.attr}"
    return f":{node.value!r}" if isinstance(node, ast.Constant) else ""


def similar_pairs(answers: Mapping[str, Sequence[str]], threshold: float = THRESHOLD, most: int = 50) -> list[Pair]:
    r"""Return the pairs of students whose answers share most of their rarer fragments, the most alike first.

    The measure is a weighted Jaccard index, shared weight over total weight, in which a fragment that `d` of `n`
    students have weighs ``log((n + 1) / d)`` (inverse document frequency, Spärck Jones 1972). Submissions of fewer than
    `MIN_FRAGMENTS` fragments are too short to compare, and pairs whose shared fragments weigh less than `MIN_WEIGHT`
    share only what most of the class has.

    Parameters
    ----------
    answers
        Source texts of each student's own cells; a cell that is not Python does not count.
    threshold
        Least similarity to be listed.
    most
        How many pairs to list at most.

    Examples
    --------
    >>> code = "def f(x):\n" + "\n".join(f"    y{i} = x ** {i} + {i}" for i in range(20)) + "\n    return y19"
    >>> [(pair.first, pair.second) for pair in similar_pairs({"a": [code], "b": [code.replace("y", "z")], "c": []})]
    [('a', 'b')]
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    found = {student: frozenset[Hashable]().union(*map(fragments, cells)) for student, cells in answers.items()}
    sets = {student: theirs for student, theirs in found.items() if len(theirs) >= MIN_FRAGMENTS}
    counts = Counter(fragment for theirs in sets.values() for fragment in theirs)
    if len(sets) < 2:
        return []
    column = {fragment: j for j, fragment in enumerate(counts)}
    weight = np.array([math.log((len(sets) + 1) / count) for count in counts.values()])
    places = [column[fragment] for theirs in sets.values() for fragment in theirs]
    starts = np.cumsum([0, *map(len, sets.values())])
    has = csr_matrix((np.ones(len(places)), places, starts), shape=(len(sets), len(column)))
    common, number = (has.multiply(weight) @ has.T).toarray(), (has @ has.T).toarray()
    own = common.diagonal()
    alike = common / (own[:, None] + own[None, :] - common)
    students = list(sets)
    rows, columns = np.nonzero(np.triu((alike >= threshold) & (common >= MIN_WEIGHT), k=1))
    first = np.argsort(-alike[rows, columns], kind="stable")[:most]
    return [
        Pair(students[i], students[j], min(1.0, float(alike[i, j])), int(number[i, j]))
        for i, j in zip(rows[first].tolist(), columns[first].tolist(), strict=True)
    ]
