"""The computation graph of a `Tensor`, drawn: each node's operation, value, gradient, place in the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from course_lib.reference.graph import Tensor, topological_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_graph"]

Place = tuple[float, float]
Key = tuple[int, int]  # (id of a node, column)
BOX = 78.0, 58.0  # pixels
GAP = 22.0


def draw_graph(tensor: Tensor) -> Figure:
    """Draw all that `tensor` was made from, inputs first, each node after its parents.

    Boxes are numbered in topological order: forward computes 1, 2, 3, …, backward goes through them from the
    last to the first. Up to five steps run from left to right, more from top to bottom.

    Parameters
    ----------
    tensor : Tensor
        The result; call its `backward` first if the gradients are to be seen.

    Returns
    -------
    Figure
        With an alternative text that lists every node; `course_lib.figures.show` puts it on the page.

    Raises
    ------
    ValueError
        If the graph is too large to be read as a picture (more than 40 nodes).

    Examples
    --------
    >>> x, y, z = Tensor(-2.0, "x"), Tensor(5.0, "y"), Tensor(-4.0, "z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> for words in draw_graph(f).get_label().split(". ")[1].split("; "):
    ...     print(words)
    1: x, value −2, gradient −4
    2: y, value 5, gradient −4
    3: +, value 3, gradient −4
    4: z, value −4, gradient 3
    5: ×, value −12, gradient 1.
    """
    from course_lib.figures.style import canvas, styled

    order = topological_order(tensor)
    if len(order) > 40:
        raise ValueError(f"a picture of {len(order)} nodes cannot be read: draw a smaller part of the graph")
    ranks = rank_nodes(order)
    places, (width, height) = lay_out(order, ranks)
    words = "; ".join(
        f"{i}: {title(t)}, value {short(t.data)}" + ("" if t.constant else f", gradient {short(t.grad)}")
        for i, t in enumerate(order, 1)
    )

    @styled
    def draw() -> Figure:
        alt = f"Computation graph of {len(order)} nodes in topological order. {words}."
        figure, axes = canvas(width, height, alt=alt)
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.axis("off")
        for number, node in enumerate(order, 1):
            for parent in {id(p): p for p in node.parents}.values():
                way = [places[id(parent), r] for r in range(ranks[id(parent)], ranks[id(node)])]
                _draw_arrow(axes, [*way, places[id(node), ranks[id(node)]]])
            _draw_node(axes, node, number, places[id(node), ranks[id(node)]])
        return figure

    return draw()


def lay_out(order: list[Tensor], ranks: dict[int, int]) -> tuple[dict[Key, Place], Place]:
    """Return the centre of each node's box and of each lane in pixels, and the size of the whole."""
    rows = place_in_rank(order, ranks)
    last, room = max(ranks.values()), max(rows.values()) + 1
    along, beside = (0, 1) if last <= 4 else (1, 0)
    step = BOX[along] + GAP, BOX[beside] + 12
    if beside == 0:
        step = step[0], min(step[1], 478 / room)
    places = {}
    for key, row in rows.items():
        at = (key[1] + 0.5) * step[0], (row + 0.5) * step[1]
        places[key] = (at[along], at[beside])
    size = (last + 1) * step[0], room * step[1]
    return places, (min(max(size[along], 120), 480), max(size[beside], 90))


def rank_nodes(order: list[Tensor]) -> dict[int, int]:
    """Return each node's column: one after its last parent; an input stands just before its first use."""
    ranks: dict[int, int] = {}
    for node in order:
        ranks[id(node)] = 1 + max((ranks[id(parent)] for parent in node.parents), default=-1)
    for node in order:
        if not node.parents:
            uses = [ranks[id(child)] for child in order if any(parent is node for parent in child.parents)]
            ranks[id(node)] = min(uses, default=1) - 1
    return ranks


def place_in_rank(order: list[Tensor], ranks: dict[int, int]) -> dict[Key, float]:
    """Return the row of each node in its column, and of each lane kept free for a long arrow.

    From the last column to the first, each wants to stand near the middle of what it points to.
    """
    users = {id(t): [child for child in order if any(p is t for p in child.parents)] for t in order}
    reach = {i: max([ranks[id(child)] for child in users[i]], default=0) for i in users}
    last = max(ranks.values())
    columns = [[i for i in users if ranks[i] == r or ranks[i] < r < reach[i]] for r in range(last + 1)]
    tallest = max(len(column) for column in columns)
    rows: dict[Key, float] = {}
    for rank in range(last, -1, -1):

        def wish(i: int, following: int = rank + 1) -> float:
            aims = [(i, following), *((id(child), following) for child in users[i])]
            met = [rows[aim] for aim in aims if aim in rows]
            return float(np.mean(met)) if met else (tallest - 1) / 2

        first = (tallest - len(columns[rank])) / 2
        rows.update({(i, rank): first + row for row, i in enumerate(sorted(columns[rank], key=wish))})
    return rows


def title(node: Tensor) -> str:
    """Return what stands on a node: its name, its operation, or "constant"."""
    parts = [part for part in (node.name, node.operation) if part]
    return " = ".join(parts) or ("constant" if node.constant else "input")


def short(values: np.ndarray) -> str:
    """Return a number with four digits, the shape of an array.

    >>> short(np.array(-1 / 3)), short(np.ones((2, 3)))
    ('−0.3333', '(2, 3)')
    """
    if values.size == 1:
        return f"{values.item():.4g}".replace("-", "−")
    return str(values.shape)


def _draw_node(axes: Axes, node: Tensor, number: int, at: Place) -> None:
    from matplotlib.patches import FancyBboxPatch

    from course_lib.figures.style import COLORS

    corner = at[0] - BOX[0] / 2, at[1] - BOX[1] / 2
    shape = "round,pad=0,rounding_size=6"
    edge = COLORS["grey"] if node.parents else COLORS["green"]
    axes.add_patch(FancyBboxPatch(corner, *BOX, boxstyle=shape, facecolor="none", edgecolor=edge, linewidth=1.2))
    axes.text(at[0], at[1] - 17, f"{number}: {title(node)}", ha="center", va="center", fontsize=11)
    axes.text(at[0], at[1] + 2, short(node.data), ha="center", va="center", fontsize=11, color=COLORS["blue"])
    if not node.constant:
        text = f"∂ {short(node.grad)}"
        axes.text(at[0], at[1] + 19, text, ha="center", va="center", fontsize=11, color=COLORS["orange"])


def _draw_arrow(axes: Axes, way: list[Place]) -> None:
    from course_lib.figures.style import COLORS

    points = np.array(way)
    points[0] += to_border(points[1] - points[0])
    points[-1] += to_border(points[-2] - points[-1])
    axes.plot(*points[:-1].T, color=COLORS["grey"], linewidth=1)
    arrow = {"arrowstyle": "-|>", "color": COLORS["grey"], "shrinkA": 0, "shrinkB": 1}
    axes.annotate("", xy=tuple(points[-1]), xytext=tuple(points[-2]), arrowprops=arrow)


def to_border(direction: np.ndarray) -> np.ndarray:
    """Return the way from the centre of a box to its border in that direction."""
    return direction / np.abs(direction / (np.array(BOX) / 2)).max()
