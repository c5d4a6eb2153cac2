"""When numbers stop being numbers: which step it was, which layer, and what to try.

A training step that is fast does not look at its numbers. After an epoch one look is enough: if something is not
finite, the epoch is run again from its start, step by step, until the step that did it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_lib.accelerated.step import Position, Work, one_step

__all__ = ["NonFiniteError"]

REMEDIES = (
    "try a smaller learning rate, clipping (global_clipnorm=1.0 as an argument of the optimizer), samples scaled to "
    "about 1, or a loss with from_logits=True"
)


class NonFiniteError(ArithmeticError):
    """A step made numbers that are not finite; the network stands where it stood before that step.

    Attributes
    ----------
    step
        Number of the step in its epoch, from 0.
    place
        Number of the layer, or None.

    Examples
    --------
    >>> raise NonFiniteError("step 3 …", 3, None)
    Traceback (most recent call last):
    ...
    course_lib.accelerated.trouble.NonFiniteError: step 3 …
    """

    def __init__(self, message: str, step: int, place: int | None) -> None:
        super().__init__(message)
        self.step, self.place = step, place


class Checkpoint:
    """Where an epoch began: enough to run it again."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.tensors = [tensor.clone() for tensor in work.position().flat()]
        self.generator = work.network.generator.get_state()
        self.t = work.optimizer.t

    def check(self, outputs: Tensor, batches: Sequence[np.ndarray]) -> None:
        """Raise a `NonFiniteError` if the epoch that began here did not stay finite."""
        work = self.work
        if work.network.precision.state:
            if work.network.precision.exhausted():
                raise NonFiniteError(
                    f"float16 overflows at every step, whatever the loss is scaled by: {REMEDIES}, or bfloat16", 0, None
                )
            return  # single overflows are what the scale is there for
        # a sum is finite only if all its entries are
        if not bool(torch.isfinite(outputs.sum() + work.network.parameters.sum())):
            self.go_back()
            self.replay(batches)

    def go_back(self) -> None:
        """Put everything back to where the epoch began."""
        at = self.work.position()
        at.move(at.like(self.tensors))
        self.work.network.generator.set_state(self.generator)
        rewind(self.work.optimizer, self.t)

    def replay(self, batches: Sequence[np.ndarray]) -> None:
        """Make the steps one by one until the one that is to blame."""
        work = self.work
        for number, rows in enumerate(batches):
            X, y, weights = work.batch(torch.as_tensor(rows).to(work.X.device))
            masks = work.network.draw_masks(len(rows))
            step = one_step(work, work.position(), X, y, weights, work.constants(1)[0], masks)
            message, place = accused(work, work.position(), step, X, masks)
            if message:
                rewind(work.optimizer, work.optimizer.t - 1)
                raise NonFiniteError(f"step {number} of this epoch: {message}; {REMEDIES}", number, place)
            work.position().move(step.after)


def accused(work: Work, at: Position, step: Any, X: Tensor, masks: Sequence[Tensor]) -> tuple[str, int | None]:
    """Return what is not finite in a step, and in which layer; an empty text if all is."""
    network = work.network
    if finite(step.outputs) and finite(step.gradient) and finite(step.after.parameters):
        return "", None
    a, drawn = network.floats(X), dict(zip(network.dropped, masks, strict=True))
    for place, layer in enumerate(network.layers):
        values = network.split(at.parameters)[place] | network.split_state(at.state)[place]
        a = layer.outputs(a, values, True, drawn.get(place))
        if not finite(a):
            return f"the outputs of layer {place} ({type(layer).__name__}) are not finite", place
    for what, flat in (("gradient", step.gradient), ("new value", step.after.parameters)):
        for place in reversed(range(len(network.layers))):
            for name, array in network.split(flat)[place].items():
                if not finite(array):
                    kind = type(network.layers[place]).__name__
                    return f"the {what} of {name} in layer {place} ({kind}) is not finite", place
    return "the optimizer's state is not finite", None


def finite(tensor: Tensor) -> bool:
    """Whether all entries are finite."""
    return bool(torch.isfinite(tensor).all())


def rewind(optimizer: Any, t: int) -> None:
    """Set an optimizer's step number back; what it derives from the number follows."""
    state, rate = optimizer.state, optimizer.learning_rate
    optimizer.reset()
    while optimizer.t < t:
        optimizer.next_constants()
    optimizer.state, optimizer.learning_rate = state, rate
