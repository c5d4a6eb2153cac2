"""A rate of its own for every parameter: Adagrad, RMSprop, Adadelta."""

from __future__ import annotations

import numpy as np

from course_lib.reference.optimizers.base import Array, Arrays, Optimizer, Rate, Scalars
from course_lib.validation import check_number


class Adagrad(Optimizer):
    """Divide by the root of the sum of all squared gradients (Duchi et al., 2011).

    s ← s + g², w ← w − lr·g/(√s + ε).

    | who | denominator | s starts at |
    |---|---|---|
    | here, PyTorch, Duchi et al. | √s + ε | 0 |
    | Keras, optax (`epsilon_inside_root=True`) | √(s + ε) | 0.1 |

    Parameters
    ----------
    learning_rate
        Number or schedule.
    initial_accumulator_value
        Where s starts, >= 0.
    epsilon
        ε >= 0, keeps the quotient finite.
    epsilon_inside_root
        Take the definition of Keras and optax.

    Examples
    --------
    >>> w = np.array([1.0, 1.0])
    >>> Adagrad(0.1).step(w, np.array([100.0, 0.01]))     # the first step is lr long, whatever the gradient
    >>> w.round(6)
    array([0.9, 0.9])
    """

    slots = ("s",)

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        initial_accumulator_value: float = 0.0,
        epsilon: float = 1e-8,
        epsilon_inside_root: bool = False,
        **clipping: float | None,
    ) -> None:
        self.initial_accumulator_value = check_number("initial_accumulator_value", initial_accumulator_value, 0)
        self.epsilon = check_number("epsilon", epsilon, 0)
        self.epsilon_inside_root = bool(epsilon_inside_root)
        super().__init__(learning_rate, **clipping)

    def initial_state(self, slot: str) -> float:
        """Return the value with which s starts."""
        return self.initial_accumulator_value

    def update(self, w: Array, g: Array, state: Arrays, constants: Scalars, scratch: Array) -> None:
        """Let s ← s + g²; w ← w − lr·g/(√s + ε)."""
        (s,), (rate,), d = state, constants, scratch[0]
        s += np.square(g, out=d)
        root_of(s, self.epsilon, self.epsilon_inside_root, out=d)
        np.divide(g, d, out=d)
        d *= rate
        w -= d


