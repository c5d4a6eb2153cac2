"""Plain values: what a case is given and what it may return.

Numbers, strings, booleans, ``None``, arrays, and lists, tuples and dicts of them. Only these cross from a student's
process to the grader, and only these stand in ``checks.json``. Nothing here can carry code.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_DEPTH = 20
NUMERIC_KINDS = "biufc"


@dataclass(frozen=True)
class Opaque:
    """Stands for a value that is not plain: all that is told of it is the name of its type."""

    type_name: str

    def __str__(self) -> str:
        return f"an object of type {self.type_name}"


def plain(value: Any, depth: int = 0) -> Any:
    """Reduce `value` to a plain value; what cannot be reduced becomes :class:`Opaque`.

    Arrays and scalars of NumPy keep their dtype, PyTorch tensors become arrays, subclasses become their base.

    Examples
    --------
    >>> plain((1, [np.float32(0.5)], {"a": None}))
    (1, [np.float32(0.5)], {'a': None})
    >>> plain(object())
    Opaque(type_name='object')
    """
    if depth > MAX_DEPTH:
        return Opaque(type(value).__name__)
    if value is None or type(value) in (bool, int, float, complex, str):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return _plain_array(value)
    if isinstance(value, tuple | list):
        items = [plain(item, depth + 1) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {key: plain(item, depth + 1) for key, item in value.items() if type(key) in (str, int, float, bool)}
    return _plain_other(value)


def _plain_array(value: np.ndarray | np.generic) -> Any:
    if value.dtype.kind not in NUMERIC_KINDS + "U":
        return Opaque(f"array of {value.dtype}")
    return np.array(value) if isinstance(value, np.ndarray) else value


def _plain_other(value: Any) -> Any:
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        return np.array(value.detach().cpu().numpy())
    bases: tuple[type, ...] = (int, float, complex, str)
    for base in bases:
        if isinstance(value, base):
            return base(value)
    return Opaque(type(value).__name__)


def to_json(value: Any) -> Any:
    """Encode a plain value as something :mod:`json` writes in standard JSON and :func:`from_json` gives back exactly.

    Lists, strings, booleans, ``None``, integers and finite floats stand for themselves. All else is an object with one
    key that names its kind.

    Examples
    --------
    >>> to_json((1, float("inf")))
    {'tuple': [1, {'float': 'inf'}]}
    >>> to_json(np.array([[1.5, 2.0]]))
    {'array': {'dtype': 'float64', 'shape': [1, 2], 'data': [1.5, 2.0]}}
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.ndarray):
        return {"array": _array_to_json(value)}
    if isinstance(value, np.generic):
        return {"scalar": _array_to_json(np.asarray(value))}
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"int": str(value)}
    if isinstance(value, float):
        return value if np.isfinite(value) else {"float": repr(value)}
    return _container_to_json(value)


def _container_to_json(value: Any) -> Any:
    if isinstance(value, complex):
        return {"complex": [to_json(value.real), to_json(value.imag)]}
    if isinstance(value, tuple):
        return {"tuple": [to_json(item) for item in value]}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {"dict": [[to_json(key), to_json(item)] for key, item in value.items()]}
    if isinstance(value, Opaque):
        return {"opaque": value.type_name}
    raise TypeError(f"value must be plain (see course_lib.checks.values.plain), got {type(value).__name__}")


def _array_to_json(array: np.ndarray) -> dict[str, Any]:
    flat = array.reshape(-1).tolist()
    return {"dtype": array.dtype.str.lstrip("<|=") if array.dtype.kind == "U" else array.dtype.name,
            "shape": list(array.shape), "data": [to_json(item) for item in flat]}  # fmt: skip


def from_json(encoded: Any) -> Any:
    """Decode what :func:`to_json` made; `ValueError` for anything else.

    Examples
    --------
    >>> from_json({"tuple": [1, {"float": "inf"}]})
    (1, inf)
    """
    if isinstance(encoded, list):
        return [from_json(item) for item in encoded]
    if not isinstance(encoded, dict):
        return encoded
    if len(encoded) != 1 or (kind := next(iter(encoded))) not in _DECODERS:
        raise ValueError(f"not an encoded plain value: {str(encoded)[:80]}")
    return _DECODERS[kind](encoded[kind])


def _array_from_json(body: dict[str, Any]) -> np.ndarray:
    dtype = np.dtype(body["dtype"])
    if dtype.kind not in NUMERIC_KINDS + "U":
        raise ValueError(f"dtype must be numeric or text, got {dtype}")
    return np.array(from_json(body["data"]), dtype=dtype).reshape(body["shape"])


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "array": _array_from_json,
    "scalar": lambda body: _array_from_json(body)[()],
    "int": int,
    "float": float,
    "complex": lambda pair: complex(from_json(pair[0]), from_json(pair[1])),
    "tuple": lambda items: tuple(from_json(item) for item in items),
    "dict": lambda pairs: {from_json(key): from_json(item) for key, item in pairs},
    "opaque": Opaque,
}


def dumps(value: Any) -> str:
    """Write a plain value as one line of standard JSON."""
    return json.dumps(to_json(value), allow_nan=False, ensure_ascii=True, separators=(",", ":"))


def loads(text: str) -> Any:
    """Read what :func:`dumps` wrote."""
    return from_json(json.loads(text))
