"""The trusted side of test cells: stand-ins for the student's objects, which do everything in the student's process.

What comes back is data or another stand-in. One rule keeps an object from agreeing with whatever it is compared with:
an object of the student's that met a value of the test cell in an operator may only give further objects, never a
number, a word or a truth value. Objects that the test cell itself made from a class of the assignment are free of it.
"""

from __future__ import annotations

import builtins
import importlib
import types
from collections.abc import Callable, Iterator
from typing import Any

from autograder import objects
from autograder.exchange import MAX_ITEMS, MAX_NAME, Unsendable, decode, encode, place_of, replace_content

BINARY = objects.BINARY.split()
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
READABLE = ("__name__", "__qualname__", "__doc__", "__annotations__", "__defaults__", "__bases__", "__mro__")
SPOOFED = {"function": types.FunctionType, "generator": types.GeneratorType}
REFUSED = (
    "an object of the student's type {} cannot be compared or combined with a value of the test: "
    "the answer should be a plain value, or the test should look at the object's attributes"
)


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
        return self._link.do("getattr", self, name)

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
    dunder: _operation(name) if name in BINARY or name[1:] in BINARY else _unary(name)
    for dunder, name in ((dunder, dunder.strip("_")) for dunder in objects.DUNDERS)
}
_METHODS["__exit__"] = lambda self, *_: bool(self._link.do("exit", self))


