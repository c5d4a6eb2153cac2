"""Gradient descent, with momentum and with Nesterov's look ahead."""

from __future__ import annotations

import numpy as np

from course_lib.reference.optimizers.base import Array, Arrays, Optimizer, Rate, Scalars
from course_lib.validation import check_number


class SGD(Optimizer):
    """Stochastic gradient descent with (Nesterov) momentum.

    v ← μv − lr·g, then w ← w + v, or with `nesterov` w ← w + μv − lr·g (Polyak, 1964; Nesterov, 1983, in
    the form of Bengio et al., 2013). Without momentum: w ← w − lr·g.

    | who | velocity | under a changing learning rate |
    |---|---|---|
    | here, Keras | v ← μv − lr·g, w ← w + v | past gradients keep the rate of their own step |
    | PyTorch, optax | v ← μv + g, w ← w − lr·v | past gradients take the rate of today |

    With a constant rate all four make the same steps.

    Parameters
    ----------
    learning_rate
        Number or schedule.
    momentum
        μ, 0 <= μ < 1.
    nesterov
        Take the gradient step after the momentum step.

    Examples
    --------
    >>> w = np.array([1.0])
    >>> optimizer = SGD(0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     optimizer.step(w, w.copy())     # f(w) = w²/2
    >>> w
    array([0.72])
    """

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **clipping: float | None,
    ) -> None:
        self.momentum = check_number("momentum", momentum, 0, 1, open_high=True)
        self.nesterov = bool(nesterov)
        if nesterov and not momentum:
            raise ValueError("nesterov needs a momentum > 0, got 0: without it there is nothing to look ahead with")
        self.slots = ("v",) if self.momentum else ()
        super().__init__(learning_rate, **clipping)

    def update(self, w: Array, g: Array, state: Arrays, constants: Scalars, scratch: Array) -> None:
        """Let v ← μv − lr·g; w ← w + v, with `nesterov` w ← w + μv − lr·g; without momentum w ← w − lr·g."""
        (rate,) = constants
        step = np.multiply(g, rate, out=scratch[0])
        if not self.momentum:
            w -= step
            return
        (v,) = state
        v *= self.momentum
        v -= step
        if self.nesterov:
            w -= step
            w += np.multiply(v, self.momentum, out=step)
        else:
            w += v
