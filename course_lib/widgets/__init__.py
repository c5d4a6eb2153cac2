"""Widgets of the book: they work on a static page without a kernel, and live in JupyterLab.

A widget is an `anywidget` with three parts: a Python class that computes every curve and holds the state as synced
traits, one JavaScript file in ``js/`` that draws what it is given, and the shared helpers ``js/plot.js`` and
``js/widget.css``. Inputs are real ``<input>``, ``<select>`` and ``<button>`` elements with labels, so mouse, touch,
keyboard and screen readers work alike; pictures are labelled SVG; colours are those of `course_lib.figures.style`.
"""

from __future__ import annotations

from pathlib import Path

from course_lib.figures.style import css_variables

_FOLDER = Path(__file__).parent / "js"


def script(*names: str) -> str:
    """JavaScript module of a widget: the shared helpers, then the files of these names, its own last."""
    return "\n".join((_FOLDER / f"{name}.js").read_text("utf-8") for name in ("plot", *names))


def stylesheet() -> str:
    """CSS that all widgets share, with the palette of the figures."""
    return css_variables(".descent-widget") + (_FOLDER / "widget.css").read_text("utf-8")
