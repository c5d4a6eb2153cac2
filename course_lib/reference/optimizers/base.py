"""What every optimizer shares: the step number, the rate, flat state vectors, clipping, save and load.

An optimizer of the book is a few lines on two vectors, the parameters w and the gradient g. Here it is the
same: a subclass names its state vectors in `slots`, works out the step's scalars in `constants`, and writes
the formula in `update`, in place. `step` hands it one block of the vectors at a time, small enough to stay in
the cache, so the plain formula is also the fast one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from course_lib.reference.memory import aligned_zeros
from course_lib.reference.optimizers.clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from course_lib.validation import check_number, unknown_name

BLOCK = 51_200  # entries: w, g, two states and scratch of a float32 block take 1000 KiB, which fits an L2 cache
FLUSH_EVERY = 128  # steps
CLIPPINGS = ("clipvalue", "clipnorm", "global_clipnorm")

Rate = float | Callable[[int], float]
Array = np.ndarray
Arrays = Sequence[np.ndarray]
Scalars = tuple[float, ...]


class Optimizer:
    """Base class: `step(parameters, gradient)` changes the flat parameter vector in place.

    Parameters
    ----------
    learning_rate
        A number >= 0, or a schedule: a callable that maps the step number (0, 1, 2, …) to a rate.
    clipvalue, clipnorm, global_clipnorm
        At most one of them, as keyword: bounds every entry, the norm of each segment, the norm of the whole.

    Examples
    --------
    A new optimizer is its formula:

    >>> class SignDescent(Optimizer):
    ...     def update(self, w, g, state, constants, scratch):
    ...         (rate,) = constants
    ...         w -= rate * np.sign(g)
    >>> w = np.array([1.0, -1.0])
    >>> SignDescent(0.1).step(w, np.array([5.0, -0.01]))
    >>> w
    array([ 0.9, -0.9])
    """

    slots: tuple[str, ...] = ()  # the names of its state vectors

    def __init__(self, learning_rate: Rate = 0.01, **clipping: float | None) -> None:
        for name in clipping:
            if name not in CLIPPINGS:
                raise unknown_name(f"argument of {type(self).__name__}", name, (*CLIPPINGS, *vars(self)))
        self.learning_rate = learning_rate if callable(learning_rate) else _rate(learning_rate)
        self.clipping = {k: check_number(k, v, 0, open_low=True) for k, v in clipping.items() if v is not None}
        if len(self.clipping) > 1:
            raise ValueError(f"give at most one kind of clipping, got {' and '.join(self.clipping)}")
        self.reset()

    def reset(self) -> None:
        """Forget everything learned from past gradients; the next step is step 1."""
        self.t = 0
        self.state: dict[str, np.ndarray] = {}
        self._scratch = np.empty((2, 0))

    # What a subclass writes

    def constants(self, rate: float, t: int) -> tuple[float, ...]:
        """Return the scalars of step `t` (from 1), worked out once for all blocks."""
        return (rate,)

    def update(self, w: Array, g: Array, state: Arrays, constants: Scalars, scratch: Array) -> None:
        """Change the block `w` and its `state` in place; the two rows of `scratch` may be overwritten."""
        raise NotImplementedError(f"{type(self).__name__} must define update(w, g, state, constants, scratch)")

    def initial_state(self, slot: str) -> float:
        """Return the value with which the state vector `slot` starts."""
        return 0.0

    # What a user calls

    def step(self, parameters: np.ndarray, gradient: np.ndarray, segments: Sequence[slice] | None = None) -> None:
        """Make one update of `parameters` (size,), in place, from `gradient` (size,), which is left alone.

        `segments` are the slices that belong to one weight or bias each; only `clipnorm` asks for them.
        """
        self._check(parameters, gradient)
        if self.clipping:
            gradient = self._clip(gradient, segments or [slice(None)])
        self.t += 1
        constants = self.constants(self.current_rate(self.t - 1), self.t)
        vectors = [self.state[name] for name in self.slots]
        for start in range(0, len(parameters), BLOCK):
            part = slice(start, start + BLOCK)
            w = parameters[part]
            self.update(w, gradient[part], [s[part] for s in vectors], constants, self._scratch[:, : len(w)])
        if self.t % FLUSH_EVERY == 0:
            self._flush()

    def current_rate(self, step: int | None = None) -> float:
        """Return the learning rate of step number `step` (from 0; default: the next one)."""
        if not callable(self.learning_rate):
            return self.learning_rate
        return _rate(self.learning_rate(self.t if step is None else step))

    def get_state(self) -> dict[str, np.ndarray]:
        """Return a copy of all that a later run needs to go on from here: arrays only, ready for `np.savez`.

        A number as learning rate is part of it (callbacks change it); a schedule is code and is not.
        """
        state = {name: vector.copy() for name, vector in self.state.items()}
        state["t"] = np.array(self.t)
        if not callable(self.learning_rate):
            state["learning_rate"] = np.array(self.learning_rate)
        return state

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `get_state` returned.

        Raises
        ------
        ValueError
            If the state is that of another kind of optimizer.
        """
        vectors = set(state) - {"t", "learning_rate"}
        if "t" not in state or (vectors and vectors != set(self.slots)):
            raise ValueError(
                f"{type(self).__name__} keeps {sorted([*self.slots, 't'])}, got {sorted(state)}: "
                "load it into the kind of optimizer that saved it"
            )
        self.reset()
        for name in vectors:
            self._allocate(name, np.asarray(state[name]))
        self.t = int(state["t"])
        if "learning_rate" in state and not callable(self.learning_rate):
            self.learning_rate = float(state["learning_rate"])

    def __repr__(self) -> str:
        hidden = {"t", "slots", "state", "clipping"}
        settings = {k: v for k, v in vars(self).items() if k not in hidden and not k.startswith("_")} | self.clipping
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in settings.items())})"

    # Behind the scenes

    def _allocate(self, name: str, values: np.ndarray) -> None:
        self.state[name] = aligned_zeros(values.size, values.dtype)
        self.state[name][:] = values

    def _check(self, w: np.ndarray, g: np.ndarray) -> None:
        if not isinstance(w, np.ndarray) or not isinstance(g, np.ndarray):
            raise TypeError(
                "parameters and gradient must be NumPy arrays, which are changed in place, got "
                f"{type(w).__name__} and {type(g).__name__}"
            )
        if w.ndim != 1 or w.shape != g.shape or w.dtype != g.dtype or w.dtype.kind != "f":
            raise ValueError(
                "parameters and gradient must be flat float vectors of one shape and dtype, got "
                f"{w.dtype}{w.shape} and {g.dtype}{g.shape}"
            )
        if not w.flags.writeable:
            raise ValueError("parameters must be writable: step changes them in place")
        if self.t == 0 and not self.state:
            for name in self.slots:
                self._allocate(name, np.full(w.shape, self.initial_state(name), w.dtype))
        for name, vector in self.state.items():
            if vector.shape != w.shape or vector.dtype != w.dtype:
                raise ValueError(
                    f"this optimizer's state {name} is {vector.dtype}{vector.shape}, the parameters are "
                    f"{w.dtype}{w.shape}: use one optimizer per network, or reset() it"
                )
        if not self._scratch.size or self._scratch.dtype != w.dtype:
            self._scratch = aligned_zeros(2 * BLOCK, w.dtype).reshape(2, BLOCK)

    def _flush(self) -> None:
        """Set to 0 what has faded away: processors are ten times slower on numbers below the normal range.

        The average of a parameter that gets no gradient any more (a pixel that is always 0) shrinks by β a step and is
        down there after some hundred steps. Relative to ε such a number is nothing.
        """
        for vector in self.state.values():
            vector[np.abs(vector) < 1e8 * np.finfo(vector.dtype).tiny] = 0

    def _clip(self, g: np.ndarray, segments: Sequence[slice]) -> np.ndarray:
        ((kind, limit),) = self.clipping.items()
        if kind == "clipvalue":
            return clip_by_value(g, limit)
        if kind == "global_clipnorm":
            return clip_by_global_norm([g], limit)[0]
        clipped = g.copy()
        for segment in segments:
            clipped[segment] = clip_by_norm(g[segment], limit)
        return clipped


def _rate(value: float) -> float:
    """Return the checked rate: finite and >= 0 (0 so that a warm-up may start there)."""
    return check_number("learning_rate", value, 0)
