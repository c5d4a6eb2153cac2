"""What may be tried: a space of hyper-parameters, its grid, a random draw, its coordinates.

A space maps names to specifications: ``("choice", values)``, ``("uniform", low, high)`` or
``("log_uniform", low, high)``. A grid needs plain lists.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from course_lib.validation import unknown_name

KINDS = ("choice", "uniform", "log_uniform")

Config = dict[str, Any]
Space = Mapping[str, tuple]


def check_integer(name: str, value: int, least: int) -> None:
    """Raise a ValueError if a count is not an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} must be an integer, {least} or more, got {value!r}")


def grid(space: Mapping[str, Sequence]) -> list[Config]:
    """Return every combination of the listed values, the last name changing fastest.

    Examples
    --------
    >>> grid({"width": [16, 32], "rate": [0.1, 0.2]})[1]
    {'width': 16, 'rate': 0.2}
    """
    for name, values in space.items():
        if not isinstance(values, (list, range, np.ndarray)) and not (
            isinstance(values, tuple) and not _is_spec(values)
        ):
            raise ValueError(f"{name}: a grid needs a list of values such as [16, 32], got {values!r}")
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]


def _is_spec(values: tuple) -> bool:
    return bool(values) and isinstance(values[0], str) and values[0] in KINDS


def check_space(space: Space) -> None:
    """Raise a ValueError that names the first specification that makes no sense.

    Examples
    --------
    >>> check_space({"rate": ("log_uniform", 0.0, 1.0)})
    Traceback (most recent call last):
    ...
    ValueError: rate: low must be positive to have a logarithm, got 0.0
    """
    for name, spec in space.items():
        if not isinstance(spec, tuple) or not spec:
            raise ValueError(f'{name}: a specification is a tuple such as ("uniform", 0, 1), got {spec!r}')
        kind, *limits = spec
        if kind == "choice":
            if len(limits) != 1 or not isinstance(limits[0], (Sequence, np.ndarray)) or not len(limits[0]):
                raise ValueError(f'{name}: write ("choice", values) with at least one value, got {spec!r}')
        elif kind in ("uniform", "log_uniform"):
            _check_limits(name, spec)
        else:
            raise unknown_name("specification", kind, KINDS)


def _check_limits(name: str, spec: tuple) -> None:
    kind, *limits = spec
    numbers = all(isinstance(x, (int, float, np.number)) and math.isfinite(x) for x in limits)
    if len(limits) != 2 or not numbers or limits[0] > limits[1]:
        raise ValueError(f'{name}: write ("{kind}", low, high) with finite low ≤ high, got {spec!r}')
    if kind == "log_uniform" and limits[0] <= 0:
        raise ValueError(f"{name}: low must be positive to have a logarithm, got {limits[0]}")


def sample(space: Space, rng: np.random.Generator) -> Config:
    """Return one configuration, each name drawn independently; choices keep their type.

    Examples
    --------
    >>> sample({"width": ("choice", [16])}, np.random.default_rng(0))
    {'width': 16}
    """
    check_space(space)
    return {name: _draw(spec, rng) for name, spec in space.items()}


def _draw(spec: tuple, rng: np.random.Generator) -> Any:
    if spec[0] == "choice":
        return spec[1][rng.integers(len(spec[1]))]
    return _from_unit(spec, rng.random())


def _from_unit(spec: tuple, u: float) -> float:
    kind, low, high = spec
    if kind == "uniform":
        return float(low + u * (high - low))
    value = math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
    return float(min(max(value, low), high))


class Cube:
    """The space as a unit cube, which a Gaussian process can measure distances in.

    A range is one axis (logarithmic if it is), a choice between increasing numbers is one axis on which they lie
    at equal distances, and any other choice has an axis for each of its values.

    Examples
    --------
    >>> cube = Cube({"rate": ("log_uniform", 1e-4, 1.0), "width": ("choice", [16, 32, 64])})
    >>> cube.encode({"rate": 0.01, "width": 32}).round(3)
    array([0.5, 0.5])
    >>> cube.decode(np.array([1.0, 0.9]))
    {'rate': 1.0, 'width': 64}
    """

    def __init__(self, space: Space) -> None:
        check_space(space)
        if not space:
            raise ValueError("the space is empty: name at least one hyper-parameter")
        self.space = space
        self.widths = [_axes(spec) for spec in space.values()]
        self.dimension = sum(self.widths)

    def encode(self, config: Config) -> np.ndarray:
        """Return the coordinates of a configuration, shape (dimension,)."""
        return np.concatenate([_encode(spec, config[name]) for name, spec in self.space.items()])

    def decode(self, point: np.ndarray) -> Config:
        """Return the configuration nearest to a point of the cube."""
        parts = np.split(np.asarray(point, dtype=float), np.cumsum(self.widths)[:-1])
        return {name: _decode(spec, u) for (name, spec), u in zip(self.space.items(), parts, strict=True)}


def _ordered(values: Sequence) -> bool:
    numbers = all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in values)
    return numbers and len(values) > 1 and all(x < y for x, y in itertools.pairwise(values))


def _axes(spec: tuple) -> int:
    return len(spec[1]) if spec[0] == "choice" and not _ordered(spec[1]) else 1


def _encode(spec: tuple, value: Any) -> np.ndarray:
    kind, *limits = spec
    if kind == "choice":
        values = list(limits[0])
        index = values.index(value)
        return np.array([index / (len(values) - 1)]) if _ordered(values) else np.eye(len(values))[index]
    low, high, value = (math.log(x) if kind == "log_uniform" else x for x in (*limits, value))
    return np.array([(value - low) / (high - low) if high > low else 0.5])


def _decode(spec: tuple, u: np.ndarray) -> Any:
    if spec[0] != "choice":
        return _from_unit(spec, float(u[0]))
    values = spec[1]
    return values[round(float(u[0]) * (len(values) - 1)) if _ordered(values) else int(u.argmax())]
