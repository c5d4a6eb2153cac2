"""Test cells of plain asserts: what they earn, and what of their errors may be shown."""

from __future__ import annotations

import math
import re

from nbformat import NotebookNode

from autograder.kernel import Run
from autograder.outputs import stopped

HIDDEN = "a hidden test failed"
BEGIN, END = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"
PLACE = re.compile(r"Cell In\[\d+\], line (\d+)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def earned(run: Run, most: float) -> float:
    """Return what a test cell's run earns: any error is 0, a last value in 0..max is partial credit, else it is max.

    Examples
    --------
    >>> earned(Run(), 2.0), earned(Run(problem="Timeout"), 2.0)
    (2.0, 0.0)
    """
    values = [out.data.get("text/plain", "") for out in run.outputs if out.output_type == "execute_result"]
    if run.error:
        return 0.0
    if not values:
        return most
    try:
        value = float(values[-1])
    except ValueError:
        return most
    return value if math.isfinite(value) and 0 <= value <= most else 0.0


def without_hidden_lines(outputs: list[NotebookNode], source: str) -> list[NotebookNode]:
    """Replace tracebacks, which show lines around the failing one, by that line; by less if it is a hidden one."""
    return [_short_error(output, source) if output.output_type == "error" else output for output in outputs]


def _short_error(output: NotebookNode, source: str) -> NotebookNode:
    place = PLACE.search(COLOUR.sub("", "\n".join(output.traceback)))
    number = int(place[1]) if place else 0
    lines = source.splitlines()
    if number in hidden_lines(source) or (not 0 < number <= len(lines) and BEGIN in source):
        return stopped(output.ename, HIDDEN, [HIDDEN])
    told = f"{output.ename}: {output.evalue}".rstrip(": ")
    at = [f"line {number}: {lines[number - 1].strip()}"] if 0 < number <= len(lines) else []
    return stopped(output.ename, output.evalue, [*at, told])


def hidden_lines(source: str) -> set[int]:
    r"""Return the numbers of the lines between nbgrader's marks of hidden tests.

    Examples
    --------
    >>> sorted(hidden_lines("f(1)\n### BEGIN HIDDEN TESTS\nf(2)\n### END HIDDEN TESTS\nf(3)"))
    [2, 3, 4]
    """
    found, hidden = set(), False
    for number, line in enumerate(source.splitlines(), start=1):
        hidden = hidden or BEGIN in line
        if hidden:
            found.add(number)
        hidden = hidden and END not in line
    return found
