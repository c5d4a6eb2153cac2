"""Initializers that choose the variance by the number of inputs and outputs: LeCun, Glorot, He."""

from __future__ import annotations

import math

import numpy as np

from course_lib.reference._plain_initializers import Initializer, Shape
from course_lib.reference._random_weights import truncated_normal
from course_lib.validation import check_number, unknown_name

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


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

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'truncated=True' if self.distribution == 'truncated_normal' else ''})"


class LecunNormal(_Named):
    """N(0, 1/fan_in).

    Examples
    --------
    >>> LecunNormal().variance((50, 150))
    0.02
    """

    name, options = "lecun_normal", (1.0, "fan_in", "untruncated_normal")


class LecunUniform(_Named):
    """Uniform within ±√(3/fan_in).

    Examples
    --------
    >>> W = LecunUniform()((50, 150), seed=0)
    >>> bool(np.abs(W).max() <= np.sqrt(3 / 50))
    True
    """

    name, options = "lecun_uniform", (1.0, "fan_in", "uniform")


class GlorotNormal(_Named):
    """N(0, 2/(fan_in + fan_out)).

    Examples
    --------
    >>> GlorotNormal().variance((50, 150))
    0.01
    """

    name, options = "glorot_normal", (1.0, "fan_avg", "untruncated_normal")


class GlorotUniform(_Named):
    """Uniform within ±√(6/(fan_in + fan_out)).

    Examples
    --------
    >>> W = GlorotUniform()((50, 150), seed=0)
    >>> bool(np.abs(W).max() <= np.sqrt(6 / 200))
    True
    """

    name, options = "glorot_uniform", (1.0, "fan_avg", "uniform")


class HeNormal(_Named):
    """N(0, 2/fan_in).

    Examples
    --------
    >>> HeNormal().variance((50, 150))
    0.04
    """

    name, options = "he_normal", (2.0, "fan_in", "untruncated_normal")


class HeUniform(_Named):
    """Uniform within ±√(6/fan_in).

    Examples
    --------
    >>> W = HeUniform()((50, 150), seed=0)
    >>> bool(np.abs(W).max() <= np.sqrt(6 / 50))
    True
    """

    name, options = "he_uniform", (2.0, "fan_in", "uniform")


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
