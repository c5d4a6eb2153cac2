"""Which networks can be stacked, and their optimizers as one: the other half of `course_lib.accelerated.ensemble`."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import torch
from torch import Tensor

from course_lib.accelerated.clipping import clipped
from course_lib.accelerated.compiling import copied
from course_lib.accelerated.ensemble import Ensemble
from course_lib.accelerated.layers import Dropout
from course_lib.accelerated.network import Network
from course_lib.accelerated.step import Work, classes
from course_lib.reference.optimizers import Optimizer
from course_lib.reference.regularizers import L1, L2, ElasticNet, Regularizer

__all__ = ["EnsembleOptimizer", "EnsembleWork", "signature"]

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


class EnsembleOptimizer:
    """The members' optimizers, of one kind, as one.

    Parameters
    ----------
    optimizers, ensemble
        One optimizer a network of the ensemble.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> from course_lib.accelerated.optimizers import SGD
    >>> members = [Network([Dense(1)], 1, device="cpu") for _ in range(2)]
    >>> EnsembleOptimizer([SGD(0.1), SGD(0.2)], Ensemble(members)).next_constants()
    [(0.1,), (0.2,)]
    """

    def __init__(self, optimizers: Sequence[Any], ensemble: Ensemble) -> None:
        networks = ensemble.networks
        if len(networks) != len(optimizers):
            raise ValueError(f"give one optimizer a network, got {len(networks)} networks and {len(optimizers)}")
        kinds = {signature(*pair) for pair in zip(networks, optimizers, strict=True)}
        if len(kinds) > 1 or None in kinds:
            raise ValueError(
                "these networks differ in more than numbers (or one has a penalty other than L1 and L2, or float16), "
                "so they cannot be stacked: fit_many sorts them into ensembles"
            )
        self.members, self.segments = list(optimizers), ensemble.segments
        self.clipping: dict[str, float] = {}  # each member's gradient is clipped in `updated`
        self.originals = tuple(optimizers)
        self.t, self.home = 0, 0  # the object that counts: neither the originals nor a copy of it
        vectors = [o.state_like(n.parameters) for n, o in zip(networks, optimizers, strict=True)]
        self.state = [torch.stack(list(slot)) for slot in zip(*vectors, strict=True)]

    def state_like(self, parameters: Tensor) -> list[Tensor]:
        """Return the members' vectors, one tensor (K, size) a slot."""
        return self.state

    def next_constants(self) -> list[tuple[float, ...]]:
        """Count one step and return the members' scalars; a copy of this object counts for itself."""
        if self.home != id(self):
            self.members, self.home = [copied(member) for member in self.members], id(self)
        self.t += 1
        return [member.next_constants() for member in self.members]

    def updated(self, w: Tensor, g: Tensor, state: Sequence[Tensor], constants: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return parameters and vectors after a step of each member, gradients clipped as it wants them."""
        first = self.members[0]

        def member(w: Tensor, g: Tensor, state: list[Tensor], constants: Tensor) -> tuple[Tensor, list[Tensor]]:
            return first.updated(w, clipped(g, first.clipping, self.segments), state, constants)

        return torch.func.vmap(member)(w, g, list(state), constants)

    def flush(self) -> None:
        """Set to 0 what has faded away, as each alone does."""
        for vector in self.state:
            vector.masked_fill_(vector.abs() < 1e8 * torch.finfo(vector.dtype).tiny, 0.0)

    def hand_back(self, networks: Sequence[Network]) -> None:
        """Let each member's own optimizer go on from here."""
        for k, (own, member, network) in enumerate(zip(self.originals, self.members, networks, strict=True)):
            vectors = own.state_like(network.parameters)
            vars(own).update({name: value for name, value in vars(member).items() if name != "state"})
            for vector, slot in zip(vectors, self.state, strict=True):
                vector.copy_(slot[k])


class EnsembleWork(Work):
    """What an ensemble is trained on, and how; `X` and `y` are those of all members, `optimizer` is theirs as one.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> from course_lib.accelerated.losses import get_loss
    >>> from course_lib.accelerated.optimizers import SGD
    >>> ensemble = Ensemble([Network([Dense(1)], 1, device="cpu") for _ in range(2)])
    >>> X = torch.ones(4, 1)
    >>> work = EnsembleWork(ensemble, X, X, None, get_loss("mse"), EnsembleOptimizer([SGD(0.1), SGD(0.2)], ensemble))
    >>> work.constants(3).shape                             # steps, members, scalars
    torch.Size([3, 2, 1])
    """

    def signature(self) -> tuple:
        """Return what a compiled step depends on, besides the values in its tensors."""
        kinds = [(tuple(t.shape), t.dtype) for t in self.tensors()]
        own = signature(self.network.networks[0], self.optimizer.members[0])
        parts = (*classes(self.network.networks[0]), type(self.optimizer.members[0]), type(self.loss))
        return own, *parts, repr(self.network.penalized), repr(self.loss), repr(kinds)
