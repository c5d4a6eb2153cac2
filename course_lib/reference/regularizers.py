"""Penalties on the size of weights, and a constraint: what is added to the loss, what to its gradient.

==================  ======================  ======================  ==========================================
name                penalty                 gradient                prior on w, if the loss is a log-likelihood
==================  ======================  ======================  ==========================================
`L1(l1)`            l1 Σ|w|                 l1 sgn(w)               Laplace: many weights become exactly 0
`L2(l2)`            l2 Σw²                  2 l2 w                  Gaussian: all weights become smaller
`ElasticNet`        l1 Σ|w| + l2 Σw²        l1 sgn(w) + 2 l2 w      the product of both (Zou and Hastie 2005)
`MaxNorm(c)`        none                    none                    each column is scaled back to length ≤ c
==================  ======================  ======================  ==========================================

sgn(0) = 0. Which arrays are penalized is the layer's affair (weights, not biases, unless asked).

Definitions that differ, for the L2 penalty with strength λ:

===============================  =======================  ======================
where                            penalty                  gradient
===============================  =======================  ======================
here, Keras, USC EE599 (2020)    λ Σw²                    2λw
PyTorch `weight_decay`           none in the loss         λw added to it
`tf.nn.l2_loss`                  λ Σw²/2                  λw
scikit-learn's MLP, `alpha`      α/(2n) Σw²               (α/n) w, n the batch
===============================  =======================  ======================

For plain SGD PyTorch's λ is twice ours; for Adam an added gradient is divided by √v̂ like any other, which
AdamW undoes (`course_lib.reference.optimizers.AdamW`).

Examples
--------
>>> w = np.array([[3.0, 0.0], [-4.0, 1.0]])
>>> L2(0.01)(w), L1(0.01)(w)
(0.26, 0.08)
>>> L2(0.5).gradient(w)
array([[ 3.,  0.],
       [-4.,  1.]])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.validation import as_float, check_number, look_up


class Regularizer:
    """A penalty l1 Σ|w| + l2 Σw², and its gradient.

    Examples
    --------
    >>> Regularizer(l1=1.0, l2=0.5)([2.0, -4.0])
    16.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = check_number("l1", l1, 0)
        self.l2 = check_number("l2", l2, 0)

    def __call__(self, w: Any) -> float:
        """Return the penalty of the array `w`."""
        w = as_float(w, "w")
        return float(self.l1 * np.abs(w).sum() + self.l2 * np.square(w).sum())

    def gradient(self, w: Any) -> np.ndarray:
        """Return its gradient, l1 sgn(w) + 2 l2 w, of the shape of `w`."""
        w = as_float(w, "w")
        return self.l1 * np.sign(w) + 2 * self.l2 * w

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if value)
        return f"{type(self).__name__}({options})"


class L1(Regularizer):
    """l1 Σ|w|, the lasso: pulls every weight towards 0 with the same force, however small it is.

    Examples
    --------
    >>> L1(0.1).gradient([3.0, 0.0, -2.0])
    array([ 0.1,  0. , -0.1])
    """

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)


class L2(Regularizer):
    """l2 Σw², weight decay for plain SGD: pulls every weight towards 0 in proportion to its size.

    Examples
    --------
    >>> L2(0.1).gradient([3.0, 0.0, -2.0])
    array([ 0.6,  0. , -0.4])
    """

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)


class ElasticNet(Regularizer):
    """l1 Σ|w| + l2 Σw² (Keras: `L1L2`).

    Examples
    --------
    >>> ElasticNet(0.1, 0.1).gradient([3.0, 0.0, -2.0])
    array([ 0.7,  0. , -0.5])
    """

    def __init__(self, l1: float = 0.01, l2: float = 0.01) -> None:
        super().__init__(l1, l2)


class Constraint:
    """A set that weights are put back into after each step.

    Examples
    --------
    >>> class NonNegative(Constraint):
    ...     def __call__(self, W):
    ...         return np.maximum(W, 0)
    >>> NonNegative()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def __call__(self, W: np.ndarray) -> np.ndarray:
        """Return `W` itself where it lies in the set, else the point it is put back to."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it allows")


class MaxNorm(Constraint):
    """The weights that lead into each unit, a column of W, keep a length of at most `max_value` (Srebro 2004).

    Examples
    --------
    >>> MaxNorm(1.0)(np.array([[3.0, 0.3], [4.0, 0.4]]))
    array([[0.6, 0.3],
           [0.8, 0.4]])
    """

    def __init__(self, max_value: float = 2.0, axis: int = 0) -> None:
        self.max_value = check_number("max_value", max_value, 0, open_low=True)
        self.axis = axis

    def __call__(self, W: np.ndarray) -> np.ndarray:
        """Return W with long columns scaled back; shorter ones are exactly as they were."""
        lengths = np.linalg.norm(W, axis=self.axis, keepdims=True)
        return W * (self.max_value / np.maximum(lengths, self.max_value))

    def __repr__(self) -> str:
        return f"MaxNorm(max_value={self.max_value!r}, axis={self.axis!r})"


def soft_threshold(w: Any, t: float) -> np.ndarray:
    """Return sgn(w)·max(|w| - t, 0): each entry moved by t towards 0, and no further than 0.

    It minimizes ½(v - w)² + t|v|: this is how exact zeros arise (proximal gradient, Daubechies et al. 2004).

    Examples
    --------
    >>> soft_threshold([-3.0, -0.5, 0.5, 2.0], 1.0)
    array([-2.,  0.,  0.,  1.])
    """
    w, t = as_float(w, "w"), check_number("t", t, 0)
    return w - np.clip(w, -t, t)


REGULARIZERS: dict[str, Regularizer] = {"l1": L1(), "l2": L2(), "elastic_net": ElasticNet(), "l1_l2": ElasticNet()}
CONSTRAINTS: dict[str, Constraint] = {"max_norm": MaxNorm()}


def get_regularizer(regularizer: str | Regularizer | None) -> Regularizer | None:
    """Return the regularizer of that name with strength 0.01, the object itself, or None for None.

    Examples
    --------
    >>> get_regularizer("l2")
    L2(l2=0.01)
    """
    return None if regularizer is None else look_up("regularizer", regularizer, REGULARIZERS, Regularizer)


def get_constraint(constraint: str | Constraint | None) -> Constraint | None:
    """Return the constraint of that name, the object itself, or None for None.

    Examples
    --------
    >>> get_constraint("max_norm")
    MaxNorm(max_value=2.0, axis=0)
    """
    return None if constraint is None else look_up("constraint", constraint, CONSTRAINTS, Constraint)
