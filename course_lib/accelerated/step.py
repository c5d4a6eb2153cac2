"""One training step as a pure function: batch in, new parameters out. All faster ways are this function, put together.

The plain loop calls `one_step` batch by batch. `many_steps` puts several in a row, with the gather of each batch, so
that a compiler sees one graph (CPU) or a recorder one epoch (CUDA graph): `course_lib.accelerated.epochs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from course_lib.accelerated.clipping import clipped

Batch = tuple[Tensor, Tensor, Tensor | None]


class Position(NamedTuple):
    """All tensors that a step changes.

    Examples
    --------
    >>> here, there = Position(torch.zeros(1), [], torch.zeros(0), []), Position(torch.ones(1), [], torch.zeros(0), [])
    >>> here.move(there)
    >>> here.parameters
    tensor([1.])
    """

    parameters: Tensor
    optimizer: Sequence[Tensor]
    state: Tensor
    scaling: Sequence[Tensor]

    def move(self, to: Position) -> None:
        """Write the tensors of another position into these, in place."""
        for own, new in zip(self.flat(), to.flat(), strict=True):
            if new is not own and own.numel():
                own.copy_(new)

    def flat(self) -> list[Tensor]:
        """Return all tensors in one list."""
        return [self.parameters, *self.optimizer, self.state, *self.scaling]

    def like(self, tensors: Sequence[Tensor]) -> Position:
        """Return a position of the same structure from such a list."""
        rest = iter(tensors)
        return Position(
            next(rest), [next(rest) for _ in self.optimizer], next(rest), [next(rest) for _ in self.scaling]
        )


class Step(NamedTuple):
    """What one step gives: the new position, outputs and penalty from before it, and the gradient.

    Examples
    --------
    >>> Step._fields
    ('after', 'outputs', 'penalty', 'gradient')
    """

    after: Position
    outputs: Tensor
    penalty: Tensor
    gradient: Tensor


@dataclass
class Work:
    """What is trained, on what, how: a network, prepared samples, targets and weights, a loss, an optimizer.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> from course_lib.accelerated.losses import MeanSquaredError
    >>> from course_lib.accelerated.network import Network
    >>> from course_lib.accelerated.optimizers import SGD
    >>> network = Network([Dense(1, kernel_initializer="zeros")], 1, device="cpu")
    >>> X = torch.ones(5, 1)
    >>> work = Work(network, X, X, None, MeanSquaredError(), SGD(0.5))
    >>> [tensor.shape[0] for tensor in work.batch(torch.tensor([0, 3]))[:2]]
    [2, 2]
    """

    network: Any
    X: Tensor
    y: Tensor
    weights: Tensor | None
    loss: Any
    optimizer: Any

    def position(self) -> Position:
        """Return the tensors that steps change: those that the network and the optimizer hold."""
        network = self.network
        return Position(
            network.parameters, self.optimizer.state_like(network.parameters), network.state, network.precision.state
        )

    def batch(self, rows: Tensor) -> Batch:
        """Return samples, targets and weights of those rows."""
        weights = None if self.weights is None else self.weights.index_select(0, rows)
        return self.X.index_select(0, rows), self.y.index_select(0, rows), weights

    def constants(self, count: int) -> Tensor:
        """Count `count` steps and return the optimizer's scalars for them, (count, c)."""
        scalars = [self.optimizer.next_constants() for _ in range(count)]
        return torch.tensor(scalars, dtype=self.network.parameters.dtype).to(self.network.device)

    def tensors(self) -> list[Tensor]:
        """Return all tensors that belong to it."""
        return [self.X, self.y, *([] if self.weights is None else [self.weights]), *self.position().flat()]

    def signature(self) -> tuple:
        """Return what a compiled step depends on, besides the values in its tensors."""
        moving = ("learning_rate", "t", "state", "_scratch", "_product")
        settings = {name: repr(value) for name, value in vars(self.optimizer).items() if name not in moving}
        kinds = [(tuple(t.shape), t.dtype) for t in self.tensors()]
        layers = [repr(layer) for layer in self.network.layers]
        return (
            *classes(self.network), *layers, self.network.precision.name, type(self.optimizer), repr(settings),
            type(self.loss), repr(self.loss), self.weights is None, repr(kinds),
        )  # fmt: skip


