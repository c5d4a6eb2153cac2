"""Widget of chapter 07: compose a schedule and see what it does to noisy descent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import anywidget
import traitlets

from course_lib.schedules import (
    Chain,
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    LinearDecay,
    LinearWarmup,
    PiecewiseConstantDecay,
    Triangular,
)
from course_lib.widgets import script
from course_lib.widgets.optimizers import CSS

Rate = Callable[[float], float]
# name: (first rate, pace) → schedule
BODIES: Mapping[str, Callable[[float, int], Rate]] = {
    "constant": lambda rate, pace: lambda step: rate,
    "linear to 1 %": LinearDecay,
    "exponential, half every P": lambda rate, pace: ExponentialDecay(rate, pace, 0.5),
    "steps, half every P": lambda rate, pace: ExponentialDecay(rate, pace, 0.5, staircase=True),
    "fractional, 1/(1 + k/P)": lambda rate, pace: InverseTimeDecay(rate, pace, 1.0),
    "piecewise, a fifth at P and 2P": lambda rate, pace: PiecewiseConstantDecay(
        [pace, 2 * pace], [rate, rate / 5, rate / 25]
    ),
    "triangular, half period P": lambda rate, pace: Triangular(rate / 100, rate, pace),
    "cosine": CosineDecay,
    "cosine with warm restarts": CosineDecayRestarts,
}


def compose(body: str, rate: float, pace: int, warmup: int, cooldown: int, steps: int) -> list[float]:
    """Return the rates of all steps: a ramp, the body, a straight line down to 0.

    Examples
    --------
    >>> [round(rate, 2) for rate in compose("constant", 1.0, 25, warmup=2, cooldown=2, steps=6)]
    [0.0, 0.5, 1.0, 1.0, 1.0, 0.5]
    """
    plan: Rate = BODIES[body](rate, pace)
    if warmup:
        plan = LinearWarmup(plan, warmup)
    if cooldown:
        last = steps - cooldown
        plan = Chain([plan, LinearDecay(plan(last), cooldown, final_fraction=0.0)], [last])
    return [plan(step) for step in range(steps)]


class ScheduleComposer(anywidget.AnyWidget):
    """Choose warm-up, body and cool-down; see the rates, and the exact error of noisy descent under them.

    Examples
    --------
    >>> ScheduleComposer().limits["fractional, 1/(1 + k/P)"]
    'Ση = ∞ and Ση² < ∞: both conditions hold'
    """

    _esm = script("schedule_composer")
    _css = CSS
    limits = traitlets.Dict().tag(sync=True)
    steps = traitlets.Int(1000).tag(sync=True)
    start = traitlets.Float(10.0).tag(sync=True)
    body = traitlets.Unicode("constant").tag(sync=True)
    rate = traitlets.Float(0.5).tag(sync=True)
    pace = traitlets.Int(250).tag(sync=True)
    warmup = traitlets.Int(0).tag(sync=True)
    cooldown = traitlets.Int(0).tag(sync=True)
    finite: ClassVar[tuple[str, ...]] = (
        "exponential, half every P",
        "steps, half every P",
        "cosine",
    )  # the sum of their rates stays finite

    def __init__(self, **state: Any) -> None:
        limits = dict.fromkeys(BODIES, "Ση = ∞, but Ση² = ∞ as well: it ends in a noise ball")
        limits |= dict.fromkeys(self.finite, "Ση² < ∞, but Ση < ∞ as well: it may stop short")
        limits["fractional, 1/(1 + k/P)"] = "Ση = ∞ and Ση² < ∞: both conditions hold"
        super().__init__(limits=limits, **state)

    def __repr__(self) -> str:
        return "ScheduleComposer()"
