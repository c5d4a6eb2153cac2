"""Widgets of chapter 01: the loss and its tangent; the step size of a difference quotient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import anywidget
import mpmath
import numpy as np
import traitlets

from course_lib.reference.derivatives import central_difference, complex_step, forward_difference
from course_lib.widgets import script, stylesheet

# name: (quotient as computed, type of x, the same quotient in exact arithmetic)
METHODS: Mapping[str, tuple[Callable[..., Any], type, Callable[..., Any]]] = {
    "forward difference, float64": (forward_difference, np.float64, lambda f, x, h: (f(x + h) - f(x)) / h),
    "central difference, float64": (central_difference, np.float64, lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h)),
    "complex step, float64": (complex_step, np.float64, lambda f, x, h: mpmath.im(f(mpmath.mpc(x, h))) / h),
    "forward difference, float32": (forward_difference, np.float32, lambda f, x, h: (f(x + h) - f(x)) / h),
    "central difference, float32": (central_difference, np.float32, lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h)),
}


class LossTangent(anywidget.AnyWidget):
    """Move ŵ, see the loss (wx − ŵx)², its tangent, and a step of gradient descent.

    Parameters
    ----------
    w : float
        The true weight; the target is y = w·x.
    inputs : sequence of int
        Inputs x to choose from.

    Examples
    --------
    >>> LossTangent().losses["3"]  # 900 − 180ŵ + 9ŵ²
    [900.0, -180.0, 9.0]
    """

    _esm = script("loss_tangent")
    _css = stylesheet()
    losses = traitlets.Dict().tag(sync=True)
    x = traitlets.Int(3).tag(sync=True)
    w_hat = traitlets.Float(8.0).tag(sync=True)
    learning_rate = traitlets.Float(0.02).tag(sync=True)

    def __init__(self, w: float = 10.0, inputs: Sequence[int] = (2, 3, 4), **state: Any) -> None:
        losses = {str(x): [float(w * w * x * x), float(-2 * w * x * x), float(x * x)] for x in inputs}
        super().__init__(losses=losses, **state)

    def __repr__(self) -> str:
        return "LossTangent()"


class StepSize(anywidget.AnyWidget):
    """Move h, watch truncation and rounding error of a difference quotient of eˣ at x = 1 trade places.

    Examples
    --------
    >>> sorted(StepSize(exponent=-8.0).studies["forward difference, float64"])
    ['derivative', 'error', 'exponent', 'quotient', 'rounding', 'truncation']
    """

    _esm = script("step_size")
    _css = stylesheet()
    studies = traitlets.Dict().tag(sync=True)
    method = traitlets.Unicode("forward difference, float64").tag(sync=True)
    exponent = traitlets.Float(-2.0).tag(sync=True)
    exponents: ClassVar[tuple[float, ...]] = tuple(np.arange(-20, 0.125, 0.25).tolist())

    def __init__(self, **state: Any) -> None:
        super().__init__(studies={name: step_size_study(name, self.exponents) for name in METHODS}, **state)

    def __repr__(self) -> str:
        return "StepSize()"


def step_size_study(method: str, exponents: Sequence[float]) -> dict[str, Any]:
    """Relative error of a difference quotient of eˣ at 1 for h = 10^exponent, split into its two sources.

    Truncation is the error that the same formula makes in exact arithmetic (60 digits); rounding is the rest.

    Returns
    -------
    dict
        ``exponent, error, truncation, rounding`` (lists of floats), ``quotient`` (list of text) and
        ``derivative`` (text).

    Examples
    --------
    >>> study = step_size_study("forward difference, float64", [-2.0])
    >>> study["truncation"], study["quotient"]  # h/2 to first order
    ([0.00502], ['2.731918656'])
    """
    difference, dtype, exactly = METHODS[method]
    columns: dict[str, Any] = {name: [] for name in ("error", "truncation", "rounding", "quotient")}
    with mpmath.workdps(60):
        for exponent in exponents:
            h = 10.0**exponent
            computed = difference(np.exp, dtype(1), h)
            exact = exactly(mpmath.exp, mpmath.mpf(1), mpmath.mpf(h))
            parts = (mpmath.mpf(float(computed)) - mpmath.e, exact - mpmath.e, mpmath.mpf(float(computed)) - exact)
            for name, part in zip(columns, parts, strict=False):
                columns[name].append(float(f"{float(abs(part) / mpmath.e):.3g}"))
            columns["quotient"].append(f"{computed:.10g}")
    return {"exponent": list(exponents), **columns, "derivative": f"{np.e:.10g}"}
