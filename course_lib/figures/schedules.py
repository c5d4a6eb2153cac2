"""Figures of chapter 07, schedules: the rates, and what they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.figures.style import COLORS, canvas, powers_of_ten, styled

Array = NDArray[np.floating]
STYLES = (("blue", "-"), ("orange", "--"), ("green", "-."), ("purple", ":"))


@styled
def gallery(families: Mapping[str, Mapping[str, Callable[[int], float]]], steps: int) -> tuple[Figure, ...]:
    """Draw the learning rate over the steps, one panel a family of schedules."""
    k = np.arange(steps + 1)
    panels = []
    for title, plans in families.items():
        rates = {name: np.array([plan(int(each)) for each in k]) for name, plan in plans.items()}
        told = "; ".join(f"{name} from {r[0]:.2g} to {r[-1]:.2g}" for name, r in rates.items())
        figure, axes = canvas(340, 250, alt=f"Learning rate over {steps} steps, {title}: {told}.")
        for (name, rate), (color, dash) in zip(rates.items(), STYLES, strict=False):
            axes.plot(k, rate, dash, color=COLORS[color], label=name)
        top = max(rate.max() for rate in rates.values())
        axes.set(xlabel="step", ylabel="learning rate", title=title, ylim=(0, 1.4 * top))
        axes.legend(loc="upper right", fontsize=10)
        panels.append(figure)
    return tuple(panels)


@styled
def plateau(losses: Sequence[float], rates: Sequence[float]) -> tuple[Figure, Figure]:
    """Draw a loss by epoch, and the rate that `ReduceOnPlateau` gives after each."""
    drops = [epoch for epoch in range(1, len(rates)) if rates[epoch] < rates[epoch - 1]]
    told = f"A noisy loss over {len(losses)} epochs, from {losses[0]:.2g} to {losses[-1]:.2g}, with flat stretches."
    left, axes = canvas(340, 250, alt=told)
    axes.semilogy(losses, color=COLORS["blue"])
    right, other = canvas(
        340,
        250,
        alt=f"The learning rate by epoch: a staircase from {rates[0]:g} to {rates[-1]:g}, with drops after the epochs "
        f"{', '.join(map(str, drops))}.",
    )
    other.semilogy(rates, color=COLORS["orange"], drawstyle="steps-post")
    for panel, name in ((axes, "validation loss"), (other, "learning rate")):
        for drop in drops:
            panel.axvline(drop, color=COLORS["grey"], linewidth=0.8, linestyle=":")
        panel.set(xlabel="epoch", ylabel=name)
    powers_of_ten(axes.yaxis)
    values = sorted(set(rates))
    other.set_yticks(values, [f"{value:g}" for value in values])
    other.minorticks_off()
    return left, right


@styled
def final_losses(names: Sequence[str], losses: Mapping[str, Sequence[float]], y: str) -> Figure:
    """Draw the results of every run as dots, one row a schedule, their mean as a bar."""
    told = "; ".join(f"{name} {np.mean(losses[name]):.3f}" for name in names)
    figure, axes = canvas(460, 40 + 34 * len(names), alt=f"{y} by schedule, means over the runs: {told}.")
    for place, name in enumerate(names):
        axes.plot(losses[name], [place] * len(losses[name]), "o", color=COLORS["blue"], markersize=5)
        axes.plot(np.mean(losses[name]), place, "|", color=COLORS["orange"], markersize=18, markeredgewidth=2.5)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel=y, ylim=(len(names) - 0.5, -0.5))
    return figure
