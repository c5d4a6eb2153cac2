r"""Optimizers seen as filters: what a difference equation does to a sequence of gradients.

>>> momentum = unit_input_ar1(0.9)
>>> round(momentum.dc_gain, 12), momentum.poles
(10.0, array([0.9]))

A filter is its two lists of coefficients, as in `scipy.signal` and in USC EE599 (deck C):

.. math:: a_0 y[n] = Σ_{i≥0} b_i x[n-i] − Σ_{i≥1} a_i y[n-i],
          \qquad H(z) = \frac{Σ b_i z^{-i}}{Σ a_i z^{-i}}

(The deck's first-order equations print a[0] where a[1] is meant.) Two filters of first order carry all the
optimizers: with a *unit DC gain* a constant input comes out unchanged in the end, with a *unit input gain*
the newest value enters in full. Momentum has the second, Adam's two averages the first.
"""

from course_lib.filters.first_order import (
    OptimizerFilters,
    ewma,
    identity,
    nesterov,
    optimizer_filters,
    summer,
    unit_dc_ar1,
    unit_input_ar1,
)
from course_lib.filters.linear import Filter, difference_equation, frequency_response

__all__ = [
    "Filter",
    "OptimizerFilters",
    "difference_equation",
    "ewma",
    "frequency_response",
    "identity",
    "nesterov",
    "optimizer_filters",
    "summer",
    "unit_dc_ar1",
    "unit_input_ar1",
]
