"""What may be told to a student, and in which words.

The message of a hidden test is partly in the student's hands: an answer may raise an exception, return a string or name
a class so that the hidden inputs stand in it. So of a hidden test only messages of known forms are passed on, made of
numbers, shapes and NumPy's own words; of all others, only what kind of failure it was.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import re
from collections.abc import Set
from dataclasses import dataclass

from nbformat import NotebookNode

from autograder.answers import clean
from autograder.notebooks import is_test
from autograder.plain_tests import HIDDEN
from autograder.questions import CaseResult

_NUMBER = r"(?:[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan)(?:[-+](?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan)j)?|True|False)"
_SHAPE = r"\((?:\d+(?:, ?\d+)*,?)?\)"
_THING = rf"(?:{_NUMBER}|an array of shape {_SHAPE}|a (?:list|tuple|dict) of \d+|shape {_SHAPE}|\d+ values)"
_PLACE = rf"(?: at index (?:\d+|{_SHAPE}))?(?:; \d+ of \d+ entries are off)?(?: \(in value \d+\))*"
_ARITHMETIC = r"(?:overflow|divide by zero|invalid value|underflow) encountered in \w{1,20}"
SAFE = re.compile(
    rf"expected {_THING}, got (?:{_THING}|None \(is a return missing\?\)|rows of different lengths){_PLACE}"
    r"|expected numbers, got True and False|expected real numbers, got complex ones"
    r"|the answer is right, but its argument \w{1,40} was changed: work on a copy"
    rf"|the answer is right, but NumPy warned: {_ARITHMETIC}"
    rf"|is another function: at x = \d+/\d+ it gives {_NUMBER}, expected {_NUMBER}"
    r"|(?:ImportError: )?this answer uses [\w.]{1,60}; the question asks you to write it yourself"
    r"|not answered yet|Timeout: not finished after [\d.]+ s|NotImplementedError: not answered yet"
    r"|Stopped: (?:an earlier cell could not be interrupted|the answer ended its own Python process)"
)
_PARTS = re.compile(
    r"(?s)expected (?P<expected>.+?), got (?P<got>.+?)(?P<place>(?: at index .+?)?(?:; \d+ of \d+ entries are off)?"
    r"(?: \(in [^()]*\))*)"
)
_ERROR = re.compile(r"(?s)(?P<kind>[A-Za-z_]\w*)(?::.*)?")
_EXCEPTIONS = {name for name in dir(builtins) if name.endswith(("Error", "Exception", "Warning"))} | {"LinAlgError"}


@dataclass(frozen=True)
class Shown:
    """What a student sees of a failed test: what was expected and got, and where, or a sentence (`text`)."""

    expected: str = ""
    got: str = ""
    place: str = ""
    text: str = ""


def shown(case: CaseResult, own_source: str = "") -> Shown:
    """Return what a student may see of a failed test; `own_source` is the source of the student's answer.

    Examples
    --------
    >>> shown(CaseResult("a hidden test", True, 1.0, "expected 4, got 3 at index 2"))
    Shown(expected='4', got='3', place='at index 2', text='')
    >>> shown(CaseResult("a hidden test", True, 1.0, "ValueError: the inputs are 1, 2, 3")).text
    'ValueError'
    """
    message = case.message or ""
    text = hidden_message(message, own_source) if case.hidden else clean(message, 1000)
    if parts := _PARTS.fullmatch(text):
        place = parts["place"].replace("(in ", "in ").rstrip(")") if "(in " in parts["place"] else parts["place"]
        return Shown(parts["expected"], parts["got"], place.strip(" ;"))
    return Shown(text=text)


def hidden_message(message: str, own_source: str = "") -> str:
    r"""Return a hidden test's message if it is of a form that cannot carry the inputs, else the kind of failure.

    The line of code in which an exception was raised is kept if it is a line of `own_source`: that was written before
    the inputs were known.

    Examples
    --------
    >>> hidden_message("expected shape (2,), got shape ()")
    'expected shape (2,), got shape ()'
    >>> hidden_message("expected 1, got '[0.25, 0.5]'")
    'not the expected kind of value'
    >>> hidden_message("ZeroDivisionError: division by 0.25 (at: return 1 / x)", "def f(x):\n    return 1 / x")
    'ZeroDivisionError (at: return 1 / x)'
    """
    what, _, line = message.partition(" (at: ")
    line = line.removesuffix(")").strip()
    at = f" (at: {line})" if line and line in map(str.strip, own_source.splitlines()) else ""
    if len(what) <= 300 and SAFE.fullmatch(what):
        return what + at
    if what.startswith(("expected ", "key ")):
        return "not the expected kind of value"
    if what.startswith("the answer is right, but NumPy warned"):
        return "the answer is right, but it warned"
    found = _ERROR.fullmatch(what)
    if found and found["kind"] in _EXCEPTIONS:
        return found["kind"] + at
    return "it failed here; its message is not shown, because this test's inputs are hidden"


def problem_text(problem: str, has_cases: bool, words: Set[str] = frozenset()) -> str:
    """Return what may be shown of why a question's cell stopped.

    A plain test cell may hold hidden tests, and an assertion's text may hold their inputs (NumPy prints both arrays, an
    answer may raise what it likes); so of assertions only `words` are passed on: :func:`words_of_visible_tests`.

    Examples
    --------
    >>> problem_text("ValueError: 1, 2, 3", has_cases=False)
    'ValueError'
    >>> problem_text("AssertionError: use both", has_cases=False, words={"use both"})
    'use both'
    >>> problem_text("ValueError: a hidden test failed", has_cases=False)
    'A hidden test of this cell failed (ValueError).'
    """
    if has_cases:
        return clean(problem, 500)
    kind, _, text = problem.partition(": ")
    if text == HIDDEN:
        named = f" ({kind})" if kind in _EXCEPTIONS - {"AssertionError"} else ""
        return f"A hidden test of this cell failed{named}."
    if kind == "AssertionError":
        return clean(text, 500) if text in words else "A test of this cell failed."
    return hidden_message(problem) if problem else ""


def words_of_visible_tests(released: NotebookNode) -> frozenset[str]:
    """Return the messages of the asserts that students see, ``assert condition, "message"``, in a released notebook."""
    words = set()
    for cell in released.cells:
        if is_test(cell):
            with contextlib.suppress(SyntaxError, ValueError):
                words |= {_message(node) for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Assert)}
    return frozenset(words - {""})


def _message(node: ast.Assert) -> str:
    return node.msg.value if isinstance(node.msg, ast.Constant) and isinstance(node.msg.value, str) else ""


_NOTES = (
    (r"the notebook was called (.+)", "Your file was called {0}; it was taken as this set's notebook all the same."),
    (r"cell '(.+)' was deleted: put back", "The cell {0} was missing from your notebook. The original was put back."),
    (
        r"cell '(.+)' stands there more than once: .*",
        "The cell {0} stood in your notebook more than once. The last one that was filled in counts.",
    ),
    (r"test cell '(.+)' had been changed: put back", "The test cell {0} had been changed. The original was run."),
    (r"cell '(.+)' had been turned into (.+): turned back", "The cell {0} had become a {1} cell and was turned back."),
    (r"the points of '(.+)' had been changed: put back", "The points of {0} had been changed and were put back."),
    (
        r"cell '(.+)' is not part of this set: run as an ordinary cell",
        "The cell {0} does not belong to this set. It was run like any cell of your own.",
    ),
)
_ADVICE = (
    ("no notebook", "Hand in the notebook of this set (a file that ends in .ipynb), not a link, a PDF or a folder."),
    ("notebooks, none called", "Hand in one notebook only, with the name it had when you got it."),
    ("not UTF-8", "The file was damaged on its way. Open it in JupyterLab, save it, and hand it in again."),
    ("broken JSON", "Only a part of the file arrived. Open it in JupyterLab, save it, and hand it in again."),
    ("nbformat", "Open the notebook in a current JupyterLab, save it there, and hand it in again."),
    ("not a valid notebook", "Open the file in JupyterLab. If it opens, save it there and hand it in again."),
    ("none of this set's cells", "You seem to have handed in another notebook. Look for the one of this set."),
    ("bytes, more than", "Clear all outputs (Edit, Clear Outputs of All Cells), save, and hand it in again."),
    ("the grader failed", "This is not your fault. Whoever teaches the course has been told and will grade it again."),
    (
        "died twice",
        "Your notebook stopped the program that ran it. Run all cells from the top; ask if they run through.",
    ),
)
_ASK = "Open the notebook in JupyterLab, run all cells from the top, save it, and hand it in again, or ask for help."


def friendly_note(note: str) -> str:
    """Put a note of the intake into words for the student; one that is not known stays as it is.

    Examples
    --------
    >>> friendly_note("cell 'double' was deleted: put back")
    'The cell double was missing from your notebook. The original was put back.'
    """
    for pattern, words in _NOTES:
        if found := re.fullmatch(pattern, note):
            return clean(words.format(*found.groups()), 500)
    return clean(note, 500)


def advice(quarantine: str) -> str:
    """Return what a student can do about a submission that could not be graded.

    Examples
    --------
    >>> advice("no notebook: 01_derivatives.ipynb is missing")[:31]
    'Hand in the notebook of this se'
    """
    return next((words for key, words in _ADVICE if key in quarantine), _ASK)
