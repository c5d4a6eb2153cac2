"""Figures of chapter 07: noise, step lengths, the two forms of Adam, curvature, learning curves on real data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.figures.style import COLORS, canvas, powers_of_ten, styled
from course_lib.filters.table import row

Array = NDArray[np.floating]
DASH_DOT_DOT = (0, (5, 1.5, 1, 1.5, 1, 1.5))
STYLES: tuple[tuple[str, Any], ...] = (
    ("blue", "-"), ("orange", "--"), ("green", "-."), ("purple", ":"), ("grey", DASH_DOT_DOT)
)  # fmt: skip


def mean_square(rates: Sequence[float] | Array, curvature: float, noise: float, start: float) -> Array:
    """Return E[w²] before and after every step of noisy descent on ½λw², exactly.

    A step is w ← w − η(λw + σξ) with ξ of mean 0 and variance 1, so E[w²] ← (1 − ηλ)² E[w²] + η²σ².

    Examples
    --------
    >>> mean_square([0.5, 0.5], curvature=1.0, noise=1.0, start=2.0)
    array([4.    , 1.25  , 0.5625])
    """
    squares = [start**2]
    for rate in rates:
        squares.append((1 - rate * curvature) ** 2 * squares[-1] + rate**2 * noise**2)
    return np.array(squares)


def noisy_descent(rates: Sequence[float] | Array, curvature: float, noise: float, start: Array, seed: int = 0) -> Array:
    """Return the points of one noisy descent on ½λ|w|², (steps + 1, size)."""
    rng, w = np.random.default_rng(seed), np.array(start, float)
    path = [w]
    for rate in rates:
        w = w - rate * (curvature * w + noise * rng.normal(size=w.shape))
        path.append(w)
    return np.array(path)


@styled
def noise_ball(rates: Sequence[float] = (0.5, 0.05), steps: int = 250, noise: float = 1.0) -> tuple[Figure, ...]:
    """Draw noisy descent in a round bowl for two rates: the way in, and the ball in which it ends."""
    panels = []
    for rate in rates:
        path = noisy_descent(np.full(steps, rate), 1.0, noise, np.array([5.0, 4.0]))
        radius = np.sqrt(2 * rate * noise**2 / (2 - rate))
        late = path[steps // 2 :]
        figure, axes = canvas(
            320,
            310,
            alt=f"A noisy path with learning rate {rate} from (5, 4) to a cloud around the minimum. The second half of "
            f"the points has a root mean square distance of {np.sqrt((late**2).sum(axis=1).mean()):.2f}; the circle "
            f"has the radius {radius:.2f}.",
        )
        turn = np.linspace(0, 2 * np.pi, 49)
        for height in (2, 4, 6):
            axes.plot(height * np.cos(turn), height * np.sin(turn), color=COLORS["grey"], linewidth=0.6)
        axes.plot(*path.T, color=COLORS["blue"], linewidth=0.6)
        axes.plot(radius * np.cos(turn), radius * np.sin(turn), "--", color=COLORS["orange"], linewidth=2.5)
        axes.plot(0, 0, "*", color="black", markersize=10)
        axes.set(xlim=(-3, 5.6), ylim=(-3, 5), aspect="equal", title=f"η = {rate}", xlabel="w₁", ylabel="w₂")
        panels.append(figure)
    return tuple(panels)


@styled
def distances(plans: Mapping[str, Callable[[int], float]], steps: int = 10_000, start: float = 10.0) -> Figure:
    """Draw the root mean square distance from the minimum under several schedules, exact, on logarithmic axes."""
    errors = {
        name: np.sqrt(mean_square([plan(k) for k in range(steps)], 1.0, 1.0, start)) for name, plan in plans.items()
    }
    told = "; ".join(f"{name} {error[-1]:.2g}" for name, error in errors.items())
    figure, axes = canvas(
        470, 310, alt=f"Distance from the minimum over steps from {start:g} on, after {steps} steps: {told}."
    )
    t = np.unique(np.geomspace(1, steps, 60).astype(int))
    for (name, error), (color, dash) in zip(errors.items(), STYLES, strict=False):
        axes.loglog(t, error[t], linestyle=dash, color=COLORS[color], label=name)
    powers_of_ten(axes.xaxis)
    powers_of_ten(axes.yaxis)
    axes.set(xlabel="step k", ylabel="distance, root mean square")
    axes.legend(loc="lower left")
    return figure


def step_lengths(name: str, steps: int, gradient: float = 1.0, **settings: Any) -> Array:
    """Return the lengths of the steps, in units of the learning rate, while the gradient stays the same.

    Examples
    --------
    >>> step_lengths("Momentum", 3).round(2)
    array([1.  , 1.9 , 2.71])
    """
    each = row(name)
    optimizer, w, lengths = each.make(**settings), np.zeros(1), []
    rate = each.values(**settings)["lr"]
    for _ in range(steps):
        before = w.copy()
        optimizer.step(w, np.array([gradient]))
        lengths.append(float(before[0] - w[0]) / rate)
    return np.array(lengths)


@styled
def steps_of_a_slope(groups: Sequence[Mapping[str, Array]], titles: Sequence[str]) -> tuple[Figure, ...]:
    """Draw step lengths under a constant gradient, one panel a group of optimizers."""
    panels = []
    for group, title in zip(groups, titles, strict=True):
        told = "; ".join(f"{name} from {each[0]:.2g} to {each[-1]:.2g}" for name, each in group.items())
        figure, axes = canvas(350, 280, alt=f"Length of a step over the step number, gradient always 1: {told}.")
        for (name, each), (color, dash) in zip(group.items(), STYLES, strict=False):
            axes.plot(np.arange(1, len(each) + 1), each, linestyle=dash, color=COLORS[color], label=name)
        axes.set(xlabel="step", ylabel="step length / η", title=title, ylim=(0, None))
        axes.legend(loc="best")
        panels.append(figure)
    return tuple(panels)


@styled
def adam_forms(beta_2: float = 0.999, epsilon: float = 1e-8) -> Figure:
    """Draw the length of the first step over the size of the gradient, with ε and with the same number as ε̂."""
    g = np.logspace(-11, -3, 161)
    forms = {"√v̂ + ε (the algorithm)": g / (g + epsilon), "√v + ε̂ (Keras)": g / (g + epsilon / np.sqrt(1 - beta_2))}
    half = epsilon, epsilon / np.sqrt(1 - beta_2)
    figure, axes = canvas(
        440,
        280,
        alt="First step of Adam over the size of the gradient. For large gradients both forms step by one rate; "
        f"half of it is left at a gradient of {half[0]:.1g} with ε and already at {half[1]:.1g} with ε̂.",
    )
    for (name, each), (color, dash) in zip(forms.items(), STYLES, strict=False):
        axes.semilogx(g, each, linestyle=dash, color=COLORS[color], label=name)
    powers_of_ten(axes.xaxis)
    axes.set(xlabel="size of the gradient |g|", ylabel="first step / η")
    axes.legend(loc="lower right")
    return figure


@styled
def progress(runs: Mapping[str, tuple[Sequence[float], Sequence[float]]], x: str, y: str, title: str = "") -> Figure:
    """Draw how losses fall, on a logarithmic scale, over what they cost: name → (cost, loss)."""
    told = "; ".join(f"{name} {values[-1]:.1e} at {cost[-1]:g}" for name, (cost, values) in runs.items())
    figure, axes = canvas(470, 310, alt=f"{y} over {x}, logarithmic. The last points: {told}.".replace("e-", "e−"))
    for (name, (cost, values)), (color, dash) in zip(runs.items(), STYLES, strict=False):
        axes.semilogy(cost, values, linestyle=dash, color=COLORS[color], label=name)
    powers_of_ten(axes.yaxis)
    axes.set(xlabel=x, ylabel=y, title=title)
    axes.legend(loc="best")
    return figure


@styled
def learning_curves(
    tuned: Mapping[str, Array], default: Mapping[str, Array], groups: Mapping[str, Sequence[str]], y: str
) -> tuple[Figure, ...]:
    """Draw mean curves of (seeds, epochs), one panel a group: tuned ones thick, default ones thin where they differ."""
    panels = []
    low, high = _range([curve.mean(axis=0) for curve in (*tuned.values(), *default.values())])
    for title, names in groups.items():
        told = []
        figure, axes = canvas(340, 310, alt=f"{y} by epoch, {title}; the last epoch follows in words.")
        for name, (color, dash) in zip(names, STYLES, strict=False):
            best, first = tuned[name].mean(axis=0), default[name].mean(axis=0)
            epochs = np.arange(1, len(best) + 1)
            axes.plot(epochs, best, linestyle=dash, color=COLORS[color], label=name)
            told.append(f"{name} {best[-1]:.3f}")
            if not np.array_equal(best, first):
                axes.plot(epochs, first, linestyle=dash, color=COLORS[color], linewidth=0.9)
                told[-1] += f" (default rate {first[-1]:.3f})"
        figure.set_label(f"{y} by epoch, {title}; after the last epoch: {'; '.join(told)}.")
        axes.set(xlabel="epoch", ylabel=y, title=title, ylim=(low, high))
        axes.legend(loc="upper right", fontsize=10)
        panels.append(figure)
    return tuple(panels)


def _range(curves: Sequence[Array]) -> tuple[float, float]:
    """Return limits that show all curves from their second epoch on."""
    late = np.concatenate([curve[1:] for curve in curves])
    late = late[late < 1e3]
    return float(late.min() * 0.97), float(np.quantile(late, 0.97) * 1.1)


@styled
def rate_scans(
    scans: Mapping[str, Mapping[float, float]], groups: Mapping[str, Sequence[str]], y: str
) -> tuple[Figure, ...]:
    """Draw the loss reached over the learning rate, one panel a group of optimizers; failed runs are left out."""
    panels = []
    for title, names in groups.items():
        best = {name: min(scans[name], key=scans[name].__getitem__) for name in names}
        told = "; ".join(f"{name} is best at {rate:g}" for name, rate in best.items())
        figure, axes = canvas(340, 290, alt=f"{y} over the learning rate, {title}: {told}.")
        for name, (color, dash) in zip(names, STYLES, strict=False):
            rates = sorted(rate for rate, loss in scans[name].items() if loss < 2)
            losses = [scans[name][rate] for rate in rates]
            axes.semilogx(rates, losses, linestyle=dash, color=COLORS[color], label=name, marker="o", markersize=4)
        powers_of_ten(axes.xaxis)
        axes.set(xlabel="learning rate", ylabel=y, title=title, ylim=(0.33, 0.8))
        axes.legend(loc="best", fontsize=10)
        panels.append(figure)
    return tuple(panels)
