"""Initializers that do not look at the number of inputs: constants, identity, orthogonal, fixed-width draws."""

from __future__ import annotations

import numpy as np

from course_lib.reference._random_weights import orthogonal, truncated_normal
from course_lib.validation import as_generator, check_number

Shape = tuple[int, ...]
Seed = int | np.random.Generator


class Initializer:
    """A way to fill an array of a given shape, from a seed or a generator.

    Examples
    --------
    >>> class Diagonal(Initializer):
    ...     def draw(self, shape, rng):
    ...         return np.diag(rng.normal(size=shape[0]))
    >>> Diagonal()((2, 2), seed=0).round(3)
    array([[ 0.126,  0.   ],
           [ 0.   , -0.132]])
    """

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
    """The same number everywhere: all units of a layer compute the same, and go on doing so.

    Examples
    --------
    >>> Constant(0.1)((2,), seed=0)
    array([0.1, 0.1])
    """

    name = "constant"

    def __init__(self, value: float = 0.0) -> None:
        self.value = check_number("value", value)

    def draw(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return an array full of the value."""
        return np.full(shape, self.value)


class Zeros(Constant):
    """Zeros: the usual bias; as weights they cannot learn.

    Examples
    --------
    >>> Zeros()((2,), seed=0)
    array([0., 0.])
    """

    name = "zeros"

    def __init__(self) -> None:
        super().__init__(0.0)

    def __repr__(self) -> str:
        return "Zeros()"


class Ones(Constant):
    """Ones.

    Examples
    --------
    >>> Ones()((2,), seed=0)
    array([1., 1.])
    """

    name = "ones"

    def __init__(self) -> None:
        super().__init__(1.0)

    def __repr__(self) -> str:
        return "Ones()"


class Identity(Initializer):
    """`gain` on the diagonal, 0 elsewhere: a layer that begins by passing its input on.

    Examples
    --------
    >>> Identity(2.0)((2, 3), seed=0)
    array([[2., 0., 0.],
           [0., 2., 0.]])
    """

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
    """N(mean, stddev²).

    Examples
    --------
    >>> round(float(RandomNormal(stddev=0.5)((100, 100), seed=0).std()), 2)
    0.5
    """

    name = "random_normal"

    def __init__(self, mean: float = 0.0, stddev: float = 0.05) -> None:
        self.mean = check_number("mean", mean)
        self.stddev = check_number("stddev", stddev, 0)

    def draw(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return normal draws."""
        return rng.normal(self.mean, self.stddev, shape)


class RandomUniform(Initializer):
    """Uniform from minval to maxval.

    Examples
    --------
    >>> W = RandomUniform(-1, 2)((100, 100), seed=0)
    >>> bool(W.min() >= -1), bool(W.max() <= 2)
    (True, True)
    """

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

    Examples
    --------
    >>> W = TruncatedNormal(stddev=0.1)((100, 100), seed=0)
    >>> round(float(W.std()), 2), bool(np.abs(W).max() <= 0.2 / 0.8796)
    (0.1, True)
    """

    name = "truncated_normal"

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, rescaled: bool = True) -> None:
        self.mean = check_number("mean", mean)
        self.stddev = check_number("stddev", stddev, 0)
        self.rescaled = rescaled

    def draw(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """Return truncated normal draws."""
        return self.mean + truncated_normal(shape, self.stddev, rng, self.rescaled)
