"""Every initializer of the book: `init((fan_in, fan_out), seed)` draws the weights before the first step.

Var(y) = N Var(w) Var(x) for a sum of N independent terms, so a layer keeps the variance of its inputs if
Var(w) = 1/fan_in (forward), and that of its gradients if Var(w) = 1/fan_out (backward).

======================  =============================  ==========================================
name                    Var(w)                         source
======================  =============================  ==========================================
`lecun_…`               1 / fan_in                     LeCun et al. 1998, Klambauer et al. 2017
`glorot_…`              2 / (fan_in + fan_out)         Glorot and Bengio 2010
`he_…`                  2 / fan_in                     He et al. 2015: ReLU passes half of it
======================  =============================  ==========================================

each as `…_normal`, N(0, Var), and `…_uniform`, between ±√(3 Var). Besides: `zeros`, `ones`, `constant`,
`identity`, `orthogonal`, `random_normal`, `random_uniform`, `truncated_normal`, `variance_scaling`.

Definitions that differ:

========================  ==============================  ==========================  =====================
here                      Keras 3                         PyTorch                     paper
========================  ==============================  ==========================  =====================
`he_normal` …: plain      cut at ±2σ, rescaled            plain                       plain
`TruncatedNormal`: cut    cut at ±2σ, not rescaled        `trunc_normal_`: cut at     –
at ±2σ, rescaled          (its std is .88σ)               ±2 whatever σ is
Dense layer's default:    `glorot_uniform`, bias 0        both uniform within         –
as Keras                                                  ±1/√fan_in
========================  ==============================  ==========================  =====================

Randomness is an argument: the same seed gives the same weights. Drawn in float64.

Examples
--------
>>> W = get_initializer("glorot_uniform")((300, 100), seed=0)
>>> W.shape, bool(np.abs(W).max() <= np.sqrt(6 / 400)), round(float(W.var()) * 200, 1)
((300, 100), True, 1.0)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from course_lib.reference._random_weights import orthogonal, truncated_normal
from course_lib.validation import as_generator, check_labels, check_number, look_up, unknown_name

Shape = tuple[int, ...]
Seed = int | np.random.Generator

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


class Initializer:
    """A way to fill an array of a given shape, from a seed or a generator."""

    name = ""

    def __call__(self, shape: Shape, seed: Seed) -> np.ndarray:
        """Return a new float64 array of that shape."""
        if not isinstance(shape, tuple) or any(not isinstance(n, (int, np.integer)) or n < 0 for n in shape):
            raise TypeError(f"shape must be a tuple of integers >= 0 such as (fan_in, fan_out), got {shape!r}")
        return self.draw(shape, as_generator(seed))

    def draw(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return the array, all randomness from `rng`."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it draws")

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({options})"


class Constant(Initializer):
    """The same number everywhere: all units of a layer compute the same, and go on doing so."""

    name = "constant"

    def __init__(self, value: float = 0.0) -> None:
        self.value = check_number("value", value)

    def draw(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return an array full of the value."""
        return np.full(shape, self.value)


class Zeros(Constant):
    """Zeros: the usual bias; as weights they cannot learn."""

    name = "zeros"

    def __init__(self) -> None:
        super().__init__(0.0)


class Ones(Constant):
    """Ones."""

    name = "ones"

    def __init__(self) -> None:
        super().__init__(1.0)


