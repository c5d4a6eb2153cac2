"""The figures of the class report: SVG that follows the page's colour scheme, each with an alternative text."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from autograder.analysis import quartiles
from course_lib.figures.style import COLORS, canvas, styled

Array = NDArray[np.float64]
WIDTH = 440


@styled
def distribution(totals: Array, most: float) -> Figure:
    """Histogram of total points with median and quartiles, for at least one student."""
    edges = bin_edges(most, len(totals))
    counts, _ = np.histogram(totals, edges)
    found = quartiles(totals)
    assert found
    lower, middle, upper = found
    figure, axes = canvas(WIDTH, 250, alt=_distribution_alt(counts, edges, found))
    axes.bar(edges[:-1], counts, np.diff(edges) * 0.94, align="edge", color=COLORS["blue"])
    top = max(1, counts.max()) * 1.25
    axes.axvspan(lower, upper, color=COLORS["grey"], alpha=0.25, linewidth=0, zorder=0)
    axes.axvline(middle, color=COLORS["orange"], linestyle="--")
    axes.set_ylim(0, top)
    side, gap = ("right", -6) if middle > most / 2 else ("left", 6)
    axes.annotate(f"median {middle:.4g}", (middle, top), (gap, -4), textcoords="offset points", ha=side, va="top",
                  color=COLORS["orange"])  # fmt: skip
    axes.set(xlabel=f"points, of {most:g}", ylabel="students", xlim=(edges[0], edges[-1]))
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    return figure


def bin_edges(most: float, students: int) -> Array:
    """Return edges of bins of a round width that reach from 0 to `most` or a little more.

    About ``2·∛n`` bins (Rice's rule), about 8 at least and 20 at most: the round width nearest to that.

    Examples
    --------
    >>> bin_edges(35, 24).tolist()
    [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0]
    >>> bin_edges(9, 24).tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    """
    most = most if most > 0 else 1.0
    rough = most / min(20, max(8, math.ceil(2 * students ** (1 / 3))))
    power = 10.0 ** math.floor(math.log10(rough))
    width = min((step * power for step in (1, 2, 2.5, 5, 10)), key=lambda width: abs(math.log(width / rough)))
    return width * np.arange(math.ceil(most / width - 1e-9) + 1, dtype=np.float64)


def _distribution_alt(counts: NDArray[np.int_], edges: Array, found: tuple[float, float, float]) -> str:
    bars = ", ".join(f"{count} from {edges[i]:g} to {edges[i + 1]:g}" for i, count in enumerate(counts) if count)
    lower, middle, upper = found
    return (
        f"Histogram of points: number of students {bars}. The median is {middle:.4g}; the middle half of the class is "
        f"between {lower:.4g} and {upper:.4g}."
    )


@styled
def outcomes(questions: tuple[str, ...], shares: Array) -> Figure:
    """Stacked bars: for each question the share of students with all, some or none of its points."""
    n = len(shares)
    full = (shares >= 1 - 1e-9).sum(axis=0) / n
    none = (shares <= 1e-9).sum(axis=0) / n
    words = [
        f"{name}: {100 * a:.0f} % all, {100 * c:.0f} % none" for name, a, c in zip(questions, full, none, strict=True)
    ]
    alt = "Stacked bars, a question each: share of students with all, some and none of its points. " + "; ".join(words)
    figure, axes = canvas(WIDTH, 80 + 30 * len(questions), alt=alt + ".")
    places = np.arange(len(questions))
    left = np.zeros(len(questions))
    for label, part, color, hatch in (
        ("all points", full, "blue", ""),
        ("some", 1 - full - none, "grey", "///"),
        ("none", none, "orange", ""),
    ):
        bars = axes.barh(places, 100 * part, 0.66, left=100 * left, label=label, hatch=hatch, color=COLORS[color])
        for bar in () if label == "all points" else bars:
            bar.set(facecolor="none", edgecolor=COLORS[color], linewidth=1.0 if bar.get_width() else 0.0)
        left += part
    axes.set_yticks(places, [name if len(name) <= 22 else name[:21] + "…" for name in questions])
    axes.set(xlabel="% of students", xlim=(0, 100), ylim=(len(questions) - 0.5, -0.5))
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=3)
    return figure
