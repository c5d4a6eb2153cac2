"""Figures of chapter 07, second part: averages that forget, poles and zeros, responses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.figures.style import COLORS, canvas, styled
from course_lib.filters import Filter, ewma, unit_dc_ar1, unit_input_ar1

Array = NDArray[np.floating]
STYLES = (("blue", "-"), ("orange", "--"), ("green", "-."), ("purple", ":"))
FREQUENCIES = np.pi * np.linspace(0, 1, 201)


def noisy_cosine(n: int = 120, noise: float = 0.5, seed: int = 0) -> tuple[Array, Array]:
    """Return n values of a slow cosine, and the same with Gaussian noise (USC EE599, 2020).

    Examples
    --------
    >>> clean, noisy = noisy_cosine(4, noise=0.0)
    >>> bool((clean == noisy).all()), clean[0]
    (True, np.float64(1.0))
    """
    clean = np.cos(2 * np.pi * np.arange(n) / 100)
    return clean, clean + noise * np.random.default_rng(seed).normal(size=n)


@styled
def weights_of_the_past(alphas: tuple[float, ...] = (0.5, 0.9, 0.98)) -> Figure:
    """Draw what share of an average each past value has, (1 − α)αᵏ, for several α."""
    ages = np.arange(41)
    told = "; ".join(f"α = {a}: {1 - a:.2g} for the newest, {(1 - a) * a**40:.1g} at age 40" for a in alphas)
    figure, axes = canvas(460, 280, alt=f"Weight over the age of a value, falling like powers of α. {told}.")
    for alpha, (color, dash) in zip(alphas, STYLES, strict=False):
        weights = unit_dc_ar1(alpha).impulse_response(len(ages))
        axes.plot(ages, weights, dash, color=COLORS[color], label=f"α = {alpha}")
    axes.set(xlabel="age of the value, in steps", ylabel="weight in the average", ylim=(0, 0.52))
    axes.legend(loc="upper right")
    return figure


@styled
def step_responses(alpha: float = 0.9, n: int = 50) -> tuple[Figure, Figure]:
    """Draw the answers to 1, 1, 1, …: unit DC gain with its compensation, and unit input gain."""
    t = np.arange(n)
    average, momentum = unit_dc_ar1(alpha), unit_input_ar1(alpha)
    start, end = average.step_response(n)[[0, -1]]
    left, axes = canvas(
        350,
        270,
        alt=f"Step response of the filter with unit DC gain: from {start:.1f} up to {end:.2f}, towards 1. Compensated "
        "it is 1 from the first step on.",
    )
    axes.plot(t, average.step_response(n), color=COLORS["blue"], label="as it is")
    axes.plot(t, average.compensated(np.ones(n)), "--", color=COLORS["orange"], label="compensated")
    axes.set(xlabel="step n", ylabel="output", ylim=(0, 1.1), title="unit DC gain")
    axes.legend(loc="lower right")
    start, end = momentum.step_response(n)[[0, -1]]
    right, axes = canvas(
        350,
        270,
        alt=f"Step response of the filter with unit input gain: it starts at {start:.0f}, the newest input in "
        f"full, and climbs to {end:.1f}, towards {momentum.dc_gain:.0f}.",
    )
    axes.plot(t, momentum.step_response(n), color=COLORS["blue"])
    axes.axhline(momentum.dc_gain, color=COLORS["grey"], linestyle=":")
    axes.set(xlabel="step n", ylabel="output", ylim=(0, 1.1 * momentum.dc_gain), title="unit input gain")
    return left, right


@styled
def compensation(alpha: float = 0.9) -> tuple[Figure, Figure]:
    """Draw the noisy cosine of deck C, averaged without and with transient compensation."""
    clean, noisy = noisy_cosine()
    panels = []
    for title, compensate in (("as it is", False), ("compensated", True)):
        smooth = ewma(noisy, alpha, compensate)
        figure, axes = canvas(
            360,
            260,
            alt=f"A cosine in noise and its moving average with α = {alpha}, {title}. The cosine starts at 1, the "
            f"average at {smooth[0]:.2f}; after ten steps it is {smooth[9]:.2f}, where the cosine is "
            f"{clean[9]:.2f}. Later it follows the cosine, a little late.",
        )
        axes.plot(noisy, color=COLORS["grey"], linewidth=0.8, label="values")
        axes.plot(clean, "--", color="black", linewidth=1.3, label="cosine")
        axes.plot(smooth, color=COLORS["blue"], label="average")
        axes.set(xlabel="step", title=title, ylim=(-2.2, 2.8))
        panels.append(figure)
    panels[0].axes[0].legend(loc="upper center", ncols=3)
    return panels[0], panels[1]


def _unit_circle(axes: Axes) -> None:
    turn = np.linspace(0, 2 * np.pi, 73)
    axes.plot(np.cos(turn), np.sin(turn), color=COLORS["grey"], linewidth=1.2)
    axes.axhline(0, color=COLORS["grey"], linewidth=0.8)
    axes.axvline(0, color=COLORS["grey"], linewidth=0.8)
    axes.set(xlabel="real part of z", ylabel="imaginary part", aspect="equal", xlim=(-1.25, 1.25), ylim=(-1.25, 1.25))


@styled
def pole_plane(filters: Mapping[str, Filter]) -> tuple[Figure, ...]:
    """Draw poles (crosses) and zeros (circles) of filters beside the unit circle, one panel each."""
    panels = []
    for name, each in filters.items():
        poles, zeros = (np.atleast_1d(roots) for roots in (each.poles, each.zeros))
        told = f"pole at {_places(poles)}, zero at {_places(zeros)}"
        figure, axes = canvas(240, 250, alt=f"The plane of z with the unit circle for {name}: {told}, all inside it.")
        _unit_circle(axes)
        axes.plot(poles.real, poles.imag, "x", color=COLORS["orange"], markersize=11, markeredgewidth=2.5)
        axes.plot(zeros.real, zeros.imag, "o", color=COLORS["blue"], markersize=10, fillstyle="none", markeredgewidth=2)
        axes.set_title(name)
        panels.append(figure)
    return tuple(panels)


def _places(roots: Array) -> str:
    return " and ".join(f"{root.real:.2f}" for root in roots)


@styled
def frequency_responses(filters: Mapping[str, Filter], title: str = "") -> Figure:
    """Draw |H| over the frequency from never-changing to alternating, on a logarithmic scale."""
    told = []
    for name, each in filters.items():
        gains = np.abs(each.frequency_response(np.array([0, np.pi])))
        told.append(f"{name} from {gains[0]:.3g} to {gains[1]:.2g}")
    figure, axes = canvas(
        350,
        290,
        alt=f"Gain over frequency, zero to half a turn a step: {'; '.join(told)}. All fall with the frequency.",
    )
    for (name, each), (color, dash) in zip(filters.items(), STYLES, strict=False):
        gain = np.abs(each.frequency_response(FREQUENCIES))
        axes.semilogy(FREQUENCIES / np.pi, gain, dash, color=COLORS[color], label=name)
    axes.set(xlabel="frequency ω / π", ylabel="gain |H|", title=title)
    ticks = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.legend(loc="upper right")
    return figure


def heavy_ball_poles(curvature: Array | float, mu: float, nesterov: bool = False) -> NDArray[np.complexfloating]:
    """Return the two poles of descent with momentum μ on ½λw², for ηλ = `curvature`, (…, 2).

    z² − (1 + μ − ηλ)z + μ = 0; with Nesterov z² − (1 + μ)(1 − ηλ)z + μ(1 − ηλ) = 0.

    Examples
    --------
    >>> abs(heavy_ball_poles(0.5, 0.81)).round(6)          # complex poles: both of size √μ
    array([0.9, 0.9])
    """
    c = np.asarray(curvature, float)
    b, d = (-(1 + mu) * (1 - c), mu * (1 - c)) if nesterov else (-(1 + mu - c), np.full_like(c, mu))
    root = np.sqrt((b**2 - 4 * d).astype(complex))
    return np.stack([(-b + root) / 2, (-b - root) / 2], axis=-1)


@styled
def contraction(mus: tuple[float, ...] = (0.0, 0.5, 0.9)) -> Figure:
    """Draw the size of the larger pole, the factor a step, over ηλ for several momenta."""
    told = "; ".join(f"μ = {mu:g} up to {2 * (1 + mu):g}" for mu in mus)
    figure, axes = canvas(
        460,
        290,
        alt=f"Error factor a step over learning rate times curvature. It is below 1: {told}. With momentum the curve "
        "is flat in the middle, at the root of μ.",
    )
    c = np.linspace(0, 4.4, 882)
    for mu, (color, dash) in zip(mus, STYLES, strict=False):
        axes.plot(c, np.abs(heavy_ball_poles(c, mu)).max(axis=-1), dash, color=COLORS[color], label=f"μ = {mu:g}")
    axes.axhline(1, color="black", linewidth=1)
    axes.set(xlabel="ηλ, learning rate times curvature", ylabel="error factor a step", ylim=(0, 1.4), xlim=(0, 4.4))
    axes.legend(loc="lower right")
    return figure
