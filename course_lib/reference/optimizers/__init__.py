"""Optimizers: from plain gradient descent to the Adam family, each a few lines on two flat vectors.

| class | direction | divided by |
|---|---|---|
| `SGD` | g, or its (Nesterov) momentum | – |
| `Adagrad` | g | root of the sum of g² |
| `RMSprop` | g | root of the mean of g² |
| `Adadelta` | g · (root of the mean of past steps²) | root of the mean of g² |
| `Adam`, `AdamW` | mean of g | root of the mean of g² |
| `AMSGrad` | mean of g | its largest value so far |
| `Nadam` | mean of g, one step ahead | root of the mean of g² |
| `Adamax` | mean of g | largest recent abs(g) |
| `QHAdam` | g mixed with its mean | root of g² mixed with its mean |

Where libraries differ, a class' docstring says who does what and which one this is.
"""

from __future__ import annotations

from course_lib.reference.optimizers.adam import Adam, AdamW, AMSGrad
from course_lib.reference.optimizers.adaptive import Adadelta, Adagrad, RMSprop
from course_lib.reference.optimizers.base import Optimizer, Rate
from course_lib.reference.optimizers.clipping import (
    clip_by_global_norm,
    clip_by_norm,
    clip_by_value,
    global_norm,
)
from course_lib.reference.optimizers.sgd import SGD
from course_lib.reference.optimizers.variants import Adamax, Nadam, QHAdam
from course_lib.validation import unknown_name

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "AMSGrad",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Nadam",
    "Optimizer",
    "QHAdam",
    "RMSprop",
    "Rate",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "get_optimizer",
    "global_norm",
]

OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.__name__.lower(): kind
    for kind in (SGD, Adagrad, Adadelta, RMSprop, Adam, AdamW, AMSGrad, Nadam, Adamax, QHAdam)
}


def get_optimizer(name: str | Optimizer) -> Optimizer:
    """Return `name` if it is an optimizer, else a fresh one with default settings, by its lower-case name.

    Examples
    --------
    >>> get_optimizer("sgd")
    SGD(momentum=0.0, nesterov=False, learning_rate=0.01)
    >>> get_optimizer("nesterov-sgd")                     # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: unknown optimizer 'nesterov-sgd'. Known: adadelta, adagrad, adam, ...
    """
    if isinstance(name, Optimizer):
        return name
    if isinstance(name, str):
        if name.lower() in OPTIMIZERS:
            return OPTIMIZERS[name.lower()]()
        raise unknown_name("optimizer", name, OPTIMIZERS)
    raise TypeError(f"optimizer must be a name or an Optimizer, got {name!r}: write Adam(), not Adam")