class Link:
    """The trusted end of the conversation with the student's process.

    Parameters
    ----------
    talk
        Sends an operation and returns its reply, serving calls of the test cell's functions meanwhile.
    """

    def __init__(self, talk: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.talk = talk
        self.proxies: dict[int, Proxy] = {}
        self.types: dict[tuple[Any, ...], type] = {}
        self.exceptions: dict[int, type[Exception]] = {}
        self.functions: list[Callable[..., Any]] = []
        self.makers: set[int] = set()

    def bind(self, names: dict[str, Any], classes: frozenset[str]) -> dict[str, Any]:
        """Return what the written forms of a student's names stand for here."""
        self.proxies.clear()
        self.exceptions.clear()
        found = {name: decode(body, self) for name, body in names.items()}
        proxies = {name: value for name, value in found.items() if isinstance_of_proxy(value)}
        self.makers = {value._number for name, value in proxies.items() if name in classes and value._kind == "class"}
        return found

    def operate(self, name: str, first: Proxy, others: tuple[Any, ...]) -> Any:
        """Do an operator of two values, of which the test cell may have given one."""
        plain = not all(isinstance_of_proxy(other) for other in others)
        if name in COMPARISONS and plain and not first._made:
            if others[0] is None and name in ("eq", "ne"):
                return name == "ne"
            raise TypeError(REFUSED.format(first._type))
        if name in COMPARISONS or first._made or not plain:
            return self._swapped(name, first, others)
        return self._swapped(name, first, others, informed=True)

    def _swapped(self, name: str, first: Proxy, others: tuple[Any, ...], informed: bool = False) -> Any:
        if name[0] == "r" and name[1:] in BINARY:
            return self.do(name[1:], *others, first, informed=informed)
        return self.do(name, first, *others, informed=informed)

    def do(self, operation: str, *arguments: Any, informed: bool = False, **named: Any) -> Any:
        """Have an operation done in the student's process; return its value or raise its exception."""
        informed = informed or any(argument._informed for argument in arguments if isinstance_of_proxy(argument))
        body = {"name": operation, "arguments": [encode(argument, self) for argument in arguments],
                "named": {key: encode(value, self) for key, value in named.items()}}  # fmt: skip
        reply = self.talk(body)
        if "error" in reply:
            raise RuntimeError(str(reply["error"])[:500])
        print(str(reply.get("printed") or ""), end="")
        for place, content in reply.get("changed") or []:
            replace_content(named[place] if isinstance(place, str) else arguments[place], decode(content, self))
        if "raised" in reply:
            raise self._exception(reply["raised"])
        return self._result(operation, arguments, reply, informed)

    def _result(self, operation: str, arguments: tuple[Any, ...], reply: dict[str, Any], informed: bool) -> Any:
        same = reply.get("same", -1)
        inside = type(same) is int and 0 <= same < len(arguments)
        value = arguments[same] if inside else decode(reply.get("value"), self)
        if isinstance_of_proxy(value):
            made = operation == "call" and isinstance_of_proxy(arguments[0]) and arguments[0]._number in self.makers
            object.__setattr__(value, "_made", made)
            object.__setattr__(value, "_informed", informed)
        elif informed and operation not in ("setattr", "delattr", "setitem", "delitem"):
            raise TypeError(REFUSED.format(type(value).__name__))
        return value

    def handle(self, value: Any) -> dict[str, Any]:
        """Write a value of the test cell that is no data: a handle back, a library's function, or one to call here."""
        if isinstance_of_proxy(value):
            return {"$": "yours", "number": value._number}
        for number, kind in self.exceptions.items():
            if value is kind:
                return {"$": "yours", "number": number}
        if callable(value):
            if found := place_of(value):
                return {"$": "library", "module": found[0], "name": found[1]}
            number = next((n for n, function in enumerate(self.functions) if function is value), len(self.functions))
            self.functions += [value] if number == len(self.functions) else []
            return {"$": "callback", "number": number, "name": str(getattr(value, "__name__", "function"))}
        if isinstance(value, Iterator):
            items = [encode(item, self) for item, _ in zip(value, range(MAX_ITEMS + 1), strict=False)]
            if len(items) > MAX_ITEMS:
                raise Unsendable(f"the test hands over an iterator of more than {MAX_ITEMS} items")
            return {"$": "iterator", "items": items}
        raise Unsendable(f"the test hands over an object of type {type(value).__name__}, which cannot cross to the "
                         "student's process: numbers, text, arrays, lists, dicts and functions can")  # fmt: skip

    def resolve(self, kind: str, body: dict[str, Any]) -> Any:
        """Return what stands here for an object of the student's process."""
        if kind == "yours":
            return self.functions[body["number"]]
        if kind == "module":
            raise ImportError(f"the test uses a module that the student imported, {str(body['name'])[:MAX_NAME]}, and "
                              "that the notebook as handed out does not import")  # fmt: skip
        if kind != "object":
            raise ValueError("the answer could not be read")
        if "bases" in body:
            return self._exception_class(body)
        number = int(body["number"])
        if number not in self.proxies:
            self.proxies[number] = self._proxy(number, body)
        return self.proxies[number]

    def _proxy(self, number: int, body: dict[str, Any]) -> Proxy:
        name = str(body["type"])[:MAX_NAME]
        has = frozenset(dunder for dunder in body["has"] if dunder in _METHODS)
        key = (name, has)
        if key not in self.types:
            kept = {dunder: _METHODS[dunder] for dunder in has}
            self.types[key] = type(name, (Proxy,), {"__slots__": (), "__hash__": Proxy.__hash__, **kept})
        proxy: Proxy = object.__new__(self.types[key])
        for slot, value in (("link", self), ("number", number), ("kind", str(body["kind"])), ("type", name)):
            object.__setattr__(proxy, f"_{slot}", value)
        object.__setattr__(proxy, "_made", False)
        object.__setattr__(proxy, "_informed", False)
        return proxy

    def call_back(self, body: dict[str, Any]) -> dict[str, Any]:
        """Call a function of the test cell for the student's code."""
        try:
            function = self.functions[body["number"]]
            arguments = [decode(argument, self) for argument in body["arguments"]]
            value = function(*arguments, **{key: decode(item, self) for key, item in body["named"].items()})
            return {"value": encode(value, self)}
        except Exception as error:
            return {"raised": [type(error).__name__, str(error)[:500]]}

    def _exception(self, body: dict[str, Any]) -> Exception:
        own = body.get("class")
        kind = self._exception_class(own) if isinstance(own, dict) else _known(body["bases"])
        try:
            return kind(*body["arguments"])
        except Exception:
            return RuntimeError(str(body.get("text"))[:500])

    def _exception_class(self, body: dict[str, Any]) -> type[Exception]:
        number = int(body["number"])
        if number not in self.exceptions:
            self.exceptions[number] = type(str(body["name"])[:MAX_NAME], (_known(body["bases"]),), {})
        return self.exceptions[number]


def isinstance_of_proxy(value: Any) -> bool:
    """Whether a value is a stand-in, whatever it says of itself."""
    return issubclass(type(value), Proxy)


def _known(places: list[list[str]]) -> type[Exception]:
    """Return the first of some classes that is an exception of Python or NumPy."""
    for module, name in places:
        source = builtins if module == "builtins" else importlib.import_module("numpy.linalg")
        found = getattr(source, str(name), None)
        if isinstance(found, type) and issubclass(found, Exception):
            return found
    return RuntimeError
