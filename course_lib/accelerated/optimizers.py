"""Optimizers on tensors: each formula once, as a pure function of the flat vectors and of the step's scalars.

`updated(w, g, state, constants)` returns the new parameters and the new state. The scalars of a step come from the
reference (`constants(rate, t)`: schedules, bias corrections), as one small tensor, so that a compiled or captured
step never has to be made again because the learning rate or the step number has changed.

`torch.optim` has its own state and its own loop over arrays; where its definition is the book's, `as_torch` gives the
optimizer of `torch.optim` that takes the same steps.

Examples
--------
>>> w = torch.tensor([1.0, 1.0], dtype=torch.float64)
>>> Adam(0.1).step(w, torch.tensor([100.0, -0.01], dtype=torch.float64))
>>> w
tensor([0.9000, 1.1000], dtype=torch.float64)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_lib.accelerated.clipping import clipped
from course_lib.accelerated.twins import twin
from course_lib.reference import optimizers as reference
from course_lib.reference.optimizers import Optimizer
from course_lib.reference.optimizers.base import FLUSH_EVERY

__all__ = [
    "KINDS", "OPTIMIZERS", "SGD", "AMSGrad", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Nadam", "OnTensors",
    "QHAdam", "RMSprop", "as_torch", "get_optimizer",
]  # fmt: skip

Moved = tuple[Tensor, list[Tensor]]


class OnTensors:
    """What the optimizers here add to the reference's: `updated`, and a state that lives where the parameters live.

    Examples
    --------
    >>> class SignDescent(OnTensors, Optimizer):
    ...     def updated(self, w, g, state, constants):
    ...         return w - constants[0] * g.sign(), []
    >>> w = torch.tensor([1.0, -1.0])
    >>> SignDescent(0.5).step(w, torch.tensor([5.0, -0.01]))
    >>> w
    tensor([ 0.5000, -0.5000])
    """

    def updated(self, w: Tensor, g: Tensor, state: Sequence[Tensor], constants: Tensor) -> Moved:
        """Return the parameters and the state after a step; `constants` is `self.constants(rate, t)` as a tensor."""
        raise NotImplementedError(f"{type(self).__name__} must define updated(w, g, state, constants)")

    def step(self: Any, parameters: Any, gradient: Any, segments: Sequence[slice] | None = None) -> None:
        """Make one update of `parameters` (size,), in place, from `gradient` (size,), which is left alone."""
        if not isinstance(parameters, Tensor):
            return super().step(parameters, gradient, segments)  # type: ignore[misc]
        state = self.state_like(parameters)
        g = clipped(gradient, self.clipping, segments or [slice(None)])
        constants = parameters.new_tensor(self.next_constants())
        w, moved = self.updated(parameters, g, state, constants)
        parameters.copy_(w)
        for old, new in zip(state, moved, strict=True):
            old.copy_(new)
        if self.t % FLUSH_EVERY == 0:
            self.flush()
        return None

    def next_constants(self: Any) -> tuple[float, ...]:
        """Count one step and return its scalars."""
        self.t += 1
        return self.constants(self.current_rate(self.t - 1), self.t)

    def state_like(self: Any, w: Tensor) -> list[Tensor]:
        """Return the state vectors in the order of `slots`, made on the device of `w` if they are not there yet."""
        for name in self.slots:
            vector = self.state.get(name)
            if vector is None:
                vector = torch.full_like(w, self.initial_state(name))
            elif not isinstance(vector, Tensor):
                vector = torch.as_tensor(vector).to(w, copy=True)
            if vector.shape != w.shape or vector.dtype != w.dtype or vector.device != w.device:
                raise ValueError(
                    f"this optimizer's state {name} is {vector.dtype} {tuple(vector.shape)} on {vector.device}, the "
                    f"parameters are {w.dtype} {tuple(w.shape)} on {w.device}: use one optimizer per network, "
                    "or reset() it"
                )
            self.state[name] = vector
        return [self.state[name] for name in self.slots]

    def flush(self: Any) -> None:
        """Set to 0 what has faded away, as the reference does: processors are slow below the normal range."""
        for vector in self.state.values():
            vector.masked_fill_(vector.abs() < 1e8 * torch.finfo(vector.dtype).tiny, 0.0)

    def get_state(self: Any) -> dict[str, np.ndarray]:
        """Return a copy of all that a later run needs: NumPy arrays, which either backend can go on from."""
        tensors = dict(self.state)
        self.state = {n: v.cpu().numpy() if isinstance(v, Tensor) else v for n, v in tensors.items()}
        try:
            return super().get_state()  # type: ignore[misc]
        finally:
            self.state = tensors


class SGD(OnTensors, reference.SGD):
    """v ← μv − lr·g, w ← w + v; with `nesterov` w ← w + μv − lr·g.

    Examples
    --------
    >>> w = torch.ones(1)
    >>> SGD(0.1).step(w, torch.ones(1))
    >>> w
    tensor([0.9000])
    """

    def updated(self, w: Tensor, g: Tensor, state: Sequence[Tensor], constants: Tensor) -> Moved:
        """Return w and v after a step."""
        step = constants[0] * g
        if not self.momentum:
            return w - step, []
        v = self.momentum * state[0] - step
        return (w - step + self.momentum * v if self.nesterov else w + v), [v]


class Adagrad(OnTensors, reference.Adagrad):
    """s ← s + g², w ← w − lr·g/(√s + ε).

    Examples
    --------
    >>> w = torch.ones(1)
    >>> Adagrad(0.1).step(w, torch.ones(1))
    >>> w
    tensor([0.9000])
    """

    def updated(self, w: Tensor, g: Tensor, state: Sequence[Tensor], constants: Tensor) -> Moved:
        """Return w and s after a step."""
        s = state[0] + g * g
        return w - constants[0] * (g / root_of(s, self.epsilon, self.epsilon_inside_root)), [s]


class RMSprop(OnTensors, reference.RMSprop):
    """s ← ρs + (1−ρ)g², w ← w − lr·g/(√s + ε), perhaps centered, perhaps with momentum.

    Examples
    --------
    >>> w = torch.ones(1)
    >>> RMSprop(0.01).step(w, torch.ones(1))
    >>> w
    tensor([0.9684])
    """

    def updated(self, w: Tensor, g: Tensor, state: Sequence[Tensor], constants: Tensor) -> Moved:
        """Return w, s and, if there are any, the mean and v after a step."""
        s = self.rho * state[0] + (1 - self.rho) * (g * g)
        moved, power = [s], s
        if self.centered:
            mean = self.rho * state[1] + (1 - self.rho) * g
            moved.append(mean)
            power = torch.relu(s - mean * mean)
        step = constants[0] * (g / root_of(power, self.epsilon, self.epsilon_inside_root))
        if not self.momentum:
            return w - step, moved
        v = self.momentum * state[-1] - step
        return w + v, [*moved, v]


class Adadelta(OnTensors, reference.Adadelta):
    """s ← ρs + (1−ρ)g², step = √(d+ε)/√(s+ε)·g, d ← ρd + (1−ρ)step², w ← w − lr·step.

    Examples
    --------
    >>> w = torch.ones(1)
    >>> Adadelta().step(w, torch.ones(1))
    >>> w
    tensor([0.9955])
    """

    def updated(self, w: Tensor, g: Tensor, state: Sequence[Tensor], constants: Tensor) -> Moved:
        """Return w, s and d after a step."""
        s = self.rho * state[0] + (1 - self.rho) * (g * g)
        step = root_of(state[1], self.epsilon, True) / root_of(s, self.epsilon, True) * g
        return w - constants[0] * step, [s, self.rho * state[1] + (1 - self.rho) * (step * step)]


class Adam(OnTensors, reference.Adam):
    """m ← β₁m + g, v ← β₂v + g², w ← w − rate·m/(√v + ε), the factors 1 − β being in the step's scalars.

    Examples
    --------
    >>> w = torch.ones(1)
    >>> Adam(0.1).step(w, torch.ones(1))
    >>> w
    tensor([0.9000])
    """

    def moments(self, g: Tensor, state: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return m and v after a step."""
        return self.beta_1 * state[0] + g, self.beta_2 * state[1] + g * g

    def updated(self, w: Tensor, g: Tensor, state: Sequence[Tensor], constants: Tensor) -> Moved:
        """Return w, m and v after a step."""
        m, v = self.moments(g, state)
        return w - constants[0] * (m / (v.sqrt() + constants[1])), [m, v]