class RMSprop(Optimizer):
    """Divide by the root of a moving average of the squared gradient (Hinton, 2012, lecture 6e).

    s ← ρs + (1−ρ)g², w ← w − lr·g/(√s + ε). With `momentum`, v ← μv − lr·g/(√s + ε) and w ← w + v. With
    `centered` (Graves, 2013), the root is that of the variance, s − ḡ², where ḡ is the moving average of g.

    | who | denominator | velocity under a changing rate |
    |---|---|---|
    | here | √s + ε | holds lr |
    | PyTorch | √s + ε | does not hold lr |
    | Keras (`epsilon_inside_root=True`) | √(s + ε) | holds lr |
    | optax (`epsilon_inside_root=True`) | √(s + ε) | does not hold lr |

    Parameters
    ----------
    learning_rate
        Number or schedule.
    rho
        Memory of the average, 0 <= ρ < 1.
    momentum
        μ, 0 <= μ < 1.
    epsilon
        ε >= 0.
    centered
        Subtract the square of the mean gradient.
    epsilon_inside_root
        Take the definition of Keras and optax.

    Examples
    --------
    >>> w = np.array([1.0])
    >>> RMSprop(0.01, rho=0.9).step(w, np.array([5.0]))
    >>> w.round(6)                                        # 1 − 0.01/√0.1
    array([0.968377])
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-8,
        centered: bool = False,
        epsilon_inside_root: bool = False,
        **clipping: float | None,
    ) -> None:
        self.rho = check_number("rho", rho, 0, 1, open_high=True)
        self.momentum = check_number("momentum", momentum, 0, 1, open_high=True)
        self.epsilon = check_number("epsilon", epsilon, 0)
        self.centered = bool(centered)
        self.epsilon_inside_root = bool(epsilon_inside_root)
        self.slots = ("s",) + ("mean",) * self.centered + ("v",) * bool(self.momentum)
        super().__init__(learning_rate, **clipping)

    def update(self, w: Array, g: Array, state: Arrays, constants: Scalars, scratch: Array) -> None:
        """Let s ← ρs + (1−ρ)g²; w ← w − lr·g/(√s + ε), by way of the mean and of v if asked for."""
        (rate,), (d, e), s = constants, scratch, state[0]
        average(s, np.square(g, out=d), self.rho)
        if self.centered:
            mean = state[1]
            average(mean, np.multiply(g, 1.0, out=e), self.rho)
            np.subtract(s, np.square(mean, out=e), out=e)
            np.maximum(e, 0.0, out=e)  # rounding may leave a variance of −1e-17
        root_of(e if self.centered else s, self.epsilon, self.epsilon_inside_root, out=d)
        np.divide(g, d, out=d)
        d *= rate
        if self.momentum:
            v = state[-1]
            v *= self.momentum
            v -= d
            w += v
        else:
            w -= d


class Adadelta(Optimizer):
    """No rate to tune: the step has the size of past steps (Zeiler, 2012).

    s ← ρs + (1−ρ)g², step = √(d+ε)/√(s+ε)·g, d ← ρd + (1−ρ)step², w ← w − lr·step.
    ε is inside both roots, here as in PyTorch, Keras and optax. The paper has lr = 1 (Keras' default, 0.001,
    hardly moves).

    Parameters
    ----------
    learning_rate
        Number or schedule.
    rho
        Memory of both averages, 0 <= ρ < 1.
    epsilon
        ε > 0: it also sets the size of the first step.

    Examples
    --------
    >>> w = np.array([1.0])
    >>> Adadelta().step(w, np.array([5.0]))
    >>> w.round(6)
    array([0.995528])
    """

    slots = ("s", "d")

    def __init__(
        self, learning_rate: Rate = 1.0, rho: float = 0.95, epsilon: float = 1e-6, **clipping: float | None
    ) -> None:
        self.rho = check_number("rho", rho, 0, 1, open_high=True)
        self.epsilon = check_number("epsilon", epsilon, 0, open_low=True)
        super().__init__(learning_rate, **clipping)

    def update(self, w: Array, g: Array, state: Arrays, constants: Scalars, scratch: Array) -> None:
        """Let s ← ρs + (1−ρ)g²; step = √(d+ε)/√(s+ε)·g; d ← ρd + (1−ρ)step²; w ← w − lr·step."""
        (s, d), (rate,), (step, root) = state, constants, scratch
        average(s, np.square(g, out=step), self.rho)
        root_of(d, self.epsilon, inside=True, out=step)
        step /= root_of(s, self.epsilon, inside=True, out=root)
        step *= g
        average(d, np.square(step, out=root), self.rho)
        step *= rate
        w -= step


def average(mean: np.ndarray, new: np.ndarray, memory: float) -> None:
    """Let `mean` ← memory·mean + (1 − memory)·new, in place; `new` is overwritten.

    Examples
    --------
    >>> mean = np.array([1.0])
    >>> average(mean, np.array([2.0]), 0.9)
    >>> mean.round(6)
    array([1.1])
    """
    mean *= memory
    new *= 1.0 - memory
    mean += new


def root_of(s: np.ndarray, epsilon: float, inside: bool, out: np.ndarray) -> np.ndarray:
    """Return √(s + ε) if `inside`, else √s + ε, written to `out`.

    Examples
    --------
    >>> s = np.array([4.0])
    >>> root_of(s, 5.0, True, np.empty(1)), root_of(s, 5.0, False, np.empty(1))
    (array([3.]), array([7.]))
    """
    if inside:
        return np.sqrt(np.add(s, epsilon, out=out), out=out)
    return np.add(np.sqrt(s, out=out), epsilon, out=out)
