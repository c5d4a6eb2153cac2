"""How many networks are worth stacking: measured, because it depends on the machine.

Stacking saves the time between operations. On a GPU, or without compiled steps, that is most of the time, and the more
networks the better. Compiled steps on a CPU have little of it left; then what counts is that the vectors of a few
small networks still fit into the cache, and that several threads can share the members out among them. So a few
sizes are tried on copies of the networks, a second or so each, and a network stays alone where that is fastest.

>>> fastest({1: 100e-6, 4: 60e-6, 16: 62e-6})
4
>>> fastest({1: 100e-6, 4: 98e-6})                        # not worth it
1
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping

__all__ = ["fastest", "sizes_to_try", "stack_size"]

WORTH = 1.05  # how many times faster a stack must be than a loop
MOST = {"cpu": 64, "cuda": 1024}  # networks in one stack
LONG = 20_000  # steps of single networks that make a measurement pay
_FOUND: dict[Hashable, int] = {}  # what was measured before in this process


def stack_size(
    count: int, device: str, compiled: bool, steps: int, key: Hashable, measure: Callable[[int], float]
) -> int:
    """Return how many of `count` networks to stack.

    Parameters
    ----------
    device, compiled
        "cpu" or "cuda"; whether steps are compiled.
    steps
        How many steps each network is going to make.
    key
        By which the answer is remembered.
    measure
        ``measure(size)`` → seconds a network and step in stacks of that size (1: the loop).

    Examples
    --------
    >>> stack_size(10, "cuda", True, 100, "a", lambda size: 0.0)           # a GPU is not asked
    10
    >>> stack_size(10, "cpu", True, 10**5, "b", lambda size: {1: 2.0, 4: 1.5, 10: 1.0}[size])
    10
    >>> stack_size(10, "cpu", True, 10**5, "c", lambda size: 1.0)          # nothing gained: one by one
    1
    """
    most = min(count, MOST[device])
    if count == 1 or device == "cuda" or not compiled or count * steps < LONG:
        return most
    if (key, most) not in _FOUND:
        _FOUND[key, most] = fastest({size: measure(size) for size in sizes_to_try(most)})
    return _FOUND[key, most]


def sizes_to_try(most: int) -> list[int]:
    """Return 1, 4, 16, 64 as far as `most` allows, and `most` itself.

    Examples
    --------
    >>> sizes_to_try(15)
    [1, 4, 15]
    """
    return sorted({1, most, *(size for size in (4, 16) if size < most)})


def fastest(seconds: Mapping[int, float]) -> int:
    """Return the size with the least seconds a network and step; 1 unless another is faster by 5 percent or more.

    Examples
    --------
    >>> fastest({1: 2.0, 8: 1.0})
    8
    """
    best = min(seconds, key=lambda size: seconds[size])
    return best if seconds[1] >= WORTH * seconds[best] else 1


def timed(run: Callable[[], None], repeats: int = 3) -> float:
    """Return the shortest of a few runs in seconds; a first one, in which things are compiled, does not count.

    Examples
    --------
    >>> timed(lambda: None) < 1
    True
    """
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)