class AdamW(Adam, reference.AdamW):
    """Adam after w ← (1 − lr·λ)w.

    Examples
    --------
    >>> w = torch.ones(1)
    >>> AdamW(0.1, weight_decay=0.5).step(w, torch.ones(1))
    >>> w
    tensor([0.8500])
    """

    def updated(self, w: Tensor, g: Tensor, state: Sequence[Tensor], constants: Tensor) -> Moved:
        """Return w, m and v after a step."""
        return super().updated(w * constants[2], g, state, constants)


class AMSGrad(Adam, reference.AMSGrad):
    """Adam divided by the largest v so far.

    Examples
    --------
    >>> w = torch.ones(1)
    >>> AMSGrad(0.1, bias_correction=True).step(w, torch.ones(1))
    >>> w
    tensor([0.9000])
    """

    def updated(self, w: Tensor, g: Tensor, state: Sequence[Tensor], constants: Tensor) -> Moved:
        """Return w, m, v and its maximum after a step."""
        m, v = self.moments(g, state)
        v_max = torch.maximum(state[2], v)
        return w - constants[0] * (m / (v_max.sqrt() + constants[1])), [m, v, v_max]


class Nadam(Adam, reference.Nadam):
    """Adam one step ahead: w ← w − (k_g·g + k_m·m)/(√(k_v·v) + ε).

    Examples
    --------
    >>> w = torch.ones(1)
    >>> Nadam(0.1).step(w, torch.ones(1))
    >>> w
    tensor([0.8944])
    """

    def updated(self, w: Tensor, g: Tensor, state: Sequence[Tensor], constants: Tensor) -> Moved:
        """Return w, m and v after a step."""
        (m, v), (k_g, k_m, k_v, epsilon) = self.moments(g, state), constants.unbind(-1)
        return w - (k_g * g + k_m * m) / ((k_v * v).sqrt() + epsilon), [m, v]


