"""Drawings of what is trained: the network itself, and the curves of its training."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course_lib.figures.style import COLORS, canvas, styled
from course_lib.reference.layers import Activation

if TYPE_CHECKING:
    import course_lib.reference.network
    from course_lib.callbacks import History

SHOWN = 7  # circles a column; of more units the middle ones are left out


@styled
def draw_network(network: course_lib.reference.network.Network) -> Figure:
    """Draw a network: a column of circles for the inputs and for every layer with weights, lines for the weights.

    Layers without weights are written below the column they act on; of more than seven units the middle ones
    are left out.

    Examples
    --------
    >>> from course_lib.reference.layers import Activation, Dense
    >>> from course_lib.reference.network import Network
    >>> figure = draw_network(Network([Dense(16), Activation("relu"), Dense(3)], input_shape=4))
    >>> figure.get_label()
    'A network drawn as columns of circles, every circle joined to all of the next column: 4 inputs, Dense 16 with \
relu, Dense 3.'
    """
    columns = _columns(network)
    words = ", ".join(" ".join(lines[:2]) + "".join(f" with {line}" for line in lines[2:]) for _, lines in columns)
    figure, axes = canvas(
        min(480, 100 + 120 * (len(columns) - 1)),
        260,
        f"A network drawn as columns of circles, every circle joined to all of the next column: {words}.",
    )
    places = [[(x, y) for y in _heights(units)] for x, (units, _) in enumerate(columns)]
    for left, right in pairwise(places):
        weights = [(start, end) for start in left for end in right]
        axes.add_collection(LineCollection(weights, colors=COLORS["grey"], linewidths=0.5, zorder=1))
    for x, (units, lines) in enumerate(columns):
        color = COLORS["orange"] if x == 0 else COLORS["blue"]
        for place in places[x]:
            axes.plot(*place, marker="o", markersize=11, color=color, zorder=2)
        if units > SHOWN:
            axes.text(x, 0.0, "⋮", ha="center", va="center", fontsize=16, zorder=3)
        axes.text(x, -SHOWN / 2 - 0.2, "\n".join(lines), ha="center", va="top", fontsize=11)
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(-SHOWN / 2 - 3.2, SHOWN / 2 + 0.2))
    axes.axis("off")
    return figure


def _columns(network: course_lib.reference.network.Network) -> list[tuple[int, list[str]]]:
    """Return number of units and labels of each column: inputs, then every layer with weights."""
    network.check_built()
    size = network.input_shape[0] if network.input_shape else 0
    first = network.layers[0]
    columns = [(size, [f"{size}", "indices" if first.takes_indices else "inputs"])]
    for layer in network.layers:
        if "W" in layer.parameters:
            columns.append((layer.output_shape[-1], [type(layer).__name__, f"{layer.output_shape[-1]}"]))
        elif isinstance(layer, Activation):
            columns[-1][1].append(layer.function.name)
        else:
            columns[-1][1].append(type(layer).__name__)
    return columns


def _heights(units: int) -> list[float]:
    """Return the heights of the circles: all of them, or the outer ones with a gap in the middle."""
    if units <= SHOWN:
        return [i - (units - 1) / 2 for i in range(units)]
    half = SHOWN // 2
    return [i - half for i in range(SHOWN) if i != half]


def draw_history(history: History, *names: str) -> tuple[Figure, ...]:
    """Draw the curves of a training run: one figure for each of `names`, training and validation in it.

    Without names: the loss and every metric that was recorded (learning rates only if named).

    Examples
    --------
    >>> from course_lib.callbacks import History
    >>> history = History()
    >>> for epoch in range(3):
    ...     history.on_epoch_end(epoch, {"loss": 1 / (epoch + 1), "val_loss": 1.0})
    >>> [figure.get_label() for figure in draw_history(history)]
    ['Loss by epoch over 3 epochs: training goes from 1 to 0.333, validation from 1 to 1.']
    """
    recorded = [name for name in history.history if not name.startswith("val_") and name != "learning_rate"]
    for name in names:
        if name not in history.history:
            raise ValueError(f"this history has no {name!r}, only {', '.join(history.history)}")
    if not history.epoch:
        raise ValueError("there is nothing to draw: the history has no epoch yet")
    return tuple(_curves(history, name) for name in names or recorded)


@styled
def _curves(history: History, name: str) -> Figure:
    title = name.replace("_", " ")
    kinds = {"training": (name, "blue", "-", "o"), "validation": (f"val_{name}", "orange", "--", "s")}
    curves = {kind: row for kind, row in kinds.items() if row[0] in history.history}
    ends = [f"{history[row[0]][0]:.3g} to {history[row[0]][-1]:.3g}" for row in curves.values()]
    alt = ", ".join(
        f"{kind} {'goes ' if i == 0 else ''}from {end}" for i, (kind, end) in enumerate(zip(curves, ends, strict=True))
    )
    figure, axes = canvas(360, 240, f"{title.capitalize()} by epoch over {len(history.epoch)} epochs: {alt}.")
    epochs = [epoch + 1 for epoch in history.epoch]
    for kind, (key, color, dash, marker) in curves.items():
        mark = marker if len(epochs) <= 30 else ""
        axes.plot(epochs, history[key], color=COLORS[color], linestyle=dash, marker=mark, label=kind, markersize=4)
    _finish(axes, title, len(curves) > 1)
    return figure


def _finish(axes: Axes, title: str, legend: bool) -> None:
    axes.set(xlabel="epoch", ylabel=title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if legend:
        axes.legend()
