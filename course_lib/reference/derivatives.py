"""Derivatives by differences: what a gradient is, before anybody derives one.

=========================  =============================================  ==========  ==========
function                   each entry of x in turn                        truncation  best h
=========================  =============================================  ==========  ==========
`forward_difference`       (f(x+h) - f(x)) / h                            O(h)        about 1e-8
`central_difference`       (f(x+h) - f(x-h)) / 2h                         O(h²)       about 1e-5
`fourth_order_difference`  (8f(x+h) - 8f(x-h) - f(x+2h) + f(x-2h)) / 12h  O(h⁴)       about 1e-3
`complex_step`             Im f(x+ih) / h                                 O(h²)       any tiny h
=========================  =============================================  ==========  ==========

A small h makes the truncation error small and the rounding error, about eps·f/h, large: the V-shaped
curve of the book. The complex step subtracts nothing: it has no rounding branch (Squire, Trapp 1998).

Everywhere `x` may have any shape, () and integer dtypes included; `f` gets a copy, `x` is never changed;
float32 stays float32, so that one can see where single precision breaks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.validation import as_float, check_number, scalar

__all__ = [
    "central_difference",
    "complex_step",
    "forward_difference",
    "fourth_order_difference",
    "hessian",
    "jacobian",
]

ScalarFunction = Callable[[Any], Any]


def forward_difference(f: ScalarFunction, x: Any, h: float = 1e-8) -> np.ndarray:
    """Gradient of the scalar `f` at `x` by forward differences; a negative `h` looks backward.

    Parameters
    ----------
    f : callable
        Takes an array of the shape of `x`, returns a scalar.
    x : array_like, any shape
    h : float, not 0

    Returns
    -------
    array of the shape of `x`

    Examples
    --------
    The table of UW ML530 (2021): y = 30, x = 3, slope of the loss at w = 8 is -36.

    >>> loss = lambda w: (30 - 3 * w) ** 2
    >>> [round(float(forward_difference(loss, 8.0, h)), 3) for h in (-0.1, -0.01, 0.001)]
    [-36.9, -36.09, -35.991]
    """
    x, h = as_float(x), check_step(h)
    here = scalar(f(x.copy()[()]))
    return entry_by_entry(x, lambda i: (scalar(f(shifted(x, i, h))) - here) / h)


def central_difference(f: ScalarFunction, x: Any, h: float = 1e-5) -> np.ndarray:
    """Gradient of the scalar `f` at `x` by central differences.

    Examples
    --------
    >>> central_difference(lambda x: np.sum(x**2), [[1, 2], [3, 4]]).round(6)
    array([[2., 4.],
           [6., 8.]])
    """
    x, h = as_float(x), check_step(h)
    return entry_by_entry(x, lambda i: (scalar(f(shifted(x, i, h))) - scalar(f(shifted(x, i, -h)))) / (2 * h))


def fourth_order_difference(f: ScalarFunction, x: Any, h: float = 1e-3) -> np.ndarray:
    """Gradient of the scalar `f` at `x` from four points: exact for polynomials up to degree 4.

    Examples
    --------
    >>> round(float(fourth_order_difference(lambda x: x**4, 1.0, h=0.5)), 12)
    4.0
    """
    x, h = as_float(x), check_step(h)

    def slope(i: tuple[int, ...]) -> Any:
        at = {k: scalar(f(shifted(x, i, k * h))) for k in (-2, -1, 1, 2)}
        return (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * h)

    return entry_by_entry(x, slope)


def complex_step(f: ScalarFunction, x: Any, h: float = 1e-20) -> np.ndarray:
    """Gradient of the analytic scalar `f` at `x`, right to the last digits (Squire and Trapp 1998).

    Raises
    ------
    TypeError
        If `f` gives back a real number: it dropped the imaginary part (`abs`, `max`, `.real`, float32 casts).

    Examples
    --------
    >>> bool(complex_step(np.exp, 1.0) == np.exp(1.0))
    True
    """
    x, h = as_float(x).astype(np.complex128), check_step(h)

    def slope(i: tuple[int, ...]) -> float:
        value = scalar(f(shifted(x, i, 1j * h)))
        if not np.iscomplexobj(value):
            raise TypeError(
                "f returned a real number for a complex x: the complex step needs an analytic f without "
                "abs, max, comparisons or casts; use central_difference"
            )
        return value.imag / h

    return entry_by_entry(x.real, slope)


def jacobian(f: Callable[[Any], Any], x: Any, h: float = 1e-5) -> np.ndarray:
    """Jacobian of the array-valued `f` at `x` by central differences.

    Returns
    -------
    array of shape `f(x).shape + x.shape`; entry [i, j] is the derivative of f_i by x_j

    Examples
    --------
    >>> jacobian(lambda x: np.array([x[0] * x[1], x[0] + x[1], 7.0]), [2.0, 5.0]).round(6)
    array([[5., 2.],
           [1., 1.],
           [0., 0.]])
    """
    x, h = as_float(x), check_step(h)
    out = as_float(f(x.copy()[()]), "f(x)").shape
    result = np.empty(out + x.shape, x.dtype)
    for i in np.ndindex(x.shape):
        right, left = np.asarray(f(shifted(x, i, h))), np.asarray(f(shifted(x, i, -h)))
        result[(..., *i)] = (right - left) / (2 * h)
    return result


def hessian(f: ScalarFunction, x: Any, h: float = 1e-4) -> np.ndarray:
    """Hessian of the scalar `f` at `x`: the Jacobian of the gradient, both by central differences.

    Returns
    -------
    array of shape `x.shape + x.shape`; entry [i, j] is ∂²f/∂x_i∂x_j

    Examples
    --------
    >>> (hessian(lambda x: x[0] ** 2 * x[1], [1.0, 3.0]).round(4) + 0.0)
    array([[6., 2.],
           [2., 0.]])
    """
    return jacobian(lambda at: central_difference(f, at, h), x, h)


def shifted(x: np.ndarray, index: tuple[int, ...], by: complex) -> Any:
    """Return a copy of `x` whose entry `index` is moved by `by` (a NumPy scalar if x has shape ())."""
    moved = x.copy()
    moved[index] += by
    return moved[()]


def entry_by_entry(x: np.ndarray, slope: Callable[[tuple[int, ...]], Any]) -> np.ndarray:
    """Return the array of the shape of `x` whose entry i is `slope(i)`."""
    gradient = np.empty(x.shape, x.dtype)
    for index in np.ndindex(x.shape):
        gradient[index] = slope(index)
    return gradient[()]


def check_step(h: float) -> float:
    """Return the step `h`, which may be negative but neither 0 nor infinite."""
    if check_number("h", h) == 0:
        raise ValueError("h must not be 0: a difference quotient divides by it")
    return float(h)
