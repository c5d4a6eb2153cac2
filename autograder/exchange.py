"""How values travel between test cells and a student's process: data as a copy, everything else as a handle.

The wall (:mod:`autograder.wall`) carries numbers, text, arrays, lists and tuples. Other data is written as a dict with
the key ``"$"`` that names its kind. What is no data stays where it is; the other side gets a number for it.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import importlib
import sys
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

MAX_NESTING, MAX_ITEMS, MAX_NAME = 40, 10_000, 60
EXACT = (type(None), bool, int, float, complex, str)
TYPES: dict[str, type] = {
    t.__name__: t for t in (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, type(None))
}
KINDS: dict[str, Any] = {
    "set": set, "frozenset": frozenset, "deque": collections.deque, "Counter": collections.Counter,
    "OrderedDict": collections.OrderedDict, "bytearray": bytearray,
}  # fmt: skip
WRITTEN = (decimal.Decimal, fractions.Fraction, datetime.date, datetime.datetime)
NAMES: dict[type, str] = {kind: name for name, kind in KINDS.items()}
VIEWS: dict[type, str] = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}
PAIRS = (dict, collections.OrderedDict, collections.Counter)


class Unsendable(TypeError):
    """A value that has no form in which it could cross."""


class Side(Protocol):
    """What one side makes of values that are no data."""

    def handle(self, value: Any) -> dict[str, Any]:
        """Return the written form of a value that stays here."""

    def resolve(self, kind: str, body: dict[str, Any]) -> Any:
        """Return what a written form that names no data stands for here."""


def encode(value: Any, side: Side, depth: int = 0) -> Any:
    """Write a value; what is no data becomes what `side` makes of it."""
    if depth > MAX_NESTING:
        raise Unsendable("a value is nested too deeply, or holds itself")
    kind = type(value)
    if kind in EXACT:
        return value
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufcU":
        return np.asarray(value) if isinstance(value, np.ndarray) else value

    def inner(item: Any) -> Any:
        return encode(item, side, depth + 1)

    if kind in (list, tuple):
        return kind(inner(item) for item in value)
    if kind in PAIRS or kind is collections.defaultdict:
        items = [[inner(key), inner(item)] for key, item in value.items()]
        return {"$": "pairs", "kind": NAMES.get(kind, "dict"), "items": items}
    if kind in (bytes, bytearray):
        return {"$": "bytes", "kind": kind.__name__, "data": bytes(value)}
    if kind in NAMES:
        return {"$": "items", "kind": NAMES[kind], "items": [inner(item) for item in value]}
    if kind in (range, slice):
        return {"$": kind.__name__, "items": [inner(part) for part in (value.start, value.stop, value.step)]}
    return _encode_other(value, side, inner)


def _encode_other(value: Any, side: Side, inner: Callable[[Any], Any]) -> Any:
    if value is NotImplemented or value is Ellipsis:
        return {"$": "constant", "name": str(value)}
    if type(value) in VIEWS:
        return {"$": "view", "name": VIEWS[type(value)], "of": inner(dict(value.mapping))}
    if isinstance(value, type) and TYPES.get(value.__name__) is value:
        return {"$": "type", "name": value.__name__}
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        as_type = isinstance(value, type)
        return {"$": "dtype", "name": np.dtype(value).str, "type": as_type}
    if isinstance(value, tuple) and hasattr(value, "_fields") and type(value).__mro__[1] is tuple:
        return {"$": "named", "name": type(value).__name__, "fields": list(value._fields),
                "items": [inner(item) for item in value]}  # fmt: skip
    if isinstance(value, np.ndarray) and value.dtype == object:
        return {"$": "objects", "shape": list(value.shape), "items": [inner(item) for item in value.ravel()]}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "mM":
        return {"$": "times", "dtype": value.dtype.str, "data": np.asarray(value).view(np.int64)}
    if type(value) in WRITTEN:
        return {"$": "written", "kind": WRITTEN.index(type(value)), "text": str(value)}
    library = type(value).__module__.partition(".")[0]
    if library == "torch" and hasattr(value, "detach"):
        return {"$": "tensor", "data": np.array(value.detach().cpu().numpy()), "grad": bool(value.requires_grad)}
    if library == "pandas" and type(value).__name__ in ("DataFrame", "Series", "Index", "RangeIndex"):
        return _encode_table(value, inner)
    bases: tuple[type, ...] = (int, float, complex, str)
    for base in bases if not hasattr(type(value), "__members__") else ():
        if isinstance(value, base):
            return getattr(base, "__str__" if base is str else "__pos__")(value)
    for base in (tuple, list, dict) if library != "__main__" else ():
        if isinstance(value, base):
            return inner(base(value))
    return side.handle(value)


def _encode_table(value: Any, inner: Callable[[Any], Any]) -> dict[str, Any]:
    kind = type(value).__name__
    if kind.endswith("Index"):
        return {"$": "table", "kind": "Index", "items": inner(value.tolist()), "name": inner(value.name)}
    if kind == "Series":
        return {"$": "table", "kind": kind, "items": inner(value.to_numpy()), "type": str(value.dtype),
                "index": inner(value.index.tolist()), "name": inner(value.name)}  # fmt: skip
    columns = [[inner(value.iloc[:, i].to_numpy()), str(value.dtypes.iloc[i])] for i in range(value.shape[1])]
    return {"$": "table", "kind": kind, "items": columns, "names": inner(value.columns.tolist()),
            "index": inner(value.index.tolist())}  # fmt: skip


def decode(body: Any, side: Side) -> Any:
    """Read what :func:`encode` wrote, from a process that may lie: anything else is an error."""
    if isinstance(body, list | tuple):
        return type(body)(decode(item, side) for item in body)
    if not isinstance(body, dict):
        return body.copy() if isinstance(body, np.ndarray) else body
    kind = body.get("$")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is not None:
        return reader(body, lambda item: decode(item, side))
    return side.resolve(str(kind), body)


def _named(body: dict[str, Any], inner: Callable[[Any], Any]) -> Any:
    fields = [str(field) for field in body["fields"]]
    return collections.namedtuple(str(body["name"])[:MAX_NAME], fields)(*(inner(item) for item in body["items"]))


def _view(body: dict[str, Any], inner: Callable[[Any], Any]) -> Any:
    mapping = dict(inner(body["of"]))
    return {"keys": mapping.keys, "values": mapping.values, "items": mapping.items}[body["name"]]()


def _objects(body: dict[str, Any], inner: Callable[[Any], Any]) -> np.ndarray:
    array = np.empty(len(body["items"]), dtype=object)
    for number, item in enumerate(body["items"]):
        array[number] = inner(item)
    return array.reshape([int(n) for n in body["shape"]])


def _pairs(body: dict[str, Any], inner: Callable[[Any], Any]) -> Any:
    pairs = [(inner(key), inner(item)) for key, item in body["items"]]
    return KINDS.get(body["kind"], dict)(dict(pairs)) if body["kind"] != "dict" else dict(pairs)


def _dtype(body: dict[str, Any], _: Callable[[Any], Any]) -> Any:
    dtype = np.dtype(str(body["name"])[:20])
    return dtype.type if body["type"] else dtype


def _written(body: dict[str, Any], _: Callable[[Any], Any]) -> Any:
    kind: Any = WRITTEN[body["kind"]]
    text = str(body["text"])[:1000]
    return kind.fromisoformat(text) if hasattr(kind, "fromisoformat") else kind(text)


def _tensor(body: dict[str, Any], _: Callable[[Any], Any]) -> Any:
    torch = importlib.import_module("torch")
    return torch.from_numpy(np.array(body["data"])).requires_grad_(bool(body["grad"]))


def _table(body: dict[str, Any], inner: Callable[[Any], Any]) -> Any:
    pandas = importlib.import_module("pandas")
    items = body["items"]
    if body["kind"] == "Index":
        return pandas.Index(inner(items), name=inner(body["name"]))
    index = inner(body["index"])
    if body["kind"] == "Series":
        return pandas.Series(inner(items), index=index, dtype=str(body["type"]), name=inner(body["name"]))
    columns = [pandas.Series(inner(data), index=index, dtype=str(dtype)) for data, dtype in items]
    frame = pandas.concat(columns, axis=1) if columns else pandas.DataFrame(index=index)
    frame.columns = inner(body["names"])
    return frame


_READERS: dict[str, Callable[[dict[str, Any], Callable[[Any], Any]], Any]] = {
    "pairs": _pairs,
    "items": lambda body, inner: KINDS[body["kind"]](inner(item) for item in body["items"]),
    "bytes": lambda body, inner: bytes(body["data"]) if body["kind"] == "bytes" else bytearray(body["data"]),
    "range": lambda body, inner: range(*(inner(item) for item in body["items"])),
    "slice": lambda body, inner: slice(*(inner(item) for item in body["items"])),
    "constant": lambda body, inner: NotImplemented if body["name"] == "NotImplemented" else Ellipsis,
    "type": lambda body, inner: TYPES[body["name"]],
    "dtype": _dtype,
    "named": _named,
    "view": _view,
    "objects": _objects,
    "times": lambda body, inner: np.array(body["data"]).view(str(body["dtype"])[:20])[()],
    "written": _written,
    "tensor": _tensor,
    "table": _table,
}


def place_of(value: Any) -> tuple[str, str] | None:
    """Return module and name under which a function of an installed library is found again; None if it is none."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    for module in (getattr(value, "__module__", None) or "numpy", "numpy"):
        if module.partition(".")[0] in ("builtins", "math", "operator", "numpy", "scipy", "statistics", "torch"):
            found: Any = sys.modules.get(module)
            for part in str(name).split("."):
                found = getattr(found, part, None)
            if found is value:
                return module, str(name)
    return None


def replace_content(old: Any, new: Any) -> None:
    """Give a mutable value the content of another of its type, as a function that changes its argument does."""
    if isinstance(old, np.ndarray):
        old[...] = new
    elif isinstance(old, list | bytearray):
        old[:] = new
    elif isinstance(old, dict | set):
        old.clear()
        old.update(new)
    elif isinstance(old, collections.deque):
        old.clear()
        old.extend(new)
    elif type(old).__module__.partition(".")[0] == "torch":
        old.detach().copy_(new.detach())
    else:
        raise Unsendable(f"an argument of type {type(old).__name__} was changed, which cannot be followed")
