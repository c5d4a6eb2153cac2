"""Adam and its family: one filter for the gradient, one for its square.

All of them keep exponentially weighted *sums*, m ← β₁m + g and v ← β₂v + g², where the book has averages with
factors 1 − β in front of g and g². The factors are put back in the step's two scalars, so the numbers are the
book's and two passes over the vectors are saved.
"""

from __future__ import annotations

import math

import numpy as np

from course_lib.reference.optimizers.base import Array, Arrays, Optimizer, Rate, Scalars
from course_lib.validation import check_number


class Adam(Optimizer):
    """Adaptive moments (Kingma and Ba, 2015, algorithm 1).

    m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ), w ← w − lr·m̂/(√v̂ + ε).

    | who | step | ε |
    |---|---|---|
    | here, PyTorch, optax | lr·m̂/(√v̂ + ε) | 1e-8 |
    | Keras (`epsilon_hat=True`) | lrₜ·m/(√v + ε̂) with lrₜ = lr·√(1−β₂ᵗ)/(1−β₁ᵗ) | 1e-7 |

    The two forms are equal but for ε: ε̂ = ε·√(1−β₂ᵗ).

    Parameters
    ----------
    learning_rate
        Number or schedule.
    beta_1, beta_2
        Memory of the two averages, 0 <= β < 1.
    epsilon
        ε >= 0.
    epsilon_hat
        Take the lrₜ form, as Keras does.

    Examples
    --------
    >>> w = np.array([1.0, 1.0])
    >>> Adam(0.1).step(w, np.array([100.0, -0.01]))       # the first step is lr long, whatever the gradient
    >>> w.round(6)
    array([0.9, 1.1])
    """

    slots: tuple[str, ...] = ("m", "v")

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        epsilon_hat: bool = False,
        **clipping: float | None,
    ) -> None:
        self.beta_1 = check_number("beta_1", beta_1, 0, 1, open_high=True)
        self.beta_2 = check_number("beta_2", beta_2, 0, 1, open_high=True)
        self.epsilon = check_number("epsilon", epsilon, 0)
        self.epsilon_hat = bool(epsilon_hat)
        super().__init__(learning_rate, **clipping)

    def constants(self, rate: float, t: int) -> Scalars:
        """With k₁m = m̂ and k₂v = v̂: lr·k₁m/(√(k₂v) + ε) = (lr·k₁/√k₂) · m/(√v + ε/√k₂)."""
        k1 = (1 - self.beta_1) / (1 - self.beta_1**t)
        k2 = (1 - self.beta_2) / (1 - self.beta_2**t)
        k_epsilon = 1 - self.beta_2 if self.epsilon_hat else k2
        return rate * k1 / math.sqrt(k2), self.epsilon / math.sqrt(k_epsilon)

    def update(self, w: Array, g: Array, state: Arrays, constants: Scalars, scratch: Array) -> None:
        """Let m ← β₁m + g; v ← β₂v + g²; w ← w − rate·m/(√v + ε)."""
        (m, v), d = state, scratch[0]
        m *= self.beta_1
        m += g
        v *= self.beta_2
        v += np.square(g, out=d)
        descend(w, m, v, constants, d)


class AdamW(Adam):
    """Adam with weight decay that is not part of the gradient (Loshchilov and Hutter, 2019).

    w ← w − lr·λ·w − lr·m̂/(√v̂ + ε). All parameters decay, biases too.

    | who | decay of a step |
    |---|---|
    | here, PyTorch, optax, Keras | lr·λ·w |
    | the paper | η·λ·w, with the schedule's factor η = lr/lr₀ only |

    λ is 0.01 here and in PyTorch, 0.004 in Keras, 1e-4 in optax.

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon, epsilon_hat
        As in `Adam`.
    weight_decay
        λ >= 0.

    Examples
    --------
    >>> w = np.array([1.0])
    >>> AdamW(0.1, weight_decay=0.5).step(w, np.array([0.0]))     # no gradient, yet the weight shrinks
    >>> w
    array([0.95])
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        epsilon_hat: bool = False,
        weight_decay: float = 0.01,
        **clipping: float | None,
    ) -> None:
        self.weight_decay = check_number("weight_decay", weight_decay, 0)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, epsilon_hat, **clipping)

    def constants(self, rate: float, t: int) -> Scalars:
        """Return Adam's two scalars and 1 − lr·λ."""
        return (*super().constants(rate, t), 1 - rate * self.weight_decay)

    def update(self, w: Array, g: Array, state: Arrays, constants: Scalars, scratch: Array) -> None:
        """Let w ← (1 − lr·λ)w, then Adam."""
        *adam, keep = constants
        w *= keep
        super().update(w, g, state, tuple(adam), scratch)


class AMSGrad(Adam):
    """Adam whose denominator never shrinks (Reddi, Kale and Kumar, 2018).

    m and v as in Adam; v̂ ← max(v̂, v), w ← w − lr·m/(√v̂ + ε).

    | who | bias correction | the maximum is taken of |
    |---|---|---|
    | here, the paper | none | v |
    | PyTorch (`bias_correction=True`) | of m and of the maximum | v |
    | Keras (`bias_correction=True, epsilon_hat=True`) | the same, as lrₜ | v |
    | optax | of m and of v | v/(1−β₂ᵗ) |

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon, epsilon_hat
        As in `Adam`.
    bias_correction
        Take the definition of PyTorch, or with `epsilon_hat` that of Keras.

    Examples
    --------
    >>> w = np.array([1.0])
    >>> AMSGrad(0.1, bias_correction=True).step(w, np.array([3.0]))
    >>> w.round(6)
    array([0.9])
    """

    slots = ("m", "v", "v_max")

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        epsilon_hat: bool = False,
        bias_correction: bool = False,
        **clipping: float | None,
    ) -> None:
        self.bias_correction = bool(bias_correction)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, epsilon_hat, **clipping)

    def constants(self, rate: float, t: int) -> Scalars:
        """Return Adam's scalars; uncorrected, they are those of a step so late that βᵗ is 0."""
        if self.bias_correction:
            return super().constants(rate, t)
        root = math.sqrt(1 - self.beta_2)
        return rate * (1 - self.beta_1) / root, self.epsilon / root

    def update(self, w: Array, g: Array, state: Arrays, constants: Scalars, scratch: Array) -> None:
        """Let m ← β₁m + g; v ← β₂v + g²; v̂ ← max(v̂, v); w ← w − rate·m/(√v̂ + ε)."""
        (m, v, v_max), d = state, scratch[0]
        m *= self.beta_1
        m += g
        v *= self.beta_2
        v += np.square(g, out=d)
        np.maximum(v_max, v, out=v_max)
        descend(w, m, v_max, constants, d)


def descend(w: Array, m: Array, v: Array, constants: Scalars, scratch: Array) -> None:
    """Let w ← w − rate·m/(√v + ε), in place, with `constants` = (rate, ε).

    Examples
    --------
    >>> w = np.array([1.0])
    >>> descend(w, np.array([3.0]), np.array([4.0]), (0.2, 1.0), np.empty(1))
    >>> w
    array([0.8])
    """
    rate, epsilon = constants
    step = np.sqrt(v, out=scratch)
    step += epsilon
    np.divide(m, step, out=step)
    step *= rate
    w -= step
