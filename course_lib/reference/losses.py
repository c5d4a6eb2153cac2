"""Every loss of the book: `loss(y, a)` is the mean over the batch, `loss.gradient(y, a)` its derivative by a.

`y` is the target, `a` the output (or the logits s, where `from_logits`); e = a - y. Elementwise losses are
means over all entries, the others (*) means over rows; sample weights multiply each sample's share, and the
mean still divides by n.

==================================  ==================================  ==================================
name                                a term                              its slope
==================================  ==================================  ==================================
`MeanSquaredError`                  e²                                  2e
`MeanAbsoluteError`                 |e|                                 sgn e
`Huber`                             ½e² or δ(|e| - δ/2)                 e, cut at ±δ
`LogCosh`                           ln cosh e                           tanh e
`MeanAbsolutePercentageError`       100|e|/|y|                          100 sgn(e)/|y|
`MeanSquaredLogarithmicError`       (ln(1+a) - ln(1+y))²                2(ln(1+a) - ln(1+y))/(1+a)
`Poisson`                           a - y ln a                          1 - y/a
`BinaryCrossentropy`                -y ln a - (1-y) ln(1-a)             (a-y)/(a(1-a)); logits: σ(s) - y
`CategoricalCrossentropy` *         -Σ y ln a                           -y/a; logits: softmax(s) - y
`SparseCategoricalCrossentropy` *   -ln a_m                             the same, y from labels
`KLDivergence` *                    Σ y ln(y/a)                         -y/a
`Hinge`, `SquaredHinge`             max(0, 1 - ya), its square          -y, -2y max(0, 1 - ya)
`CategoricalHinge` *                max(0, max((1-y)a) - Σya + 1)       -y, + (1-y) at the largest
`CosineSimilarity` *                -cos(y, a)                          (cos·â - ŷ)/‖a‖
==================================  ==================================  ==================================

Definitions that differ:

============================  ============================  ==============================================
here                          Keras 3                       PyTorch
============================  ============================  ==============================================
BCE, CE: nothing clipped      a clipped to 1e-7 … 1-1e-7    BCE: ln cut at -100
CE: rows of a as given        rows divided by their sum     takes logits only
`Huber`                       the same                      `HuberLoss`; `SmoothL1Loss` is Huber/β
`Poisson`: no ε               a + 1e-7                      takes ln a; ε = 1e-8 if told not to
`KLDivergence`: no ε          both clipped to 1e-7 … 1      takes ln a; "mean" divides by all entries
`Hinge`: y is ±1              0/1 rewritten                 `HingeEmbeddingLoss` is something else
`CosineSimilarity`: -cos      -cos                          `CosineEmbeddingLoss`: 1 - cos
sample weights: Σwl/n         Σwl/n                         class weights: Σwl/Σw
============================  ============================  ==============================================

Examples
--------
>>> loss = get_loss("mse")
>>> loss([1.0, 2.0], [1.0, 4.0]), loss.gradient([1.0, 2.0], [1.0, 4.0])
(2.0, array([0., 2.]))
"""

from __future__ import annotations

from course_lib.reference._classification_losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
    one_hot,
)
from course_lib.reference._loss_base import Loss
from course_lib.reference._margin_losses import CategoricalHinge, CosineSimilarity, Hinge, SquaredHinge
from course_lib.reference._regression_losses import (
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
)
from course_lib.reference._softmax import log_sum_exp, max_star
from course_lib.validation import look_up

__all__ = [
    "LOSSES",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "get_loss",
    "log_sum_exp",
    "max_star",
    "one_hot",
]

_BY_CLASS = (
    MeanSquaredError, MeanAbsoluteError, Huber, LogCosh, MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError, Poisson, BinaryCrossentropy, CategoricalCrossentropy,
    SparseCategoricalCrossentropy, KLDivergence, Hinge, SquaredHinge, CategoricalHinge, CosineSimilarity,
)  # fmt: skip
LOSSES: dict[str, Loss] = {
    **{kind.name: kind() for kind in _BY_CLASS},
    "mse": MeanSquaredError(),
    "mae": MeanAbsoluteError(),
    "mape": MeanAbsolutePercentageError(),
    "msle": MeanSquaredLogarithmicError(),
}


def get_loss(loss: str | Loss) -> Loss:
    """Return the loss of that (Keras) name with its default options, or the object itself.

    Examples
    --------
    >>> get_loss("huber")
    Huber(delta=1.0)
    >>> get_loss("mes")
    Traceback (most recent call last):
    ...
    ValueError: unknown loss 'mes'; did you mean 'mse'? Known: binary_crossentropy, ...
    """
    return look_up("loss", loss, LOSSES, Loss)