def classes(network: Any) -> list[type]:
    """Return the classes of all parts of a network: one's own may be defined again under the same name.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> from course_lib.accelerated.network import Network
    >>> [kind.__name__ for kind in classes(Network([Dense(1, kernel_regularizer="l2")], 1, device="cpu"))]
    ['Dense', 'NoneType', 'L2', 'NoneType', 'NoneType', 'NoneType']
    """
    found = []
    for layer in network.layers:
        found += [layer, getattr(layer, "function", None)]
        found += [part for p in layer.parameters.values() for part in (p.regularizer, p.constraint)]
    return [type(part) for part in found]


def one_step(
    work: Work,
    at: Position,
    X: Tensor,
    y: Tensor,
    weights: Tensor | None,
    constants: Tensor,
    masks: Sequence[Tensor],
) -> Step:
    """Return what a step on one batch gives; nothing is changed.

    Parameters
    ----------
    at
        Parameters and states.
    X, y, weights
        The batch: samples as `take` returns them, targets, and one factor a sample or None.
    constants
        The optimizer's scalars of this step, (c,).
    masks
        One a Dropout layer.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> from course_lib.accelerated.losses import MeanSquaredError
    >>> from course_lib.accelerated.network import Network
    >>> from course_lib.accelerated.optimizers import SGD
    >>> network = Network([Dense(1, kernel_initializer="zeros")], 1, device="cpu")
    >>> X = torch.ones(1, 1)
    >>> work = Work(network, X, X, None, MeanSquaredError(), SGD(0.5))
    >>> step = one_step(work, work.position(), X, X, None, work.constants(1)[0], ())
    >>> step.after.parameters                               # w and b, each 0 + 0.5·2
    tensor([1., 1.])
    """
    network = work.network
    X = network.floats(X)
    scale = at.scaling[0] if at.scaling else None

    def objective(w: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        value, rest = network.objective(w, X, y, work.loss, weights, at.state, True, masks)
        return value if scale is None else value * scale, rest

    gradient, (_, (a, state, penalty)) = torch.func.grad_and_value(objective, has_aux=True)(at.parameters)
    if scale is not None:
        gradient = gradient / scale
    g = clipped(gradient, work.optimizer.clipping, network.segments)
    parameters, states = work.optimizer.updated(at.parameters, g, at.optimizer, constants)
    after = Position(network.constrain(parameters), states, state, at.scaling)
    return Step(network.precision.settle(at, after, gradient), a, penalty, gradient)


def many_steps(
    work: Work, at: Position, rows: Tensor, constants: Tensor, masks: Sequence[Sequence[Tensor]]
) -> tuple[Position, Tensor, Tensor]:
    """Return the position after len(rows) steps, all outputs (k, batch, …) and all penalties (k,).

    `rows` (k, batch) says which samples go into each batch, `constants` (k, c) has the optimizer's scalars.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> from course_lib.accelerated.losses import MeanSquaredError
    >>> from course_lib.accelerated.network import Network
    >>> from course_lib.accelerated.optimizers import SGD
    >>> network = Network([Dense(1, kernel_initializer="zeros")], 1, device="cpu")
    >>> work = Work(network, torch.ones(2, 1), torch.ones(2, 1), None, MeanSquaredError(), SGD(0.25))
    >>> after, outputs, _ = many_steps(work, work.position(), torch.tensor([[0], [1]]), work.constants(2), [(), ()])
    >>> outputs.ravel()                                     # 0, then 0.5·1 + 0.5
    tensor([0., 1.])
    """
    outputs, penalties = [], []
    for batch, scalars, drawn in zip(rows, constants, masks, strict=True):
        step = one_step(work, at, *work.batch(batch), scalars, drawn)
        at = step.after
        outputs.append(step.outputs)
        penalties.append(step.penalty)
    return at, torch.stack(outputs), torch.stack(penalties)
