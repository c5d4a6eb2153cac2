"""Further members of Adam's family: Nadam, Adamax and QHAdam. m and v are sums, as in `adam`."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from course_lib.reference.optimizers.adam import Adam
from course_lib.reference.optimizers.base import Array, Arrays, Optimizer, Rate, Scalars
from course_lib.validation import check_number


class Nadam(Adam):
    """Adam with Nesterov momentum and a momentum that warms up (Dozat, 2016).

    m and v as in Adam; with μₜ = β₁(1 − ½·0.96^{ψt}),
    m̂ = μₜ₊₁·m/(1−∏ᵢ₌₁ᵗ⁺¹μᵢ) + (1−μₜ)·g/(1−∏ᵢ₌₁ᵗμᵢ), w ← w − lr·m̂/(√v̂ + ε).

    | who | ψ | |
    |---|---|---|
    | here, PyTorch, Dozat | 0.004 | |
    | Keras (`momentum_decay=1`) | 1 | μ is at β₁ after some hundred steps |
    | optax | – | μ = β₁ throughout |

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon
        As in `Adam`.
    momentum_decay
        ψ >= 0.

    Examples
    --------
    >>> w = np.array([1.0])
    >>> Nadam(0.1).step(w, np.array([3.0]))
    >>> w.round(4)
    array([0.8944])
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        momentum_decay: float = 0.004,
        **clipping: float | None,
    ) -> None:
        self.momentum_decay = check_number("momentum_decay", momentum_decay, 0)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, False, **clipping)

    def reset(self) -> None:
        """Forget everything learned from past gradients; the next step is step 1."""
        super().reset()
        self._product = 1.0  # ∏ μᵢ over the steps so far

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `get_state` returned."""
        super().set_state(state)
        self._product = math.prod(self.momentum_at(i) for i in range(1, self.t + 1))

    def momentum_at(self, t: int) -> float:
        """Return μₜ = β₁(1 − ½·0.96^{ψt}), t from 1."""
        return self.beta_1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay))

    def constants(self, rate: float, t: int) -> Scalars:
        """Return the factors of g and of m in lr·m̂, that of v in v̂, and ε."""
        now, ahead = self.momentum_at(t), self.momentum_at(t + 1)
        self._product *= now
        factor_g = rate * (1 - now) / (1 - self._product)
        factor_m = rate * ahead / (1 - self._product * ahead) * (1 - self.beta_1)
        return factor_g, factor_m, (1 - self.beta_2) / (1 - self.beta_2**t), self.epsilon

    def update(self, w: Array, g: Array, state: Arrays, constants: Scalars, scratch: Array) -> None:
        """Let m ← β₁m + g; v ← β₂v + g²; w ← w − (k_g·g + k_m·m)/(√(k_v·v) + ε)."""
        quasi_step(self, w, g, state, (*constants[:2], 0.0, *constants[2:]), scratch)


class QHAdam(Adam):
    """Adam that mixes today's gradient with the averages (Ma and Yarats, 2019).

    m̂ and v̂ as in Adam; w ← w − lr·[(1−ν₁)g + ν₁m̂] / [√((1−ν₂)g² + ν₂v̂) + ε].

    ν₁ = ν₂ = 1 is Adam, ν₁ = 0 and ν₂ = 1 is RMSprop with bias correction, ν₁ = β₁ is close to Nadam.
    PyTorch, Keras and optax have none; the defaults are the paper's.

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon
        As in `Adam`.
    nu_1, nu_2
        Share of the averages, 0 <= ν <= 1.

    Examples
    --------
    >>> w = np.array([1.0])
    >>> QHAdam(0.1).step(w, np.array([3.0]))
    >>> w.round(6)
    array([0.9])
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.995,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        nu_1: float = 0.7,
        nu_2: float = 1.0,
        **clipping: float | None,
    ) -> None:
        self.nu_1 = check_number("nu_1", nu_1, 0, 1)
        self.nu_2 = check_number("nu_2", nu_2, 0, 1)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, False, **clipping)

    def constants(self, rate: float, t: int) -> Scalars:
        """Return the factors of g and m in the numerator, of g² and v under the root, and ε."""
        k1 = (1 - self.beta_1) / (1 - self.beta_1**t)
        k2 = (1 - self.beta_2) / (1 - self.beta_2**t)
        return rate * (1 - self.nu_1), rate * self.nu_1 * k1, 1 - self.nu_2, self.nu_2 * k2, self.epsilon

    def update(self, w: Array, g: Array, state: Arrays, constants: Scalars, scratch: Array) -> None:
        """Let m ← β₁m + g; v ← β₂v + g²; w ← w − (k_g·g + k_m·m)/(√(k_s·g² + k_v·v) + ε)."""
        quasi_step(self, w, g, state, constants, scratch)


