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

=============================  ======================  ========================  ===========================
what                           here                    Keras 3                   PyTorch
=============================  ======================  ========================  ===========================
`he_normal`, `glorot_normal`…  plain, as the papers    cut at ±2σ, rescaled      plain
a truncated normal             cut at ±2σ, rescaled    cut at ±2σ, std .88σ      cut at ±2, whatever σ is
weights of a dense layer       `glorot_uniform`        `glorot_uniform`          uniform within ±1/√fan_in
biases of a dense layer        0                       0                         uniform within ±1/√fan_in
=============================  ======================  ========================  ===========================

Randomness is an argument: the same seed gives the same weights. Drawn in float64.

Examples
--------
>>> W = get_initializer("glorot_uniform")((300, 100), seed=0)
>>> W.shape, bool(np.abs(W).max() <= np.sqrt(6 / 400)), round(float(W.var()) * 200, 1)
((300, 100), True, 1.0)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.reference._plain_initializers import (
    Constant,
    Identity,
    Initializer,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    Zeros,
)
from course_lib.reference._variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    fans,
)
from course_lib.validation import check_labels, look_up

__all__ = [
    "INITIALIZERS", "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "Initializer",
    "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal",
    "VarianceScaling", "Zeros", "fans", "get_initializer", "output_bias",
]  # fmt: skip

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
