"""Drawing a network that is no chain: boxes for its nodes, arrows for what they are computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from course_lib.figures.style import COLORS, canvas, styled

if TYPE_CHECKING:
    from course_lib.accelerated.graphs import GraphNetwork

HEIGHT, GAP, MARGIN = 46.0, 30.0, 8.0  # pixels: of a box, between two rows, around it
MOST = 5  # boxes side by side

Place = tuple[float, float]


@styled
def draw_architecture(network: GraphNetwork) -> Figure:
    """Draw a `GraphNetwork` from its inputs (top) to its outputs (bottom).

    Each box holds the node's name, its layer and the shape of its output. Nodes that share a layer have a frame of one
    colour and dash; the results have a double frame.

    Raises
    ------
    ValueError
        If more than five nodes would stand side by side.

    Examples
    --------
    >>> from course_lib.accelerated.graphs import Dense, GraphNetwork, concatenate
    >>> shared = Dense(4)
    >>> nodes = {"h1": (shared, "x1"), "h2": (shared, "x2"), "h": (concatenate, "h1", "h2")}
    >>> figure = draw_architecture(GraphNetwork({"x1": 3, "x2": 3}, nodes, ["h"]))
    >>> for words in figure.get_label().split(". ")[1].split("; "):
    ...     print(words)
    x1: input (3)
    x2: input (3)
    h1: Dense (4) from x1
    h2: Dense (4) from x2, sharing its layer with h1
    h: concatenate (8) from h1 and h2, an output.
    """
    rows = _rows(network)
    wide = max(map(len, rows))
    if wide > MOST:
        raise ValueError(f"{wide} nodes side by side cannot be read: draw a smaller part of the network")
    width = min(480.0, max(240.0, 130.0 * wide))
    height = len(rows) * HEIGHT + (len(rows) - 1) * GAP + 2 * MARGIN
    figure, axes = canvas(width, height, _words(network))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    places = {
        name: ((i + 0.5) * width / len(row), MARGIN + HEIGHT / 2 + r * (HEIGHT + GAP))
        for r, row in enumerate(rows)
        for i, name in enumerate(row)
    }
    rank = {name: r for r, row in enumerate(rows) for name in row}
    for name, parents in network.parents.items():
        for parent in parents:
            _arrow(axes, places[parent], places[name], rank[name] - rank[parent])
    for name, place in places.items():
        _box(axes, network, name, place, min(width / wide - 10, 150))
    return figure


def _rows(network: GraphNetwork) -> list[list[str]]:
    """Return the nodes by rank: inputs first, every other one row below the lowest of its parents."""
    rank = dict.fromkeys(network.input_shapes, 0)
    for name in network.order:
        rank[name] = 1 + max(rank[parent] for parent in network.parents[name])
    return [[name for name in rank if rank[name] == r] for r in range(max(rank.values()) + 1)]


def _shared(network: GraphNetwork) -> dict[str, list[str]]:
    """Return for each node that shares its layer all nodes that use it, in order."""
    users: dict[int, list[str]] = {}
    for name in network.order:
        if name in network.parts or id(network.callables[name]) in {id(part) for part in network.parts.values()}:
            users.setdefault(id(network.callables[name]), []).append(name)
    return {name: names for names in users.values() if len(names) > 1 for name in names}


def _arrow(axes: Axes, start: Place, end: Place, rows: int) -> None:
    """Draw an arrow from box to box; one that passes a row bends around it."""
    bend = "arc3" if rows == 1 else f"arc3,rad={0.25 if end[0] <= start[0] else -0.25}"
    axes.add_patch(
        FancyArrowPatch(
            (start[0], start[1] + HEIGHT / 2),
            (end[0], end[1] - HEIGHT / 2),
            connectionstyle=bend,
            arrowstyle="-|>",
            mutation_scale=10,
            color=COLORS["grey"],
            linewidth=1.2,
            shrinkA=0,
            shrinkB=0,
        )
    )


def _box(axes: Axes, network: GraphNetwork, name: str, place: Place, width: float) -> None:
    sharing = list(dict.fromkeys(tuple(names) for names in _shared(network).values()))
    group = next((i for i, names in enumerate(sharing) if name in names), None)
    color = "#000000" if group is None else list(COLORS.values())[group % 4]
    dash = "-" if group is None else ("--", ":", "-.")[group % 3]
    x, y = place[0] - width / 2, place[1] - HEIGHT / 2
    for inset in (0, 3) if name in network.outputs else (0,):
        axes.add_patch(
            Rectangle(
                (x + inset, y + inset), width - 2 * inset, HEIGHT - 2 * inset, fill=False, edgecolor=color,
                linestyle=dash, linewidth=1.5, zorder=2,
            )
        )  # fmt: skip
    kind = network.kinds.get(name, "input")
    shape = ", ".join(map(str, network.shapes[name]))
    axes.text(place[0], place[1] - 9, name, ha="center", va="center", fontsize=12, zorder=3)
    axes.text(place[0], place[1] + 9, f"{kind} ({shape})", ha="center", va="center", fontsize=10, zorder=3)


def _words(network: GraphNetwork) -> str:
    """Return the whole graph as a sentence a node, for those who cannot see it."""
    shared = _shared(network)
    said = [f"{name}: input ({', '.join(map(str, shape))})" for name, shape in network.input_shapes.items()]
    for name in network.order:
        shape = ", ".join(map(str, network.shapes[name]))
        words = f"{name}: {network.kinds[name]} ({shape}) from {' and '.join(network.parents[name])}"
        if name in shared and shared[name][0] != name:
            words += f", sharing its layer with {shared[name][0]}"
        said.append(words + (", an output" if name in network.outputs else ""))
    return f"A network of {len(said)} nodes, drawn from inputs to outputs. {'; '.join(said)}."
