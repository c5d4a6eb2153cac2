"""What a network computes, as pure functions of one flat parameter vector.

The vector is an argument, so the same functions serve a network, its gradient (`torch.func.grad`), its compiled step
and a whole ensemble of networks (`torch.func.vmap`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from course_lib.reference.layers import Shape

__all__ = ["FlatFunctions", "split_like"]

Masks = Sequence[Tensor]


class FlatFunctions:
    """The pure functions of a network, which has layers, shapes and a precision; nothing is kept or changed.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> from course_lib.accelerated.network import Network
    >>> network = Network([Dense(1)], 1, device="cpu")
    >>> lines = torch.tensor([[1.0, 0.0], [2.0, 5.0]])             # y = x and y = 2x + 5
    >>> torch.func.vmap(lambda w: network.apply(w, torch.ones(1, 1), network.state))(lines).ravel()
    tensor([1., 7.])
    """

    layers: Any
    parameters: Any
    gradient: Any
    state: Any
    shapes: list[dict[str, Shape]]
    state_shapes: list[dict[str, Shape]]
    regularized: Any
    constrained: Any
    dropped: list[int]
    precision: Any
    generator: torch.Generator

    def split(self, parameters: Tensor) -> list[dict[str, Tensor]]:
        """Return the arrays of each layer, by name, as views of a flat vector."""
        return split_like(parameters, self.shapes)

    def split_state(self, state: Tensor) -> list[dict[str, Tensor]]:
        """Return the state arrays of each layer, by name, as views of a flat vector."""
        return split_like(state, self.state_shapes)

    def walk(
        self, parameters: Tensor, X: Tensor, state: Tensor, training: bool = False, masks: Masks = ()
    ) -> tuple[Tensor, Tensor]:
        """Return the outputs and the flat state after the batch: the one place where layers are called in a row."""
        drawn = dict(zip(self.dropped, masks, strict=True)) if training else {}
        moved = []
        with self.precision.context():
            for place, (layer, own, kept) in enumerate(
                zip(self.layers, self.split(parameters), self.split_state(state), strict=True)
            ):
                values = own | kept
                if training and kept:
                    moved += [new.flatten() for new in layer.next_state(X, values).values()]
                X = layer.outputs(X, values, training, drawn.get(place))
        return X.to(parameters.dtype), torch.cat(moved).to(state.dtype) if moved else state

    def apply(self, parameters: Tensor, X: Tensor, state: Tensor, training: bool = False, masks: Masks = ()) -> Tensor:
        """Return the outputs for a batch, as a pure function of the flat vectors."""
        return self.walk(parameters, X, state, training, masks)[0]

    def penalty_of(self, parameters: Tensor) -> Tensor:
        """Return the sum of all regularizers' penalties, 0-d."""
        total = parameters.new_zeros(())
        if self.regularized:
            values = self.split(parameters)
            for place, p in self.regularized:
                total = total + p.regularizer(values[place][p.name])
        return total

    def objective(
        self,
        parameters: Tensor,
        X: Tensor,
        y: Tensor,
        loss: Any,
        weights: Tensor | None = None,
        state: Tensor | None = None,
        training: bool = True,
        masks: Masks = (),
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Return what is minimized, loss + penalty, and (outputs, new flat state, penalty)."""
        a, moved = self.walk(parameters, X, self.state if state is None else state, training, masks)
        penalty = self.penalty_of(parameters)
        value = loss(y, a, weights)
        return value + penalty if self.regularized else value, (a, moved, penalty)

    def constrain(self, parameters: Tensor) -> Tensor:
        """Return the flat vector with every constrained array put back into its set."""
        if not self.constrained:
            return parameters
        values = self.split(parameters)
        for place, p in self.constrained:
            values[place][p.name] = p.constraint(values[place][p.name])
        return torch.cat([value.flatten() for own in values for value in own.values()])

    def draw_masks(self, n: int) -> tuple[Tensor, ...]:
        """Return one mask a Dropout layer for a batch of `n`, drawn from the network's own generator."""
        masks = [self.layers[i].draw_mask(n, self.parameters, self.generator) for i in self.dropped]
        return tuple(masks)


def split_like(flat: Tensor, shapes: Sequence[Mapping[str, Shape]]) -> list[dict[str, Tensor]]:
    """Return views of a flat vector by layer and name; the way back of `torch.split` is one concatenation.

    Examples
    --------
    >>> split_like(torch.arange(3), [{"W": (1, 2)}, {"b": (1,)}])
    [{'W': tensor([[0, 1]])}, {'b': tensor([2])}]
    """
    sizes = [math.prod(shape) for own in shapes for shape in own.values()]
    parts = iter(flat.split(sizes) if sizes else ())
    return [{name: next(parts).view(shape) for name, shape in own.items()} for own in shapes]
