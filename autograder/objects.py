"""The student's side of test cells: what their names stand for, and operations on objects that stay here."""

from __future__ import annotations

import importlib
import inspect
import operator
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograder import wall
from autograder.exchange import MAX_NAME, decode, encode

OPTIONAL = """
call len getitem setitem delitem contains iter next reversed enter exit bool float int complex index abs neg pos invert
round floor ceil trunc format instancecheck subclasscheck
"""
BINARY = "add sub mul matmul truediv floordiv mod pow and or xor lshift rshift"
DUNDERS = [
    f"__{name}__"
    for name in [*OPTIONAL.split(), *(f"{side}{name}" for name in BINARY.split() for side in ("", "r", "i"))]
]
KINDS = ((types.FunctionType, "function"), (types.GeneratorType, "generator"), (type, "class"))
DOERS: dict[str, Callable[..., Any]] = {
    "call": lambda function, *arguments, **named: function(*arguments, **named),
    "enter": lambda manager: type(manager).__enter__(manager),
    "exit": lambda manager, *_: type(manager).__exit__(manager, None, None, None),
    "instancecheck": lambda kind, value: isinstance(value, kind),
    "subclasscheck": lambda kind, value: issubclass(value, kind),
    "pow": lambda *arguments: pow(*arguments),
    "floor": lambda value: type(value).__floor__(value),
    "ceil": lambda value: type(value).__ceil__(value),
    "trunc": lambda value: type(value).__trunc__(value),
}
BUILTIN = "len iter next reversed bool float int complex abs round format hash repr str getattr setattr delattr"


def doer(name: str) -> Callable[..., Any]:
    """Return what does an operation.

    Examples
    --------
    >>> doer("add")(2, 3), doer("and")(6, 3)
    (5, 2)
    """
    if name in DOERS:
        return DOERS[name]
    source = __builtins__ if isinstance(__builtins__, dict) else vars(__builtins__)
    return source[name] if name in BUILTIN.split() else getattr(operator, f"__{name}__")


class Objects:
    """The objects that test cells hold handles of, and the functions of test cells that the student's code calls."""

    def __init__(self, ask: Callable[[dict[str, Any]], Any], printed: Callable[[], str]) -> None:
        self.ask, self.printed = ask, printed
        self.objects: list[Any] = []
        self.numbers: dict[int, int] = {}
        self.callbacks: dict[int, Callable[..., Any]] = {}

    def names(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Write what names stand for."""
        return {name: encode(value, self) for name, value in wanted.items()}

    def do(self, name: str, arguments: list[Any], named: dict[str, Any]) -> dict[str, Any]:
        """Do an operation; return its value or its exception, and which arguments it changed."""
        given = [decode(argument, self) for argument in arguments]
        given_by_name = {key: decode(argument, self) for key, argument in named.items()}
        reply: dict[str, Any] = {}
        try:
            value = doer(name)(*given, **given_by_name)
            same = [
                place for place, argument in enumerate(given) if argument is value and _is_content(arguments[place])
            ]
            reply = {"value": encode(value, self), "same": same[0] if same else -1}
        except Exception as error:
            reply = {"raised": self._exception(error)}
        pairs: list[tuple[int | str, Any, Any]] = [*zip(range(len(given)), arguments, given, strict=True)]
        pairs += [(key, named[key], given_by_name[key]) for key in named]
        reply["changed"] = [
            [place, now]
            for place, written, argument in pairs
            if _is_content(written) and wall.pack(now := encode(argument, self)) != wall.pack(written)
        ]
        return {**reply, "printed": self.printed()}

    def handle(self, value: Any) -> dict[str, Any]:
        """Write an object that stays here."""
        if own := [number for number, callback in self.callbacks.items() if callback is value]:
            return {"$": "yours", "number": own[0]}
        if isinstance(value, types.ModuleType):
            return {"$": "module", "name": value.__name__}
        number = self.numbers.setdefault(id(value), len(self.objects))
        if number == len(self.objects):
            self.objects.append(value)
        kind = next((name for kind, name in KINDS if isinstance(value, kind)), "object")
        body = {"$": "object", "number": number, "kind": kind, "type": type(value).__name__[:MAX_NAME],
                "has": [name for name in DUNDERS if hasattr(type(value), name)]}  # fmt: skip
        if kind == "class" and issubclass(value, Exception):
            body |= {"name": value.__name__[:MAX_NAME], "bases": _places(value)}
        return body

    def resolve(self, kind: str, body: dict[str, Any]) -> Any:
        """Return the object, the library's function or the test cell's function that a written form stands for."""
        if kind == "yours":
            return self.objects[body["number"]]
        if kind == "library":
            found: Any = importlib.import_module(body["module"])
            for part in body["name"].split("."):
                found = getattr(found, part)
            return found
        if kind == "iterator":
            return iter([decode(item, self) for item in body["items"]])
        if body["number"] not in self.callbacks:
            self.callbacks[body["number"]] = self._callback(body["number"], body["name"])
        return self.callbacks[body["number"]]

    def _callback(self, number: int, name: str) -> Callable[..., Any]:
        def callback(*arguments: Any, **named: Any) -> Any:
            written = [encode(argument, self) for argument in arguments]
            reply = self.ask({"number": number, "arguments": written,
                              "named": {key: encode(value, self) for key, value in named.items()}})  # fmt: skip
            if "raised" in reply:
                raise getattr(__import__("builtins"), reply["raised"][0], RuntimeError)(reply["raised"][1])
            return decode(reply["value"], self)

        callback.__name__ = callback.__qualname__ = name
        return callback

    def _exception(self, error: Exception) -> dict[str, Any]:
        try:
            text = str(error)[:2000]
        except Exception:
            text = ""
        plain = all(type(argument) in (str, int, float, bool, type(None)) for argument in error.args[:10])
        body = {"bases": _places(type(error)), "text": text, "arguments": list(error.args[:10]) if plain else [text]}
        own = inspect.getmodule(type(error)) is None or type(error).__module__ == "__main__"
        return {**body, "class": self.handle(type(error))} if own else body


def _places(kind: type) -> list[list[str]]:
    """List the exception classes of libraries that a class is or descends from, the nearest first."""
    places = [(base.__module__, base.__name__) for base in kind.__mro__ if issubclass(base, Exception)]
    return [list(place) for place in places if place[0] == "builtins" or place[0].startswith("numpy")]


def _is_content(written: Any) -> bool:
    """Whether a written form is that of a value with content of its own, which could be changed."""
    return isinstance(written, list | np.ndarray) or (
        isinstance(written, dict) and written.get("$") in ("pairs", "items", "bytes", "objects", "tensor", "table")
    )
