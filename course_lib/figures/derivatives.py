"""Figures of chapter 01, derivatives. Functions take the data they draw, or nothing where the figure is the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.figures.style import COLORS, canvas, powers_of_ten, styled

Array = NDArray[np.floating]


@styled
def three_losses(w: float = 10.0, inputs: Sequence[float] = (2, 3, 4)) -> tuple[Figure, ...]:
    """Draw the loss (y − ŵx)² over ŵ with tangents at ŵ = 8…12, one panel an input (UW ML530, 2021)."""
    return tuple(_loss_with_tangents(w, x) for x in inputs)


def _loss_with_tangents(w: float, x: float) -> Figure:
    at = np.array([8.0, 9.0, 10.0, 11.0, 12.0])
    slopes = 2 * (at * x - w * x) * x
    numbers = ", ".join(f"{slope:g}" for slope in slopes).replace("-", "−")
    figure, axes = canvas(
        240,
        250,
        alt=f"Loss over the estimated weight from 7 to 13 for x = {x:g}: a parabola with its minimum, zero, at {w:g}. "
        f"Dotted tangents at 8, 9, 10, 11 and 12 have slopes {numbers}.",
    )
    grid, ends = np.linspace(7, 13, 121), np.array([7.0, 13.0])
    for point, slope in zip(at, slopes, strict=True):
        line = (w * x - point * x) ** 2 + slope * (ends - point)
        axes.plot(ends, line, ":", color=COLORS["orange"], linewidth=1.6)
    axes.plot(grid, (w * x - grid * x) ** 2, color=COLORS["blue"])
    axes.plot(at, (w * x - at * x) ** 2, "o", color=COLORS["blue"])
    axes.set(xlim=(7, 13), ylim=(-4, 144), title=f"x = {x:g}", xlabel="estimated weight ŵ", ylabel="loss")
    return figure


@styled
def secants(at: float = 8.0, steps: Sequence[float] = (3, 2, 1)) -> Figure:
    """Draw secants through (at, loss) that turn into the tangent as Δ shrinks."""
    quotients = [(loss_at(at + step) - loss_at(at)) / step for step in steps]
    slope = 2 * (at - 10) * 9
    told = ", ".join(f"{q:g} for a step of {s:g}" for q, s in zip(quotients, steps, strict=True)).replace("-", "−")
    figure, axes = canvas(
        460,
        300,
        alt=f"A parabola and lines through its point at weight {at:g}. The secants have slopes {told}; "
        f"they turn towards the tangent, whose slope is −{abs(slope):g}.",
    )
    grid, ends = np.linspace(7, 12, 101), np.array([7.0, 12.0])
    axes.plot(grid, loss_at(grid), color=COLORS["blue"])
    axes.plot(ends, loss_at(at) + slope * (ends - at), color=COLORS["orange"], label=f"tangent: {_signed(slope)}")
    for step, quotient, dash in zip(steps, quotients, ("-.", "--", ":"), strict=True):
        axes.plot(ends, loss_at(at) + quotient * (ends - at), dash, color=COLORS["grey"], linewidth=1.4,
                  label=f"Δ = {step:g}: {_signed(quotient)}")  # fmt: skip
        axes.plot(at + step, loss_at(at + step), "s", color=COLORS["grey"])
    axes.plot(at, loss_at(at), "o", color=COLORS["orange"])
    axes.set(xlim=(7, 12), ylim=(-10, 82), xlabel="estimated weight ŵ", ylabel="loss")
    axes.legend(title="slope of the line through ŵ = 8")
    return figure


@styled
def error_curves(studies: Mapping[str, tuple[Array, Array]], title: str) -> Figure:
    """Draw the relative error over step size h, both axes logarithmic; ``studies`` maps a method to ``(h, error)``."""
    best = "; ".join(
        f"{name} is best at h near {h[np.argmin(error)]:.0e} with error {error.min():.0e}"
        for name, (h, error) in studies.items()
    )
    figure, axes = canvas(
        360, 330, alt=f"Relative error of the derivative against the step size, {title}. In words: {best}."
    )
    dashes, colors = ("-", "--", ":"), ("blue", "orange", "green")
    for (name, (h, error)), dash, color in zip(studies.items(), dashes, colors, strict=False):
        axes.plot(h, np.maximum(error, 1e-17), dash, color=COLORS[color], label=name)
    axes.set(xscale="log", yscale="log", ylim=(3e-18, 1e4), xlabel="step size h", ylabel="relative error", title=title)
    powers_of_ten(axes.xaxis)
    powers_of_ten(axes.yaxis)
    axes.legend(loc="upper left", ncols=len(studies), columnspacing=1, handlelength=1.7, borderaxespad=0)
    return figure


@styled
def staircase(at: float = 8.0, width: float = 6e-6) -> Figure:
    """Put the loss (30 − 3ŵ)² under the microscope: float32 arithmetic makes stairs of a smooth curve."""
    h = np.linspace(0, width, 1200)
    exact = loss_at(at + h) - loss_at(at)
    stored = np.asarray(loss_at(np.float32(at) + h.astype(np.float32)) - loss_at(np.float32(at)), np.float64)
    figure, axes = canvas(
        460,
        280,
        alt=f"Change of the loss over a step h from 0 to {width:.0e} at weight {at:g}. In float64 it is a straight "
        f"line that falls, in float32 a staircase with {len(np.unique(stored))} levels.",
    )
    axes.plot(h * 1e6, exact * 1e6, "--", color=COLORS["grey"], label="float64", linewidth=1.5)
    axes.plot(h * 1e6, stored * 1e6, color=COLORS["blue"], label="float32")
    axes.set(xlabel="step h, in units of 10⁻⁶", ylabel="change of the loss, in units of 10⁻⁶")
    axes.legend()
    return figure


def loss_at(w_hat: Any, w: float = 10.0, x: float = 3.0) -> Any:
    """Return the chapter's first loss, (wx − ŵx)²."""
    return (w * x - w_hat * x) ** 2


@styled
def float32_bits(value: float) -> Figure:
    """Draw the 32 bits of a number in IEEE 754 single precision: sign, exponent, fraction."""
    bits = f"{int(np.float32(value).view(np.uint32)):032b}"
    figure, axes = canvas(
        480,
        110,
        alt=f"The 32 bits of {value:g}: sign {bits[0]}, exponent {bits[1:9]} which is {int(bits[1:9], 2)}, "
        f"fraction {bits[9:]}.",
    )
    parts = (("sign", 0, 1, "purple"), ("exponent", 1, 9, "orange"), ("fraction", 9, 32, "blue"))
    for name, start, stop, color in parts:
        axes.bar(range(start, stop), 1, width=0.9, fill=False, edgecolor=COLORS[color], linewidth=1.2)
        axes.text((start + stop - 1) / 2, -0.6, name, color=COLORS[color], ha="center", va="center")
    for place, bit in enumerate(bits):
        axes.text(place, 0.5, bit, ha="center", va="center", fontweight="bold" if bit == "1" else "normal")
    axes.set(xlim=(-1.4, 32.4), ylim=(-1, 1.2))
    axes.set_axis_off()
    return figure


def _signed(value: float) -> str:
    return f"{value:g}".replace("-", "−")