def quasi_step(adam: Adam, w: Array, g: Array, state: Arrays, constants: Scalars, scratch: Array) -> None:
    """Let w ← w − (k_g·g + k_m·m)/(√(k_s·g² + k_v·v) + ε), in place, after m ← β₁m + g and v ← β₂v + g².

    Nadam and QHAdam both have this form; they differ in `constants` = (k_g, k_m, k_s, k_v, ε).

    Examples
    --------
    >>> w = np.array([1.0])
    >>> quasi_step(Adam(), w, np.array([1.0]), np.zeros((2, 1)), (0.1, 0.2, 0.5, 0.5, 0.0), np.empty((2, 1)))
    >>> w.round(6)
    array([0.7])
    """
    (m, v), (d, e), (k_g, k_m, k_s, k_v, epsilon) = state, scratch, constants
    m *= adam.beta_1
    m += g
    v *= adam.beta_2
    v += np.square(g, out=d)
    d *= k_s
    d += np.multiply(v, k_v, out=e)
    np.sqrt(d, out=d)
    d += epsilon
    step = np.multiply(m, k_m, out=e)
    step /= d
    w -= step
    step = np.multiply(g, k_g, out=e)
    step /= d
    w -= step


class Adamax(Optimizer):
    """Adam with the largest recent gradient for a denominator (Kingma and Ba, 2015, algorithm 2).

    m ← β₁m + (1−β₁)g, u ← max(β₂u, |g|), w ← w − lr/(1−β₁ᵗ) · m/(u + ε). The paper has no ε.

    | who | ε |
    |---|---|
    | here, Keras | m/(u + ε) |
    | PyTorch, optax | u ← max(β₂u, abs(g) + ε) |

    Parameters
    ----------
    learning_rate
        Number or schedule.
    beta_1, beta_2
        Memory of the average and of the maximum, 0 <= β < 1.
    epsilon
        ε > 0: a parameter that never had a gradient has u = 0.

    Examples
    --------
    >>> w = np.array([1.0])
    >>> Adamax(0.1).step(w, np.array([3.0]))
    >>> w.round(6)
    array([0.9])
    """

    slots = ("m", "u")

    def __init__(
        self,
        learning_rate: Rate = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        **clipping: float | None,
    ) -> None:
        self.beta_1 = check_number("beta_1", beta_1, 0, 1, open_high=True)
        self.beta_2 = check_number("beta_2", beta_2, 0, 1, open_high=True)
        self.epsilon = check_number("epsilon", epsilon, 0, open_low=True)
        super().__init__(learning_rate, **clipping)

    def constants(self, rate: float, t: int) -> Scalars:
        """Return lr·(1−β₁)/(1−β₁ᵗ), for m is a sum here."""
        return (rate * (1 - self.beta_1) / (1 - self.beta_1**t),)

    def update(self, w: Array, g: Array, state: Arrays, constants: Scalars, scratch: Array) -> None:
        """Let m ← β₁m + g; u ← max(β₂u, |g|); w ← w − rate·m/(u + ε)."""
        (m, u), (rate,), d = state, constants, scratch[0]
        m *= self.beta_1
        m += g
        u *= self.beta_2
        np.maximum(u, np.abs(g, out=d), out=u)
        np.add(u, self.epsilon, out=d)
        np.divide(m, d, out=d)
        d *= rate
        w -= d
