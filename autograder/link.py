"""The trusted end of the conversation between test cells and a student's process."""

from __future__ import annotations

import builtins
import importlib
from collections.abc import Callable, Iterator
from typing import Any

from autograder.exchange import MAX_ITEMS, MAX_NAME, Unsendable, decode, encode, place_of, replace_content
from autograder.proxies import BINARY, JUDGEMENTS, Proxy, belongs_to_data, is_proxy, new_proxy

REFUSED = (
    "an object of the student's type {} cannot be compared or combined with a value of the test: "
    "the answer should be a plain value, or the test should look at the object's attributes"
)


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
        self.exceptions: dict[int, type[Exception]] = {}
        self.functions: list[Callable[..., Any]] = []
        self.makers: set[int] = set()

    def bind(self, names: dict[str, Any], classes: frozenset[str]) -> dict[str, Any]:
        """Return what the written forms of a student's names stand for here."""
        self.proxies.clear()
        self.exceptions.clear()
        found = {name: decode(body, self) for name, body in names.items()}
        proxies = {name: value for name, value in found.items() if is_proxy(value)}
        self.makers = {value._number for name, value in proxies.items() if name in classes and value._kind == "class"}
        return found

    def operate(self, name: str, first: Proxy, others: tuple[Any, ...]) -> Any:
        """Do an operator of two values, of which the test cell may have given one."""
        plain = not all(is_proxy(other) for other in others)
        asked_for = first._made or (name == "contains" and first._number in self.makers)
        if name in JUDGEMENTS and plain and not asked_for:
            if others[0] is None and name in ("eq", "ne"):
                return name == "ne"
            raise TypeError(REFUSED.format(first._type))
        if name in JUDGEMENTS or first._made or not plain:
            return self._swapped(name, first, others)
        return self._swapped(name, first, others, informed=True)

    def _swapped(self, name: str, first: Proxy, others: tuple[Any, ...], informed: bool = False) -> Any:
        if name[0] == "r" and name[1:] in BINARY:
            return self.do(name[1:], *others, first, informed=informed)
        return self.do(name, first, *others, informed=informed)

    def look_up(self, proxy: Proxy, name: str) -> Any:
        """Return an attribute; where no class is asked for, an object may not answer as an array or a list would."""
        if self.makers or proxy._kind != "object" or not belongs_to_data(name):
            return self.do("getattr", proxy, name)
        raise TypeError(f"the answer should be a plain value, got an object of the student's type {proxy._type}")

    def do(self, operation: str, *arguments: Any, informed: bool = False, **named: Any) -> Any:
        """Have an operation done in the student's process; return its value or raise its exception."""
        informed = informed or any(argument._informed for argument in arguments if is_proxy(argument))
        informed = informed and not (operation == "getattr" and not belongs_to_data(arguments[1]))
        body = {"name": operation, "arguments": [encode(argument, self) for argument in arguments],
                "named": {key: encode(value, self) for key, value in named.items()}}  # fmt: skip
        reply = self.talk(body)
        if "error" in reply:
            raise RuntimeError(str(reply["error"])[:500])
        print(str(reply.get("printed") or ""), end="")
        for place, content in (reply.get("changed") or []) if operation == "call" else []:
            replace_content(named[place] if isinstance(place, str) else arguments[place], decode(content, self))
        if "raised" in reply:
            error = self._exception(reply["raised"])
            if isinstance(error, StopIteration) and operation != "next":  # it would end a loop of the test in silence
                raise RuntimeError("the answer raised StopIteration")
            raise error
        return self._result(operation, arguments, reply, informed)

    def _result(self, operation: str, arguments: tuple[Any, ...], reply: dict[str, Any], informed: bool) -> Any:
        same = reply.get("same", -1)
        inside = type(same) is int and 0 <= same < len(arguments)
        value = arguments[same] if inside else decode(reply.get("value"), self)
        if is_proxy(value):
            made = operation == "call" and is_proxy(arguments[0]) and arguments[0]._number in self.makers
            object.__setattr__(value, "_made", made)
            object.__setattr__(value, "_informed", informed or value._informed)
        elif informed and operation not in ("setattr", "delattr", "setitem", "delitem"):
            raise TypeError(REFUSED.format(type(value).__name__))
        return value

    def handle(self, value: Any) -> dict[str, Any]:
        """Write a value of the test cell that is no data: a handle back, a library's function, or one to call here."""
        if is_proxy(value):
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
            self.proxies[number] = new_proxy(self, number, body)
        return self.proxies[number]

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


def _known(places: list[list[str]]) -> type[Exception]:
    """Return the first of some classes that is an exception of Python or NumPy."""
    for module, name in places:
        source = builtins if module == "builtins" else importlib.import_module("numpy.linalg")
        found = getattr(source, str(name), None)
        if isinstance(found, type) and issubclass(found, Exception):
            return found
    return RuntimeError
