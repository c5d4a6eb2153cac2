"""The initializers of `course_lib.reference.initializers`: first weights are drawn once, by NumPy, for both backends.

So the same layers and the same seed begin at the same point on every device, and a curve of the one can be laid over
a curve of the other.

Examples
--------
>>> get_initializer("zeros")((2,), seed=0)
array([0., 0.])
"""

from __future__ import annotations

from course_lib.reference.initializers import (
    INITIALIZERS,
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    Initializer,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
    fans,
    get_initializer,
    output_bias,
)

__all__ = [
    "INITIALIZERS", "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "Initializer",
    "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal",
    "VarianceScaling", "Zeros", "fans", "get_initializer", "output_bias",
]  # fmt: skip
