"""A case: a small snippet that is run where the answer lives, and the outcome that is compared elsewhere."""

from __future__ import annotations

import builtins
import copy
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from course_lib.checks.values import plain

BUILT_IN = frozenset(name for name in dir(builtins) if name[0] != "_")
LAYOUTS = ("plain", "read-only", "strided")


@dataclass(frozen=True)
class Case:
    """One test of an answer.

    Parameters
    ----------
    code
        An expression, or statements that leave the answer in `result`. It sees the student's names, NumPy as ``np``,
        Python's built-in functions, and the inputs; a student's ``sum = 0`` changes nothing about the last three.
    inputs
        Plain values by name. Every run gets fresh copies.
    about
        What feedback says of the case when its inputs are not to be shown, as in "large |z|".
    hidden
        Whether the case is left out of ``checks.json``.
    weight
        Share of the points, relative to the question's other cases.
    layout
        How arrays are handed in: ``"plain"``, ``"read-only"``, or ``"strided"`` (not contiguous).
    warnings
        ``"forbidden"`` makes a RuntimeWarning (underflow excepted) a failure; ``"allowed"`` ignores it.
    mutation
        ``"forbidden"`` makes a changed input a failure; ``"allowed"`` ignores it.
    comparison
        Name of the rule that compares (:data:`course_lib.checks.verdicts.COMPARISONS`).
    rtol, atol
        Tolerances of that rule.

    Examples
    --------
    >>> Case("double(x)", {"x": 3}).describe()
    'double(x) with x = 3'
    """

    code: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""
    hidden: bool = False
    weight: float = 1.0
    layout: str = "plain"
    warnings: str = "allowed"
    mutation: str = "allowed"
    comparison: str = "values"
    rtol: float = 1e-9
    atol: float = 1e-12

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, got {self.layout!r}")
        for name in ("warnings", "mutation"):
            if getattr(self, name) not in ("allowed", "forbidden"):
                raise ValueError(f"{name} must be 'allowed' or 'forbidden', got {getattr(self, name)!r}")
        if not self.weight > 0:
            raise ValueError(f"weight must be positive, got {self.weight}")

    def describe(self) -> str:
        """Say what is called with what; of a hidden case, what it is about."""
        return self._description

    @cached_property
    def _description(self) -> str:
        if self.hidden:
            return f"a hidden test ({self.about})" if self.about else "a hidden test"
        shown = [f"{name} = {_short(value)}" for name, value in self.inputs.items() if name in self.code]
        return self.code.strip().splitlines()[-1] + (f" with {', '.join(shown)}" if shown else "")


@dataclass(frozen=True)
class Outcome:
    """What running a case gave: plain data only.

    `error` is ``"TypeName: message"`` or empty, `line` the line of the student's code it came from, `changed` the names
    of the inputs that were modified, `warned` the texts of the RuntimeWarnings.

    Examples
    --------
    >>> run_case(Case("1 / x", {"x": 0}), {})
    Outcome(value=None, error='ZeroDivisionError: division by zero', line='', changed=(), warned=())
    """

    value: Any = None
    error: str = ""
    line: str = ""
    changed: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """Return the outcome as a plain dict, the form in which it crosses the wall."""
        return {"value": self.value, "error": self.error, "line": self.line,
                "changed": list(self.changed), "warned": list(self.warned)}  # fmt: skip

    @classmethod
    def from_plain(cls, body: Any) -> Outcome:
        """Rebuild an outcome from data that may come from an untrusted process."""
        if not isinstance(body, dict):
            return cls(error="the answer could not be read")
        return cls(
            value=body.get("value"),
            error=str(body.get("error", ""))[:2000],
            line=str(body.get("line", ""))[:500],
            changed=_texts(body.get("changed")),
            warned=_texts(body.get("warned")),
        )


def _texts(items: Any) -> tuple[str, ...]:
    return tuple(str(item)[:500] for item in items[:20]) if isinstance(items, tuple | list) else ()


def run_case(case: Case, namespace: Mapping[str, Any]) -> Outcome:
    """Run a case on the names of `namespace` and return its outcome; nothing the answer does is raised.

    KeyboardInterrupt and SystemExit pass through: they belong to whoever runs the kernel.

    Examples
    --------
    >>> run_case(Case("double(x)", {"x": 3}), {"double": lambda x: 2 * x}).value
    6
    """
    given = {name: _laid_out(value, case.layout) for name, value in case.inputs.items()}
    before = copy.deepcopy(given)
    scope = {**{name: value for name, value in namespace.items() if name not in BUILT_IN}, "np": np, **given}
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", RuntimeWarning)
        try:
            value, error, line = plain(_evaluate(case.code, scope)), "", ""
        except Exception as exception:
            value, (error, line) = None, _explain(exception)
    changed = tuple(name for name in given if not _same(before[name], given[name]))
    return Outcome(value, error, line, changed, tuple(dict.fromkeys(str(w.message) for w in caught)))


def _evaluate(code: str, scope: dict[str, Any]) -> Any:
    try:
        expression = compile(code.strip(), "<case>", "eval")
    except SyntaxError:
        exec(compile(code, "<case>", "exec"), scope)  # the case is the course's own text
        return scope["result"]
    return eval(expression, scope)


def _laid_out(value: Any, layout: str) -> Any:
    if isinstance(value, dict):
        return {key: _laid_out(item, layout) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(_laid_out(item, layout) for item in value)
    if not isinstance(value, np.ndarray):
        return copy.deepcopy(value)
    array = np.array(value)
    if layout == "strided" and array.ndim:
        array = np.repeat(array, 2, axis=-1)[..., ::2]
    array.flags.writeable = layout != "read-only"
    return array


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    return type(a) is type(b) and (a == b or a != a)


def _explain(exception: Exception) -> tuple[str, str]:
    """Name an exception, and the last line of it that stands in a student's cell."""
    if isinstance(exception, NotImplementedError):
        return "NotImplementedError: not answered yet", ""
    frames = [f for f in traceback.extract_tb(exception.__traceback__) if f.filename != "<case>" and f.line]
    frames = [f for f in frames if "course_lib" not in f.filename and "site-packages" not in f.filename]
    try:
        text = str(exception)
    except Exception:
        text = ""
    return f"{type(exception).__name__}: {text}"[:2000].rstrip(": "), (frames[-1].line or "")[:500] if frames else ""


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if value.size <= 6:
            return np.array2string(value, precision=4, separator=", ").replace("\n", "")
        return f"array of shape {value.shape}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
