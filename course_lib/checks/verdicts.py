"""From outcome to verdict: does it pass, what is wrong, and which misconception gives exactly this?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.checks.cases import Case, Outcome
from course_lib.checks.compare import compare
from course_lib.checks.expressions import same_function, values_at

EXPRESSION_POINTS = np.array([0.5, 1.25, 2.0, 3.75])


def _formula(expected: Any, got: Any, rtol: float, atol: float) -> str | None:
    return same_function(expected, got)


def _formula_values(expected: Any, got: Any, rtol: float, atol: float) -> str | None:
    """As "formula", but compares values at a few points only, so that what is published gives no formula away."""
    values = values_at(got, EXPRESSION_POINTS)
    if isinstance(values, str):
        return values
    message = compare(published("formula values", expected), values, rtol, atol)
    return f"as a function of x, at x = {EXPRESSION_POINTS.tolist()}: {message}" if message else None


COMPARISONS: dict[str, Callable[[Any, Any, float, float], str | None]] = {
    "values": compare,
    "formula": _formula,
    "formula values": _formula_values,
}


def published(comparison: str, value: Any) -> Any:
    """Return the form in which an expected value may stand in ``checks.json``: a formula as numbers."""
    if comparison == "formula values" and isinstance(value, str):
        values = values_at(value, EXPRESSION_POINTS)
        return None if isinstance(values, str) else values
    return value


@dataclass(frozen=True)
class Misconception:
    """A named wrong answer that students really give, with a hint that does not give the right one away.

    Examples
    --------
    >>> Misconception("squares", "What is the difference between x + x and x · x?").name
    'squares'
    """

    name: str
    hint: str


def verdict(case: Case, expected: Any, outcome: Outcome) -> str | None:
    """Return what is wrong with an outcome, as one message, or ``None`` if the case passes.

    Examples
    --------
    >>> verdict(Case("f(2)"), 4.0, Outcome(value=3.0))
    'expected 4, got 3'
    """
    if outcome.error:
        return outcome.error + (f" (at: {outcome.line})" if outcome.line else "")
    if message := COMPARISONS[case.comparison](expected, outcome.value, case.rtol, case.atol):
        return message
    if outcome.changed and case.mutation == "forbidden":
        return f"the answer is right, but its argument {outcome.changed[0]} was changed: work on a copy"
    if outcome.warned and case.warnings == "forbidden":
        return f"the answer is right, but NumPy warned: {outcome.warned[0]}"
    return None


def recognise(
    cases: Sequence[Case],
    failures: Sequence[str | None],
    outcomes: Sequence[Outcome],
    known: Sequence[tuple[Misconception, Sequence[Outcome | None]]],
) -> list[Misconception]:
    """Name the misconceptions that explain an answer's failures, the one that explains most first.

    `known` holds each misconception with its own outcomes, ``None`` in the cases that it passes. One explains an answer
    if the answer fails in the same way wherever the misconception does. A further one is named only if it explains a
    failure that those before it do not.

    Examples
    --------
    >>> case, squares = Case("double(x)", {"x": 3}), Misconception("squares", "What is 2x for x = 3?")
    >>> [m.name for m in recognise([case], ["expected 6, got 9"], [Outcome(9)], [(squares, [Outcome(9)])])]
    ['squares']
    """
    explained: list[tuple[set[int], Misconception]] = []
    for misconception, typical in known:
        deviates = {i for i, theirs in enumerate(typical) if theirs is not None}
        if deviates and all(failures[i] and _alike(cases[i], outcomes[i], typical[i]) for i in deviates):
            explained.append((deviates, misconception))
    named, covered = [], set[int]()
    for deviates, misconception in sorted(explained, key=lambda row: -len(row[0])):
        if deviates - covered:
            named.append(misconception)
            covered |= deviates
    return named


def _alike(case: Case, got: Outcome, theirs: Outcome | None) -> bool:
    if theirs is None:
        return True
    if got.error or theirs.error:
        return got.error.partition(":")[0] == theirs.error.partition(":")[0]
    if bool(got.changed) != bool(theirs.changed) and case.mutation == "forbidden":
        return False
    if case.comparison.startswith("formula"):
        typical, found = (published("formula values", outcome.value) for outcome in (theirs, got))
        both = isinstance(typical, np.ndarray) and isinstance(found, np.ndarray)
        return both and compare(typical, found, 1e-7) is None
    # what only warns has the right value: one that is slightly wrong, and silent, is another mistake
    both_warned = bool(got.warned) == bool(theirs.warned)
    return compare(theirs.value, got.value, max(case.rtol, 1e-7) if both_warned else case.rtol, case.atol) is None
