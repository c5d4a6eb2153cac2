"""The API reference is complete: everything a module offers has an example, which pytest runs."""

import importlib
import inspect
import sys

from book_site import ROOT

import course_lib

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from descent_book.api import public_modules


def offered() -> dict[str, object]:
    """Classes and functions of the library as the reference lists them, by full name."""
    found: dict[str, object] = {}
    for module in map(importlib.import_module, public_modules(course_lib, shallow=False)):
        home = "course_lib" if hasattr(module, "__all__") else module.__name__
        for name in getattr(module, "__all__", None) or vars(module):
            value = getattr(module, name)
            if (
                str(getattr(value, "__module__", "")).startswith(home)
                and not name.startswith("_")
                and (inspect.isclass(value) or inspect.isfunction(value))
            ):
                found[f"{module.__name__}.{name}"] = value
    return found


def test_everything_in_the_reference_has_an_example() -> None:
    everything = offered()
    assert len(everything) > 250
    assert [name for name, value in everything.items() if ">>>" not in (value.__doc__ or "")] == []
