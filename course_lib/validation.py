"""Checks at the boundary: what is wrong, where, which rule, and the way out.

Every public entry of the library goes through these few functions, so that a mistake is reported where it
was made, in the words of the book, and not five calls deeper by a NumPy message about shapes.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


def as_float(x: Any, name: str = "x") -> np.ndarray:
    """Return `x` as a floating array: float dtypes stay as they are, integers and booleans become float64.

    Raises
    ------
    TypeError
        If `x` is complex, text or an object array.

    Examples
    --------
    >>> as_float([1, 2]).dtype, as_float(np.float32([1, 2])).dtype
    (dtype('float64'), dtype('float32'))
    """
    array = np.asarray(x)
    if array.dtype.kind == "f":
        return array
    if array.dtype.kind in "biu":
        return array.astype(np.float64)
    raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")


def unknown_name(kind: str, name: object, known: Iterable[str]) -> ValueError:
    """Return the error for a `name` that is not among the `known` ones, with the nearest right one.

    Examples
    --------
    >>> print(unknown_name("activation", "rleu", ["relu", "tanh"]))
    unknown activation 'rleu'; did you mean 'relu'? Known: relu, tanh
    """
    known = sorted(known)
    near = difflib.get_close_matches(str(name).lower(), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return ValueError(f"unknown {kind} {name!r}{hint} Known: {', '.join(known)}")


def look_up(kind: str, name: str | T, known: Mapping[str, T], base: type) -> T:
    """Return `name` itself if it already is a `base`, else the entry of `known` with that name.

    Examples
    --------
    >>> look_up("number", "two", {"one": 1, "two": 2}, int), look_up("number", 7, {}, int)
    (2, 7)
    """
    if isinstance(name, base):
        return name  # type: ignore[return-value]
    if isinstance(name, str):
        if name in known:
            return known[name]
        raise unknown_name(kind, name, known)
    raise TypeError(
        f"{kind} must be a name or a {base.__name__}, got {name!r}"
        + (": make an instance of it" if isinstance(name, type) else "")
    )


def check_number(
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
    open_high: bool = False,
) -> float:
    """Return the finite number `value` if it lies in the range (ends included unless open).

    Examples
    --------
    >>> check_number("rate", 1.5, 0, 1, open_high=True)
    Traceback (most recent call last):
    ...
    ValueError: rate must lie in 0 <= rate < 1, got 1.5
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a number, got {value!r}")
    inside = (low < value if open_low else low <= value) and (value < high if open_high else value <= high)
    if inside and math.isfinite(value):
        return float(value)
    left = "" if low == -math.inf else f"{low:g} {'<' if open_low else '<='} "
    right = "" if high == math.inf else f" {'<' if open_high else '<='} {high:g}"
    rule = f"lie in {left}{name}{right}" if left or right else "be finite"
    raise ValueError(f"{name} must {rule}, got {value}")


def check_count(name: str, value: Any, low: int) -> int:
    """Return `value` if it is a whole number >= `low`.

    Examples
    --------
    >>> check_count("epochs", 2.5, 0)
    Traceback (most recent call last):
    ...
    ValueError: epochs must be a whole number >= 0, got 2.5
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < low:
        raise ValueError(f"{name} must be a whole number >= {low}, got {value!r}")
    return int(value)


def as_generator(seed: int | np.random.Generator) -> np.random.Generator:
    """Return the generator that `seed` is or stands for; the library has no global randomness.

    Examples
    --------
    >>> rng = as_generator(0)
    >>> as_generator(rng) is rng
    True
    """
    if isinstance(seed, np.random.Generator):
        return seed
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and seed >= 0:
        return np.random.default_rng(int(seed))
    raise TypeError(f"seed must be an integer >= 0 or a numpy.random.Generator, got {seed!r}")


def check_labels(labels: Any, classes: int) -> np.ndarray:
    """Return `labels` (n,) as an integer array whose entries lie in 0..classes-1.

    Examples
    --------
    >>> check_labels([0, 12], 10)
    Traceback (most recent call last):
    ...
    ValueError: labels must lie in 0..9 (10 logits), got 12 at row 1
    """
    array = np.asarray(labels)
    if array.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers, got dtype {array.dtype}: write labels.astype(int)")
    if array.ndim != 1:
        raise ValueError(
            f"labels must have shape (n,), got {array.shape}: write labels.ravel(), "
            "or use CategoricalCrossentropy for one-hot rows"
        )
    if array.size and (array.min() < 0 or array.max() >= classes):
        row = int(np.argmax((array < 0) | (array >= classes)))
        raise ValueError(f"labels must lie in 0..{classes - 1} ({classes} logits), got {array[row]} at row {row}")
    return array


def scalar(value: Any) -> Any:
    """Return the one number in `value`; an array of several is an error that names the way out.

    Examples
    --------
    >>> float(scalar(np.array([[2.5]])))
    2.5
    """
    array = np.asarray(value)
    if array.size != 1:
        raise ValueError(f"f must return one number, got shape {array.shape}: sum it, or use jacobian")
    return array.reshape(())[()]