class QHAdam(Adam, reference.QHAdam):
    """Today's gradient mixed with the averages: w ← w − (k_g·g + k_m·m)/(√(k_s·g² + k_v·v) + ε).

    Examples
    --------
    >>> w = torch.ones(1)
    >>> QHAdam(0.1).step(w, torch.ones(1))
    >>> w
    tensor([0.9000])
    """

    def updated(self, w: Tensor, g: Tensor, state: Sequence[Tensor], constants: Tensor) -> Moved:
        """Return w, m and v after a step."""
        (m, v), (k_g, k_m, k_s, k_v, epsilon) = self.moments(g, state), constants.unbind(-1)
        return w - (k_g * g + k_m * m) / ((k_s * (g * g) + k_v * v).sqrt() + epsilon), [m, v]


class Adamax(OnTensors, reference.Adamax):
    """m ← β₁m + g, u ← max(β₂u, |g|), w ← w − rate·m/(u + ε).

    Examples
    --------
    >>> w = torch.ones(1)
    >>> Adamax(0.1).step(w, torch.ones(1))
    >>> w
    tensor([0.9000])
    """

    def updated(self, w: Tensor, g: Tensor, state: Sequence[Tensor], constants: Tensor) -> Moved:
        """Return w, m and u after a step."""
        m, u = self.beta_1 * state[0] + g, torch.maximum(self.beta_2 * state[1], g.abs())
        return w - constants[0] * (m / (u + self.epsilon)), [m, u]


def root_of(s: Tensor, epsilon: float, inside: bool) -> Tensor:
    """Return √(s + ε) if `inside`, else √s + ε."""
    return (s + epsilon).sqrt() if inside else s.sqrt() + epsilon


KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (SGD, Adagrad, Adadelta, RMSprop, Adam, AdamW, AMSGrad, Nadam, Adamax, QHAdam)
}  # fmt: skip
OPTIMIZERS: dict[str, type] = {name.lower(): kind for name, kind in KINDS.items()}
OWN = "An optimizer of your own derives from accelerated.optimizers.OnTensors too and writes updated(...)"


def get_optimizer(optimizer: str | Optimizer) -> Any:
    """Return a fresh optimizer by its lower-case name, a twin of a reference optimizer, or the object itself.

    A twin starts from a copy of the state that its original has reached, and goes its own way.

    Examples
    --------
    >>> get_optimizer(reference.SGD(0.1)).step(torch.ones(1), torch.ones(1))
    """
    found = reference.get_optimizer(optimizer)
    if isinstance(found, OnTensors):
        return found
    made = twin(found, KINDS, "optimizer", OWN)
    made.state = dict(found.state)  # copied by `state_like`
    return made


def as_torch(optimizer: Optimizer, parameters: Sequence[Tensor]) -> torch.optim.Optimizer:
    """Return the optimizer of `torch.optim` that takes the same steps at a constant rate.

    Raises
    ------
    ValueError
        If PyTorch has none: another definition (see the table of the class), or none at all.

    Examples
    --------
    >>> type(as_torch(Adam(0.1), [torch.ones(1)]))
    <class 'torch.optim.adam.Adam'>
    """
    o: Any = optimizer
    betas = (getattr(o, "beta_1", 0.0), getattr(o, "beta_2", 0.0))
    rate = o.current_rate()
    optim = torch.optim
    makers: Mapping[str, Any] = {
        "SGD": lambda: optim.SGD(parameters, rate, o.momentum, nesterov=o.nesterov),
        "Adagrad": lambda: optim.Adagrad(
            parameters, rate, initial_accumulator_value=o.initial_accumulator_value, eps=o.epsilon
        ),
        "Adadelta": lambda: optim.Adadelta(parameters, rate, o.rho, o.epsilon),
        "RMSprop": lambda: optim.RMSprop(parameters, rate, o.rho, o.epsilon, 0, o.momentum, o.centered),
        "Adam": lambda: optim.Adam(parameters, rate, betas, o.epsilon),
        "AdamW": lambda: optim.AdamW(parameters, rate, betas, o.epsilon, o.weight_decay),
        "AMSGrad": lambda: optim.Adam(parameters, rate, betas, o.epsilon, amsgrad=True),
        "Nadam": lambda: optim.NAdam(parameters, rate, betas, o.epsilon, momentum_decay=o.momentum_decay),
    }
    differs = (
        getattr(o, "epsilon_hat", False)
        or getattr(o, "epsilon_inside_root", False)
        or (type(o).__name__ == "AMSGrad" and not o.bias_correction)
        or bool(o.clipping)
    )
    if type(o).__name__ not in makers or differs:
        raise ValueError(f"torch.optim has no optimizer that takes the steps of {o!r}: see the table in its docstring")
    return makers[type(o).__name__]()
