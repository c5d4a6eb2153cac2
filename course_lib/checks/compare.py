"""Compare an answer with the expected one and say, in a sentence, what differs and where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from course_lib.checks.values import Opaque


def compare(expected: Any, got: Any, rtol: float = 1e-9, atol: float = 1e-12) -> str | None:
    """Return what is wrong with `got` as one message, or ``None`` if it agrees with `expected`.

    Numbers agree if ``|got − expected| ≤ atol + rtol·|expected|``; NaN agrees with NaN, and an infinity with itself. A
    scalar may be a Python or NumPy number or a 0-d array; tuples and lists are interchangeable.

    Parameters
    ----------
    expected, got
        Plain values (:mod:`course_lib.checks.values`).
    rtol, atol
        Relative and absolute tolerance, not negative.

    Returns
    -------
    str or None
        The message names the place of the largest error, the value expected there and the value found.

    Examples
    --------
    >>> compare([1.0, 2.0], (1.0, 2.0))
    >>> compare(np.ones((2, 2)), np.ones(2))
    'expected shape (2, 2), got shape (2,)'
    >>> compare(np.zeros(3), np.array([0.0, 0.0, 0.5]))
    'expected 0, got 0.5 at index 2'
    """
    if got is None and expected is not None:
        return f"expected {describe(expected)}, got None (is a return missing?)"
    if isinstance(got, Opaque):
        return f"expected {describe(expected)}, got {got}"
    if expected is None or isinstance(expected, str | bool | np.bool_):
        return _compare_exactly(expected, got)
    if isinstance(expected, dict):
        return _compare_dicts(expected, got, rtol, atol)
    if isinstance(expected, tuple | list):
        return _compare_sequences(expected, got, rtol, atol)
    return _compare_arrays(np.asarray(expected), got, rtol, atol)


def describe(value: Any) -> str:
    """Say in a few words what a value is.

    Examples
    --------
    >>> describe(np.zeros((2, 3)))
    'an array of shape (2, 3)'
    >>> describe([1, 2])
    'a list of 2'
    """
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}" if value.ndim else number(value[()])
    if isinstance(value, tuple | list | dict):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, int | float | complex | np.number) and not isinstance(value, bool):
        return number(value)
    return str(value) if isinstance(value, Opaque) else repr(value)[:80]


def number(value: Any, digits: int = 6) -> str:
    """Write a number with six significant digits, or as many as asked for.

    Examples
    --------
    >>> number(1 / 3), number(2.0), number(float("nan"))
    ('0.333333', '2', 'nan')
    """
    if isinstance(value, bool | np.bool_):
        return str(value)
    try:
        return f"{value:.{digits}g}"
    except OverflowError:
        return f"an integer of {value.bit_length()} bits"


def _compare_exactly(expected: Any, got: Any) -> str | None:
    if isinstance(got, np.ndarray) and got.ndim == 0:
        got = got[()]
    truth = (bool, np.bool_)
    same_kind = isinstance(got, truth) if isinstance(expected, truth) else isinstance(got, type(expected))
    return None if same_kind and bool(got == expected) else f"expected {expected!r}, got {describe(got)}"


def _compare_dicts(expected: dict, got: Any, rtol: float, atol: float) -> str | None:
    if not isinstance(got, dict):
        return f"expected {describe(expected)}, got {describe(got)}"
    if missing := [key for key in expected if key not in got]:
        return f"key {missing[0]!r} is missing"
    if extra := [key for key in got if key not in expected]:
        return f"key {extra[0]!r} does not belong there"
    return _first_difference(((f"key {key!r}", item, got[key]) for key, item in expected.items()), rtol, atol)


def _compare_sequences(expected: tuple | list, got: Any, rtol: float, atol: float) -> str | None:
    if isinstance(got, np.ndarray) and got.ndim:
        got = list(got)
    if not isinstance(got, tuple | list):
        return f"expected {describe(expected)}, got {describe(got)}"
    if len(got) != len(expected):
        return f"expected {len(expected)} values, got {len(got)}"
    return _first_difference(
        ((f"value {i}", *pair) for i, pair in enumerate(zip(expected, got, strict=True))), rtol, atol
    )


def _first_difference(items: Iterable[tuple[str, Any, Any]], rtol: float, atol: float) -> str | None:
    for place, expected, got in items:
        if message := compare(expected, got, rtol, atol):
            return f"{message} (in {place})"
    return None


def _compare_arrays(expected: np.ndarray, got: Any, rtol: float, atol: float) -> str | None:
    if not _is_numeric(got):
        return f"expected {describe(expected)}, got {describe(got)}"
    try:
        found = np.asarray(got)
    except ValueError:
        return f"expected {describe(expected)}, got rows of different lengths"
    if found.dtype.kind not in "biufc":
        return f"expected numbers, got {describe(got)} of dtype {found.dtype}"
    if found.shape != expected.shape:
        return f"expected shape {expected.shape}, got shape {found.shape}"
    if found.dtype.kind == "b" and expected.dtype.kind != "b":
        return "expected numbers, got True and False"
    if found.dtype.kind == "c" and expected.dtype.kind != "c":
        return "expected real numbers, got complex ones"
    return _largest_error(expected, found, rtol, atol)


def _is_numeric(value: Any, depth: int = 0) -> bool:
    if isinstance(value, tuple | list):
        return depth < 20 and all(_is_numeric(item, depth + 1) for item in value)
    return isinstance(value, np.ndarray | np.number | np.bool_ | bool | float | complex) or (
        isinstance(value, int) and value.bit_length() <= 1024
    )


def _largest_error(expected: np.ndarray, got: np.ndarray, rtol: float, atol: float) -> str | None:
    wide = np.complex128 if expected.dtype.kind == "c" else np.float64
    a, b = expected.astype(wide), got.astype(wide)
    with np.errstate(all="ignore"):
        error = np.abs(a - b)
        excess = error - (atol + rtol * np.abs(a))
        same = (a == b) | (np.isnan(a) & np.isnan(b)) | (np.isfinite(a) & np.isfinite(b) & (excess <= 0))
    if same.all():
        return None
    worst = np.where(same, -1.0, np.where(np.isfinite(error), error, np.inf))
    place = np.unravel_index(int(np.argmax(worst)), worst.shape)
    where = ", ".join(str(int(i)) for i in place)
    at = "" if not place else f" at index {where}" if len(place) == 1 else f" at index ({where})"
    wrong = int(same.size - same.sum())
    count = f"; {wrong} of {same.size} entries are off" if wrong > 1 else ""
    wanted, found = _told_apart(a[place], b[place])
    return f"expected {wanted}, got {found}{at}{count}"


def _told_apart(a: Any, b: Any) -> tuple[str, str]:
    """Write two different numbers with as many digits as it takes to see that they differ."""
    pairs = ((number(a, digits), number(b, digits)) for digits in (6, 9, 12, 15, 17))
    return next((pair for pair in pairs if pair[0] != pair[1]), (repr(a), repr(b)))
