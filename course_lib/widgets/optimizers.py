"""Widget of chapter 07: a race of optimizers over four surfaces."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from course_lib.figures.trajectories import SURFACES, Surface, best_rate, contour_lines
from course_lib.filters.table import TABLE
from course_lib.widgets import script, stylesheet

CSS = stylesheet() + (Path(__file__).parent / "js" / "optimizers.css").read_text("utf-8")
SADDLE_RATE = 0.01  # for all: down from a saddle the longest step would always win


class OptimizerRace(anywidget.AnyWidget):
    """Choose a surface, up to three optimizers and all their settings; drag the start; see the paths.

    Parameters
    ----------
    names : sequence of str
        The optimizers at the start, at most three, with the best of their rates.

    Examples
    --------
    >>> widget = OptimizerRace(["SGD", "Adam"])
    >>> [lane["name"] for lane in widget.lanes], len(widget.optimizers)
    (['SGD', 'Adam', 'none'], 12)
    """

    _esm = script("optimizer_race")
    _css = CSS
    surfaces = traitlets.Dict().tag(sync=True)
    optimizers = traitlets.List().tag(sync=True)
    surface = traitlets.Unicode("valley").tag(sync=True)
    lanes = traitlets.List().tag(sync=True)
    steps = traitlets.Int(60).tag(sync=True)
    x = traitlets.Float().tag(sync=True)
    y = traitlets.Float().tag(sync=True)

    def __init__(self, names: Sequence[str] = ("SGD", "Momentum", "Adam"), **state: Any) -> None:
        surfaces = {name: scene(name) for name in SURFACES}
        optimizers = [
            {
                "name": row.name,
                "settings": [
                    {"key": each.key, "symbol": each.symbol, "choices": each.choices, "value": each.default}
                    for each in row.settings
                ],
            }
            for row in TABLE
        ]
        start = surfaces[state.get("surface", "valley")]
        lanes = [
            {"name": row.name, "values": row.values(lr=start["rates"][row.name])}
            for name in names
            for row in TABLE
            if row.name == name
        ]
        lanes += [{"name": "none", "values": {}}] * (3 - len(lanes))
        x, y = start["start"]
        super().__init__(surfaces=surfaces, optimizers=optimizers, **{"lanes": lanes, "x": x, "y": y, **state})

    def __repr__(self) -> str:
        return "OptimizerRace()"


@cache
def scene(name: str) -> dict[str, Any]:
    """Return what the browser must know of a surface: its map, and the best rate of every optimizer.

    Examples
    --------
    >>> scene("valley")["start"], scene("valley")["rates"]["SGD"]
    ((-9.0, 1.6), 0.032)
    """
    surface = SURFACES[name]
    return {
        "formula": surface.formula,
        "window": surface.window,
        "start": surface.start,
        "minimum": surface.minimum,
        "ticks": _TICKS[name],
        "contours": contour_lines(surface, digits=2),
        "rates": {row.name: _start_rate(surface, row.name) for row in TABLE},
    }


_TICKS = {
    "saddle": ([-1, 0, 1], [-1, 0, 1]),
    "valley": ([-10, -5, 0], [-2, -1, 0, 1, 2]),
    "Beale": ([0, 1, 2, 3, 4], [-1, 0, 1]),
    "Rosenbrock": ([-1, 0, 1], [0, 1, 2]),
}


def _start_rate(surface: Surface, name: str) -> float:
    if surface.minimum is None:
        return SADDLE_RATE if name != "Adadelta" else 1.0
    return best_rate(surface, name, 100)
