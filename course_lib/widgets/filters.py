"""Widgets of chapter 07: a first-order filter whose pole can be dragged; the weights of the past in an average."""

from __future__ import annotations

from typing import Any

import anywidget
import numpy as np
import traitlets

from course_lib.figures.filters import noisy_cosine
from course_lib.widgets import script
from course_lib.widgets.optimizers import CSS


class FilterView(anywidget.AnyWidget):
    """Drag the pole of a filter: step response, frequency response, a noisy gradient before and after.

    Examples
    --------
    >>> widget = FilterView()
    >>> len(widget.noisy), widget.pole
    (120, 0.9)
    """

    _esm = script("filter_view")
    _css = CSS
    noisy = traitlets.List().tag(sync=True)
    clean = traitlets.List().tag(sync=True)
    kind = traitlets.Unicode("unit DC gain (Adam, RMSprop)").tag(sync=True)
    pole = traitlets.Float(0.9).tag(sync=True)

    def __init__(self, **state: Any) -> None:
        clean, noisy = (np.round(values, 4).tolist() for values in noisy_cosine())
        super().__init__(clean=clean, noisy=noisy, **state)

    def __repr__(self) -> str:
        return "FilterView()"


class PastWeights(anywidget.AnyWidget):
    """Choose memory, step and start of a moving average: see the weight of every value.

    Examples
    --------
    >>> len(PastWeights().values)
    60
    """

    _esm = script("past_weights")
    _css = CSS
    values = traitlets.List().tag(sync=True)
    start = traitlets.Unicode("from zero").tag(sync=True)
    alpha = traitlets.Float(0.9).tag(sync=True)
    step = traitlets.Int(10).tag(sync=True)

    def __init__(self, seed: int = 1, **state: Any) -> None:
        values = 1 + 0.4 * np.random.default_rng(seed).normal(size=60)
        super().__init__(values=np.round(values, 3).tolist(), **state)

    def __repr__(self) -> str:
        return "PastWeights()"
