"""The trusted side of test cells: stand-ins for the student's objects, which do everything in the student's process.

What comes back is data or another stand-in. One rule keeps an object from agreeing with whatever it is compared with:
an object of the student's that met a value of the test cell in an operator may only give further objects, never a
number, a word or a truth value, unless by an attribute that no number, text, array or container has. Objects that the
test cell itself made from a class of the assignment, and that no call has handed back since, are free of it.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder import objects
from autograder.exchange import MAX_NAME

if TYPE_CHECKING:
    from autograder.link import Link

BINARY = objects.BINARY.split()
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
JUDGEMENTS = (*COMPARISONS, "contains")
READABLE = ("__name__", "__qualname__", "__doc__", "__annotations__", "__defaults__", "__bases__", "__mro__")
LIBRARIES = {"pandas": ("DataFrame", "Series", "Index"), "torch": ("Tensor",)}
SPOOFED = {"function": types.FunctionType, "generator": types.GeneratorType}


class Proxy:
    """Stands for an object of the student's process."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return SPOOFED.get(self._kind, type(self))

    __slots__ = ("__weakref__", "_informed", "_kind", "_link", "_made", "_number", "_type")
    __array_ufunc__ = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("_repr_", "_ipython_")) or (name.startswith("__") and name not in READABLE):
            raise AttributeError(name)
        return self._link.look_up(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._link.do("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._link.do("delattr", self, name)

    def __hash__(self) -> int:
        return self._link.do("hash", self)

    def __repr__(self) -> str:
        return str(self._link.do("repr", self))

    def __str__(self) -> str:
        return str(self._link.do("str", self))


def _operation(name: str) -> Callable[..., Any]:
    def method(self: Proxy, *others: Any) -> Any:
        return self._link.operate(name, self, others)

    return method


def _unary(name: str) -> Callable[..., Any]:
    def method(self: Proxy, *arguments: Any, **named: Any) -> Any:
        return self._link.do(name, self, *arguments, **named)

    return method


for _name in COMPARISONS:
    setattr(Proxy, f"__{_name}__", _operation(_name))
_METHODS = {
    dunder: _operation(name) if name in (*BINARY, "contains") or name[1:] in BINARY else _unary(name)
    for dunder, name in ((dunder, dunder.strip("_")) for dunder in objects.DUNDERS)
}
_METHODS["__exit__"] = lambda self, *_: bool(self._link.do("exit", self))


def belongs_to_data(name: str) -> bool:
    """Whether a name is that of an attribute that numbers, texts, arrays, containers or tables have.

    Examples
    --------
    >>> belongs_to_data("shape"), belongs_to_data("append"), belongs_to_data("balance")
    (True, True, False)
    """
    return name in _attributes_of_data(*sys.modules.keys() & LIBRARIES)


@cache
def _attributes_of_data(*libraries: str) -> set[str]:
    kinds = [int, float, complex, str, bytes, list, tuple, dict, set, np.ndarray, np.generic]
    for library in libraries:
        kinds += [getattr(sys.modules[library], name) for name in LIBRARIES[library]]
    return set[str]().union(*map(dir, kinds))


def is_proxy(value: Any) -> bool:
    """Whether a value is a stand-in, whatever it says of itself."""
    return issubclass(type(value), Proxy)


@cache
def _class_for(name: str, has: frozenset[str]) -> type:
    kept = {dunder: _METHODS[dunder] for dunder in has}
    return type(name, (Proxy,), {"__slots__": (), "__hash__": Proxy.__hash__, **kept})


def new_proxy(link: Link, number: int, body: dict[str, Any]) -> Proxy:
    """Make what stands for an object, given its number and what the student's process says of it."""
    name = str(body["type"])[:MAX_NAME]
    has = frozenset(dunder for dunder in body["has"] if dunder in _METHODS)
    proxy: Proxy = object.__new__(_class_for(name, has))
    slots = {"link": link, "number": number, "kind": str(body["kind"]), "type": name}
    for slot, value in {**slots, "made": False, "informed": False}.items():
        object.__setattr__(proxy, f"_{slot}", value)
    return proxy
