"""The filters of first order, and which optimizer has which."""

from dataclasses import dataclass

import numpy as np

from course_lib.filters.linear import Filter
from course_lib.validation import check_number


def unit_dc_ar1(alpha: float) -> Filter:
    """y[n] = αy[n−1] + (1−α)x[n]: the exponentially weighted moving average; step response 1 − α^(n+1).

    Adam's two averages, RMSprop's and Adadelta's.

    Examples
    --------
    >>> unit_dc_ar1(0.5).step_response(4)
    array([0.5   , 0.75  , 0.875 , 0.9375])
    """
    return Filter((1 - _memory(alpha),), (1.0, -alpha))


def unit_input_ar1(alpha: float) -> Filter:
    """y[n] = αy[n−1] + x[n]: momentum; step response (1 − α^(n+1))/(1 − α), DC gain 1/(1 − α).

    Examples
    --------
    >>> unit_input_ar1(0.5).step_response(4)
    array([1.   , 1.5  , 1.75 , 1.875])
    """
    return Filter((1.0,), (1.0, -_memory(alpha)))


def nesterov(alpha: float) -> Filter:
    r"""Nesterov's momentum in Bengio's form: v[n] = αv[n−1] + x[n], y[n] = (1+α)v[n] − αv[n−1].

    .. math:: H(z) = \frac{(1+α) − αz^{-1}}{1 − αz^{-1}}

    Its pole is at α, its zero at α/(1+α); deck C prints the inverse of the zero. Source: Bengio,
    Boulanger-Lewandowski and Pascanu, 2013.

    Examples
    --------
    >>> nesterov(0.5).zeros, nesterov(0.5).impulse_response(3)
    (array([0.33333333]), array([1.5  , 0.25 , 0.125]))
    """
    return Filter((1 + _memory(alpha), -alpha), (1.0, -alpha))


def summer() -> Filter:
    """y[n] = y[n−1] + x[n]: Adagrad's sum of squares, a pole on the unit circle.

    Examples
    --------
    >>> summer().step_response(3), summer().stable
    (array([1., 2., 3.]), False)
    """
    return Filter((1.0,), (1.0, -1.0))


def identity() -> Filter:
    """y[n] = x[n]: no filter.

    Examples
    --------
    >>> identity().impulse_response(3)
    array([1., 0., 0.])
    """
    return Filter((1.0,), (1.0,))


def _memory(alpha: float) -> float:
    """Return α, which must be below 1: from there on a filter never forgets."""
    return check_number("alpha", alpha, 0, 1, open_high=True)


def ewma(values: np.ndarray, alpha: float, compensate: bool = False) -> np.ndarray:
    r"""Return the exponentially weighted moving average of a sequence, from s₀ = 0.

    .. math:: s_t = α s_{t-1} + (1 − α) v_t, \qquad \hat s_t = s_t / (1 − α^t)

    Parameters
    ----------
    values : ndarray, (n, ...)
        v₁, v₂, …; the first axis is time.
    alpha : float
        Weight of the past, in [0, 1). UW ML530 (deck A) puts α on the new value and starts at v₁ instead.
    compensate : bool
        Return ŝ, which starts at v₁.

    Examples
    --------
    >>> ewma(np.array([1.0, 1.0, 1.0]), 0.9)
    array([0.1  , 0.19 , 0.271])
    >>> ewma(np.array([1.0, 1.0, 1.0]), 0.9, compensate=True)
    array([1., 1., 1.])
    """
    average = unit_dc_ar1(alpha)
    return average.compensated(values) if compensate else average(values)


@dataclass(frozen=True)
class OptimizerFilters:
    """One row of deck C's summary of optimizers.

    Attributes
    ----------
    gradient : Filter
        What smooths the gradient.
    variance : Filter or None
        What averages the squared gradient; None where the gradient is not normalized.
    compensated : bool
        Whether both are divided by their step responses.

    Examples
    --------
    >>> momentum = OptimizerFilters(unit_input_ar1(0.9))
    >>> round(momentum.gradient.dc_gain, 6), momentum.variance is None
    (10.0, True)
    """

    gradient: Filter
    variance: Filter | None = None
    compensated: bool = False


def optimizer_filters(alpha: float = 0.9, beta: float = 0.999) -> dict[str, OptimizerFilters]:
    """Return each optimizer's filters: the deck's summary table, with Adam's filters put right.

    Parameters
    ----------
    alpha : float
        Memory of the gradient filter (momentum, β₁).
    beta : float
        Memory of the variance filter (ρ, β₂).

    Notes
    -----
    The deck's table gives Adam filters of unit input gain; its text, and Adam, have a unit DC gain. Nadam's
    is Nesterov's filter times 1 − α, whose DC gain is 1 too. Dozat (2016) compensates its two terms by
    different powers, so a constant gradient comes out too large at first, by the factor 1 + α/(1+α).

    Examples
    --------
    >>> optimizer_filters()["Adam"].variance.dc_gain
    1.0
    """
    none, average, variance = identity(), unit_dc_ar1(alpha), unit_dc_ar1(beta)
    lookahead = Filter(tuple((1 - alpha) * b for b in nesterov(alpha).b), nesterov(alpha).a)
    return {
        "SGD": OptimizerFilters(none),
        "Momentum": OptimizerFilters(unit_input_ar1(alpha)),
        "Nesterov": OptimizerFilters(nesterov(alpha)),
        "Adagrad": OptimizerFilters(none, summer()),
        "Adadelta": OptimizerFilters(none, variance),
        "RMSprop": OptimizerFilters(none, variance),
        "Adam": OptimizerFilters(average, variance, compensated=True),
        "Nadam": OptimizerFilters(lookahead, variance, compensated=True),
    }
