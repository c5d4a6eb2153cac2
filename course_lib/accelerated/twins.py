"""From a reference object to the same thing on PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from course_lib.validation import unknown_name


def twin(thing: Any, kinds: Mapping[str, type], kind: str, advice: str) -> Any:
    """Return an object of the class in `kinds` that has the name of `thing`'s class, with the same attributes.

    What already is on PyTorch is returned as it is.

    Raises
    ------
    TypeError
        If `kinds` has no class of that name: a class of one's own, which must say what it does with tensors.

    Examples
    --------
    >>> from course_lib.accelerated.activations import KINDS
    >>> from course_lib.reference.activations import LeakyReLU
    >>> type(twin(LeakyReLU(0.2), KINDS, "activation", "")).__module__
    'course_lib.accelerated.activations'
    """
    name = type(thing).__name__
    if isinstance(thing, tuple(kinds.values())):
        return thing
    if name not in kinds:
        raise TypeError(f"{unknown_name(kind, name, kinds)}. {advice}")
    made: Any = object.__new__(kinds[name])
    vars(made).update(vars(thing))
    return made
