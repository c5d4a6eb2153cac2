"""Many networks at once: their weights stacked, their products batched, one step for all of them.

A small network does not keep a processor busy: most of a step is spent on starting operations, not on arithmetic.
K networks of one shape need the same number of operations as one, each K times as large. They may differ in all
that is a number: initial weights (seed, scale), learning rate, L1 and L2 strengths, dropout rate, their samples and
the order of these. Nothing passes between them, so each one learns what it would have learned alone.

>>> from course_lib.accelerated.layers import Activation, Dense
>>> from course_lib.accelerated.losses import get_loss
>>> from course_lib.accelerated.optimizers import Adam
>>> def network(seed):
...     return Network([Dense(8), Activation("tanh"), Dense(1)], 2, seed, dtype="float64", device="cpu")
>>> X, y = torch.randn(3, 10, 2, dtype=torch.float64), torch.zeros(3, 10, 1, dtype=torch.float64)
>>> three = [network(seed) for seed in range(3)]
>>> ensemble = Ensemble(three, [Adam(rate) for rate in (0.1, 0.01, 0.001)], get_loss("mse"))
>>> outputs = ensemble.step(X, y)                         # three networks, each on its own ten samples
>>> outputs.shape, ensemble.parameters.shape
(torch.Size([3, 10, 1]), torch.Size([3, 33]))

What one of them does alone, step by step, is the same:

>>> alone, adam = network(1), Adam(0.01)
>>> _ = alone.train_batch(X[1], y[1], get_loss("mse"), adam)
>>> bool((alone.parameters - ensemble.parameters[1]).abs().max() < 1e-14)
True

`course_lib.accelerated.many.fit_many` trains any networks this way, `course_lib.accelerated.candidates` lets a search
do so.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import torch
from torch import Tensor

from course_lib.accelerated.clipping import clipped
from course_lib.accelerated.layers import Dropout
from course_lib.accelerated.network import Network
from course_lib.reference.losses import Loss
from course_lib.reference.optimizers import Optimizer
from course_lib.reference.optimizers.base import FLUSH_EVERY
from course_lib.reference.regularizers import L1, L2, ElasticNet, Regularizer

__all__ = ["Ensemble", "signature"]

PLAIN = ("NoneType", Regularizer.__name__, L1.__name__, L2.__name__, ElasticNet.__name__)


def signature(network: Network, optimizer: Optimizer) -> Hashable | None:
    """Return what networks must have in common to be trained together, or None for one that has to train alone.

    Alone stay networks with a penalty other than L1 and L2, and those that scale their loss (float16).

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> from course_lib.accelerated.optimizers import SGD
    >>> first, second = (Network([Dense(3)], 2, seed, device="cpu") for seed in (0, 1))
    >>> signature(first, SGD(0.1)) == signature(second, SGD(0.2))
    True
    >>> signature(first, SGD(0.1)) == signature(second, SGD(0.2, momentum=0.9))
    False
    """
    penalties = [p.regularizer for layer in network.layers for p in layer.parameters.values()]
    if any(type(penalty).__name__ not in PLAIN for penalty in penalties) or len(network.precision.state):
        return None
    private = {"learning_rate", "t", "state"}
    settings = {k: v for k, v in vars(optimizer).items() if k not in private and not k.startswith("_")}
    layers = [(type(layer).__name__, layer.output_shape, _structure(layer)) for layer in network.layers]
    own = (network.input_shape, network.dtype, network.device, network.compiled, network.precision.name)
    return repr((layers, own, type(optimizer).__name__, sorted(settings.items())))


def _structure(layer: Any) -> list[tuple[str, Any]]:
    """Return those settings of a layer that change what it computes: all but initial values, strengths and rates."""
    free = ("initializer", "regularizer")
    numbers = {"rate"} if isinstance(layer, Dropout) else set()
    return [(k, v) for k, v in layer.settings().items() if k not in numbers and not k.endswith(free)]


class Ensemble:
    """Networks of one `signature`, their vectors stacked along a first axis.

    The networks themselves stay as they are until `hand_back` writes into them what they have learned.

    Parameters
    ----------
    networks, optimizers
        One optimizer a network.
    loss
        The loss of all.

    Attributes
    ----------
    parameters, state : tensors (K, size), (K, size of the state)
        The networks' vectors.
    slots : list of tensors (K, size)
        The optimizers' vectors.
    """

    def __init__(self, networks: Sequence[Network], optimizers: Sequence[Any], loss: Loss) -> None:
        if not networks or len(networks) != len(optimizers):
            raise ValueError(f"give one optimizer a network, got {len(networks)} and {len(optimizers)}")
        kinds = {signature(*pair) for pair in zip(networks, optimizers, strict=True)}
        if len(kinds) > 1 or None in kinds:
            raise ValueError(
                "these networks differ in more than numbers (or one has a penalty other than L1 and L2, or float16), "
                "so they cannot be stacked: fit_many sorts them into ensembles"
            )
        self.networks, self.optimizers, self.loss = list(networks), list(optimizers), loss
        if len(set(map(id, self.networks))) < len(self.networks):
            raise ValueError("each network can be in an ensemble once: make another one with the same seed")
        self.parameters = torch.stack([network.parameters for network in networks])
        self.state = torch.stack([network.state for network in networks])
        vectors = [o.state_like(n.parameters) for n, o in zip(networks, optimizers, strict=True)]
        self.slots = [torch.stack(list(slot)) for slot in zip(*vectors, strict=True)]
        self.penalized, self.strengths = _penalties(self.networks, self.parameters)
        self.steps = 0
        self._advance: Any = torch.func.vmap(self.member_step)
        if networks[0].compiled:
            self._advance = torch.compile(self._advance, fullgraph=True, dynamic=False)

    def step(self, X: Tensor, y: Tensor, masks: Sequence[Tensor] | None = None) -> Tensor:
        """Make one step of every network on its batch; return the outputs (K, n, …) from before it.

        Parameters
        ----------
        X, y
            Samples (K, n, …) and targets (K, n, …), one batch a network, as `prepare` and `targets` return them.
        masks
            One mask (K, n, …) a dropout layer, entries 0 or 1/keep; None: each network draws its own.
        """
        if masks is None:
            drawn = [network.draw_masks(X.shape[1]) for network in self.networks]
            masks = [torch.stack(members) for members in zip(*drawn, strict=True)]
        constants = self.parameters.new_tensor([optimizer.next_constants() for optimizer in self.optimizers])
        with torch.no_grad():
            at = [self.parameters, self.state, *self.slots]
            moved, outputs = self._advance(at, X, y, list(masks), self.strengths, constants)
            for old, new in zip(at, moved, strict=True):
                old.copy_(new)
        self.steps += 1
        if self.steps % FLUSH_EVERY == 0:
            self._flush()
        return outputs

    def hand_back(self) -> None:
        """Write into the networks and optimizers what they have learned: each goes on alone as if it had been alone."""
        for k, (network, optimizer) in enumerate(zip(self.networks, self.optimizers, strict=True)):
            network.parameters.copy_(self.parameters[k])
            network.state.copy_(self.state[k])
            for own, slot in zip(optimizer.state_like(network.parameters), self.slots, strict=True):
                own.copy_(slot[k])

    def penalty(self) -> Tensor:
        """Return each network's penalty, (K,)."""
        return torch.func.vmap(self._penalty)(self.parameters, self.strengths)

    def member_step(
        self, at: list[Tensor], X: Tensor, y: Tensor, masks: list[Tensor], strengths: Tensor, constants: Tensor
    ) -> tuple[list[Tensor], Tensor]:
        """Return where one network is after a step, and its outputs before it: what is mapped over all of them.

        `at` holds its parameters, its state and its optimizer's vectors, `strengths` its penalties.
        """
        network, optimizer = self.networks[0], self.optimizers[0]  # what all have in common is asked of the first
        parameters, state, *slots = at
        batch = network.floats(X)

        def objective(w: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            outputs, moved = network.walk(w, batch, state, True, masks)
            return self.loss(y, outputs) + self._penalty(w, strengths), (outputs, moved)

        gradient, (outputs, state) = torch.func.grad(objective, has_aux=True)(parameters)
        gradient = clipped(gradient, optimizer.clipping, network.segments)
        parameters, slots = optimizer.updated(parameters, gradient, slots, constants)
        return [network.constrain(parameters), state, *slots], outputs

    def _penalty(self, w: Tensor, strengths: Tensor) -> Tensor:
        """Return Σ l1 Σ|w| + l2 Σw² of one network over its penalized arrays."""
        total = w.new_zeros(())
        for i, part in enumerate(self.penalized):
            total = total + strengths[i, 0] * w[part].abs().sum() + strengths[i, 1] * w[part].square().sum()
        return total

    def _flush(self) -> None:
        """Set to 0 what has faded away, as the optimizers alone do."""
        for slot in self.slots:
            slot.masked_fill_(slot.abs() < 1e8 * torch.finfo(slot.dtype).tiny, 0.0)


def _penalties(networks: Sequence[Network], like: Tensor) -> tuple[list[slice], Tensor]:
    """Return where arrays lie that some network penalizes, and (K, arrays, 2) strengths l1 and l2."""
    columns = zip(*([p for layer in n.layers for p in layer.parameters.values()] for n in networks), strict=True)
    places, strengths = [], []
    for place, members in zip(networks[0].segments, columns, strict=True):
        pairs = [(p.regularizer.l1, p.regularizer.l2) if p.regularizer else (0.0, 0.0) for p in members]
        if any(l1 or l2 for l1, l2 in pairs):
            places.append(place)
            strengths.append(pairs)
    table = torch.tensor(strengths, dtype=like.dtype, device=like.device).reshape(len(places), len(networks), 2)
    return places, table.transpose(0, 1).contiguous()
