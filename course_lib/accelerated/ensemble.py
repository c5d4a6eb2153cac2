"""Many networks at once: their weights stacked, their products batched, one step for all of them.

A small network does not keep a processor busy: most of a step is spent on starting operations, not on arithmetic.
K networks of one shape need the same number of operations as one, each K times as large. They may differ in all
that is a number: initial weights (seed, scale), learning rate, L1 and L2 strengths, dropout rate, their samples and
the order of these. Nothing passes between them, so each one learns what it would have learned alone.

>>> from course_lib.accelerated.layers import Activation, Dense
>>> from course_lib.accelerated.losses import get_loss
>>> from course_lib.accelerated.members import EnsembleOptimizer, EnsembleWork
>>> from course_lib.accelerated.optimizers import Adam
>>> from course_lib.accelerated.step import one_step
>>> def network(seed):
...     return Network([Dense(8), Activation("tanh"), Dense(1)], 2, seed, dtype="float64", device="cpu")
>>> ensemble = Ensemble([network(seed) for seed in range(3)])
>>> ensemble.parameters.shape
torch.Size([3, 33])
>>> adams = EnsembleOptimizer([Adam(rate) for rate in (0.1, 0.01, 0.001)], ensemble)

Ten samples for each of the three, one after another, and one step for all of them:

>>> X, y = torch.randn(30, 2, dtype=torch.float64), torch.zeros(30, 1, dtype=torch.float64)
>>> work = EnsembleWork(ensemble, X, y, None, get_loss("mse"), adams)
>>> step = one_step(work, work.position(), X, y, None, work.constants(1)[0], ())
>>> step.outputs.shape
torch.Size([30, 1])

What one of them does alone is the same:

>>> alone = network(1)
>>> _ = alone.train_batch(X[10:20], y[10:20], get_loss("mse"), Adam(0.01))
>>> bool((alone.parameters - step.after.parameters[1]).abs().max() < 1e-14)
True

`course_lib.accelerated.many.fit_many` trains any networks this way, `course_lib.accelerated.candidates` lets a search
do so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from course_lib.accelerated.network import Network

__all__ = ["Ensemble", "Generators"]


class Ensemble:
    """Networks of one `signature` as one network whose vectors have a first axis for them.

    It offers what a step asks of a network (`course_lib.accelerated.step`), so plain loop, compiled steps and CUDA
    graphs work for it as they are. A batch of it holds the members' batches one after another. The networks
    themselves stay as they are until `hand_back` writes into them what they have learned.

    Parameters
    ----------
    networks
        The members.

    Attributes
    ----------
    parameters : tensor (K, size)
        The networks' vectors.
    state : tensor (K, s + 2p)
        Their states of s numbers, and behind them the strengths l1 and l2 of each of p penalized arrays: numbers that
        differ from member to member have to be in tensors.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> ensemble = Ensemble([Network([Dense(3)], 2, seed, device="cpu") for seed in range(5)])
    >>> ensemble.parameters.shape
    torch.Size([5, 9])
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        self.networks = list(networks)
        if not networks or len(set(map(id, networks))) < len(networks):
            raise ValueError("an ensemble needs a network, and each network only once: make another with the same seed")
        first = networks[0]
        self.device, self.dtype, self.precision = first.device, first.dtype, first.precision
        self.compiled, self.floats, self.segments = first.compiled, first.floats, first.segments
        self.parameters = torch.stack([network.parameters for network in networks])
        self.gradient = torch.zeros_like(self.parameters)
        self.penalized, strengths = _penalties(self.networks, self.parameters)
        own = torch.stack([network.state for network in networks])
        self.state = torch.cat([own, strengths.flatten(1)], dim=1)
        self.regularized, self.dropped = bool(self.penalized), first.dropped
        self.keep = [self._keep(place) for place in self.dropped]
        self.generator: Any = Generators(networks) if self.device.type == "cpu" else first.generator

    def objective(
        self,
        parameters: Tensor,
        X: Tensor,
        y: Tensor,
        loss: Any,
        weights: Tensor | None,
        state: Tensor,
        training: bool,
        masks: Sequence[Tensor],
    ) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Return the sum of what each member minimizes, whose gradient is each member's own, and all outputs.

        X, y (K·n, …) hold the members' batches one after another, and so do the outputs; state and penalty have one row
        a member.
        """
        network = self.networks[0]  # what all have in common is asked of the first

        def member(w: Tensor, X: Tensor, y: Tensor, state: Tensor, masks: list[Tensor]) -> Any:
            own, strengths = state.split([network.state.numel(), 2 * len(self.penalized)])
            outputs, moved = network.walk(w, X, own, training, masks)
            penalty = self.penalty(w, strengths)
            return loss(y, outputs) + penalty, outputs, torch.cat([moved, strengths]), penalty

        apart = [self._apart(z) for z in (X, y)]
        drawn = [self._apart(mask) for mask in masks]
        values, outputs, moved, penalty = torch.func.vmap(member)(parameters, *apart, state, drawn)
        return values.sum(), (outputs.flatten(0, 1), moved, penalty)

    def penalty(self, w: Tensor, strengths: Tensor) -> Tensor:
        """Return Σ l1 Σ|w| + l2 Σw² of one member over its penalized arrays; `strengths` holds l1, l2, l1, l2, …"""
        total = w.new_zeros(())
        for i, part in enumerate(self.penalized):
            total = total + strengths[2 * i] * w[part].abs().sum() + strengths[2 * i + 1] * w[part].square().sum()
        return total

    def constrain(self, parameters: Tensor) -> Tensor:
        """Return the vectors with every constrained array put back into its set."""
        return torch.func.vmap(self.networks[0].constrain)(parameters)

    def draw_masks(self, n: int) -> tuple[Tensor, ...]:
        """Return the masks of a batch of n = K·(n/K): on the CPU what each member would draw alone.

        On a GPU all are drawn at once, from the first member's generator: other masks, as random.
        """
        if not self.dropped:
            return ()
        each = n // len(self.networks)
        if self.device.type == "cpu":
            drawn = [network.draw_masks(each) for network in self.networks]
            return tuple(torch.cat(members) for members in zip(*drawn, strict=True))
        return tuple(self._draw_together(*pair, each) for pair in zip(self.dropped, self.keep, strict=True))

    def _keep(self, place: int) -> Tensor:
        """Return the probabilities (K, 1, …) by which a Dropout layer keeps: no step that is recorded may copy them."""
        layers: list[Any] = [network.layers[place] for network in self.networks]
        keep = self.parameters.new_tensor([1.0 - layer.rate for layer in layers])
        return keep.reshape(-1, *[1] * (1 + len(layers[0].input_shape)))

    def _draw_together(self, place: int, keep: Tensor, n: int) -> Tensor:
        layer: Any = self.networks[0].layers[place]
        shape = (len(keep), n, *layer.input_shape)
        kept = (torch.rand(shape, generator=self.generator, device=self.device) < keep).to(self.parameters.dtype)
        return (kept / keep if layer.inverted else kept).flatten(0, 1)

    def _apart(self, z: Tensor) -> Tensor:
        """Return (K·n, …) as (K, n, …)."""
        return z.unflatten(0, (len(self.networks), -1))

    def hand_back(self) -> None:
        """Write into the networks what they have learned: each goes on alone as if it had been alone."""
        for k, network in enumerate(self.networks):
            network.parameters.copy_(self.parameters[k])
            network.state.copy_(self.state[k, : network.state.numel()])


class Generators:
    """The random generators of several networks, as one thing whose state can be kept and put back.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> network = Network([Dense(1)], 1, device="cpu")
    >>> together = Generators([network])
    >>> before, drawn = together.get_state(), torch.rand(1, generator=network.generator)
    >>> together.set_state(before)
    >>> torch.equal(torch.rand(1, generator=network.generator), drawn)
    True
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        self.own = [network.generator for network in networks]

    def get_state(self) -> list[Tensor]:
        """Return where each of them stands."""
        return [generator.get_state() for generator in self.own]

    def set_state(self, states: Sequence[Tensor]) -> None:
        """Put each of them back."""
        for generator, state in zip(self.own, states, strict=True):
            generator.set_state(state)


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