class Identity(Initializer):
    """`gain` on the diagonal, 0 elsewhere: a layer that begins by passing its input on."""

    name = "identity"

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = check_number("gain", gain)

    def draw(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return gain · I, cut to the shape."""
        if len(shape) != 2:
            raise ValueError(f"the identity needs a shape (fan_in, fan_out), got {shape}")
        return self.gain * np.eye(*shape)


class Orthogonal(Initializer):
    """Orthonormal columns (rows, if there are fewer), uniform among all such matrices (Saxe et al. 2014).

    All singular values are `gain`: no direction is stretched or lost.

    Examples
    --------
    >>> Q = Orthogonal()((5, 3), seed=1)
    >>> bool(np.allclose(Q.T @ Q, np.eye(3)))
    True
    """

    name = "orthogonal"

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = check_number("gain", gain)

    def draw(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return gain · Q."""
        if len(shape) != 2:
            raise ValueError(f"an orthogonal matrix needs a shape (fan_in, fan_out), got {shape}")
        return self.gain * orthogonal(shape, rng)


class RandomNormal(Initializer):
    """N(mean, stddev²)."""

    name = "random_normal"

    def __init__(self, mean: float = 0.0, stddev: float = 0.05) -> None:
        self.mean = check_number("mean", mean)
        self.stddev = check_number("stddev", stddev, 0)

    def draw(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return normal draws."""
        return rng.normal(self.mean, self.stddev, shape)


class RandomUniform(Initializer):
    """Uniform from minval to maxval."""

    name = "random_uniform"

    def __init__(self, minval: float = -0.05, maxval: float = 0.05) -> None:
        self.minval = check_number("minval", minval)
        self.maxval = check_number("maxval", maxval, self.minval)

    def draw(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return uniform draws."""
        return rng.uniform(self.minval, self.maxval, shape)


class TruncatedNormal(Initializer):
    """Normal, draws beyond two standard deviations drawn again; `stddev` is that of the result.

    With ``rescaled=False`` it is the standard deviation before cutting, as in Keras; that of the result is then
    .8796 times as large.
    """

    name = "truncated_normal"

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, rescaled: bool = True) -> None:
        self.mean = check_number("mean", mean)
        self.stddev = check_number("stddev", stddev, 0)
        self.rescaled = rescaled

    def draw(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return truncated normal draws."""
        return self.mean + truncated_normal(shape, self.stddev, rng, self.rescaled)


class VarianceScaling(Initializer):
    """Mean 0 and variance scale / n, with n = fan_in, fan_out, or their mean ("fan_avg").

    Parameters
    ----------
    scale : float > 0
    mode : "fan_in", "fan_out" or "fan_avg"
    distribution : "truncated_normal" (rescaled), "untruncated_normal" or "uniform"

    Examples
    --------
    >>> VarianceScaling(2.0, "fan_in", "uniform")
    VarianceScaling(scale=2.0, mode='fan_in', distribution='uniform')
    """

    name = "variance_scaling"

    def __init__(self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal") -> None:
        self.scale = check_number("scale", scale, 0, open_low=True)
        if mode not in MODES:
            raise unknown_name("mode", mode, MODES)
        if distribution not in DISTRIBUTIONS:
            raise unknown_name("distribution", distribution, DISTRIBUTIONS)
        self.mode, self.distribution = mode, distribution

    def variance(self, shape: Shape) -> float:
        """Return scale / n for weights of that shape."""
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        return self.scale / max(1.0, n)

    def draw(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return draws with that variance; a uniform distribution within ±a has variance a²/3."""
        std = math.sqrt(self.variance(shape))
        if self.distribution == "uniform":
            limit = math.sqrt(3) * std
            return rng.uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return rng.normal(0.0, std, shape)
        return truncated_normal(shape, std, rng)


class _Named(VarianceScaling):
    """A variance scaling with a name; `truncated=True` gives Keras's version of a normal one."""

    options: tuple[float, str, str]

    def __init__(self, truncated: bool = False) -> None:
        scale, mode, distribution = self.options
        if truncated and distribution == "uniform":
            raise ValueError(f"{type(self).__name__} is uniform: only normal draws are truncated")
        super().__init__(scale, mode, "truncated_normal" if truncated else distribution)


class LecunNormal(_Named):
    """N(0, 1/fan_in)."""

    name, options = "lecun_normal", (1.0, "fan_in", "untruncated_normal")


class LecunUniform(_Named):
    """Uniform within ±√(3/fan_in)."""

    name, options = "lecun_uniform", (1.0, "fan_in", "uniform")


class GlorotNormal(_Named):
    """N(0, 2/(fan_in + fan_out))."""

    name, options = "glorot_normal", (1.0, "fan_avg", "untruncated_normal")


class GlorotUniform(_Named):
    """Uniform within ±√(6/(fan_in + fan_out))."""

    name, options = "glorot_uniform", (1.0, "fan_avg", "uniform")


class HeNormal(_Named):
    """N(0, 2/fan_in)."""

    name, options = "he_normal", (2.0, "fan_in", "untruncated_normal")


class HeUniform(_Named):
    """Uniform within ±√(6/fan_in)."""

    name, options = "he_uniform", (2.0, "fan_in", "uniform")


INITIALIZERS: dict[str, Initializer] = {
    initializer.name: initializer
    for initializer in (
        Zeros(), Ones(), Constant(), Identity(), Orthogonal(), RandomNormal(), RandomUniform(), TruncatedNormal(),
        VarianceScaling(), LecunNormal(), LecunUniform(), GlorotNormal(), GlorotUniform(), HeNormal(), HeUniform(),
    )
}  # fmt: skip


def get_initializer(initializer: str | Initializer) -> Initializer:
    """Return the initializer of that (Keras) name with its default options, or the object itself.

    Examples
    --------
    >>> get_initializer("he_norm")
    Traceback (most recent call last):
    ...
    ValueError: unknown initializer 'he_norm'; did you mean 'he_normal'? Known: constant, glorot_normal, ...
    """
    return look_up("initializer", initializer, INITIALIZERS, Initializer)


def fans(shape: Shape) -> tuple[int, int]:
    """Return (fan_in, fan_out): what a unit adds up, and how many units use an input.

    >>> fans((784, 128)), fans((128,)), fans((3, 3, 16, 32))  # dense, bias, convolution, as in Keras
    ((784, 128), (128, 128), (144, 288))
    """
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def output_bias(labels: Any, classes: int) -> np.ndarray:
    """Return the bias (classes,) of the last layer for which softmax gives the class frequencies: their logarithms.

    The first loss is then the entropy of the labels instead of ln k or worse. A class that never occurs gets the
    frequency 1e-12, so that its bias is finite.

    Examples
    --------
    >>> output_bias([0, 0, 0, 1], 2).round(3)
    array([-0.288, -1.386])
    """
    labels = check_labels(labels, classes)
    if labels.size == 0:
        raise ValueError("labels must not be empty: there are no frequencies to match")
    frequencies = np.bincount(labels, minlength=classes) / labels.size
    return np.log(np.maximum(frequencies, 1e-12))
