"""Widgets of chapter 06: contours and the ball of a penalty; masks of dropout; a drifting batch, normalized."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from course_lib.reference.regularizers import soft_threshold
from course_lib.widgets import browser, script, stylesheet

Array = NDArray[np.floating]

PENALTIES: Mapping[str, tuple[float, float]] = {"L2 (ridge)": (0.0, 1.0), "L1 (lasso)": (1.0, 0.0), "both": (0.5, 0.5)}
VALLEYS: Mapping[str, tuple[ArrayLike, ArrayLike]] = {
    "steep in w₂": ([[0.6, 0.0], [0.0, 3.0]], [2.0, 1.0]),
    "round": ([[1.2, 0.0], [0.0, 1.2]], [2.0, 0.8]),
    "tilted": ([[1.6, 1.1], [1.1, 1.6]], [2.0, 0.6]),
}


class PenaltyBall(anywidget.AnyWidget):
    """Contours of a loss over two weights, a penalty and its strength λ: where the sum is smallest.

    Examples
    --------
    >>> widget = PenaltyBall()
    >>> len(widget.strengths), widget.best["round"]["L1 (lasso)"][-1]
    (61, [0.0, 0.0])
    """

    _esm = script("penalty_ball")
    _css = stylesheet()
    valleys = traitlets.Dict().tag(sync=True)
    penalties = traitlets.Dict().tag(sync=True)
    strengths = traitlets.List().tag(sync=True)
    best = traitlets.Dict().tag(sync=True)
    valley = traitlets.Unicode("steep in w₂").tag(sync=True)
    penalty = traitlets.Unicode("L2 (ridge)").tag(sync=True)
    choice = traitlets.Int(10).tag(sync=True)

    def __init__(self, **state: Any) -> None:
        strengths = np.round(np.arange(61) * 0.05, 2)
        best = {
            valley: {
                name: [np.round(least(H, center, l1 * lam, l2 * lam), 4).tolist() for lam in strengths]
                for name, (l1, l2) in PENALTIES.items()
            }
            for valley, (H, center) in VALLEYS.items()
        }
        valleys = {name: {"H": H, "center": center} for name, (H, center) in VALLEYS.items()}
        super().__init__(valleys=valleys, penalties=dict(PENALTIES), strengths=strengths.tolist(), best=best, **state)

    def __repr__(self) -> str:
        return "PenaltyBall()"


def least(H: ArrayLike, center: ArrayLike, l1: float, l2: float, rounds: int = 100) -> Array:
    """Return the w that minimizes ½ (w − center)ᵀ H (w − center) + l1 Σ|w| + l2 Σw², one weight after the other.

    With all weights but one fixed the minimum is a soft threshold (Friedman et al. 2007); H is positive definite.

    Examples
    --------
    >>> least([[2.0, 0.0], [0.0, 1.0]], [3.0, 0.5], l1=1.0, l2=0.0)
    array([2.5, 0. ])
    >>> least([[2.0]], [3.0], l1=0.0, l2=1.0)  # shrunk by H / (H + 2 l2)
    array([1.5])
    """
    H, center = np.asarray(H, float), np.asarray(center, float)
    w = center.copy()
    for _ in range(rounds):
        for j in range(len(w)):
            pull = H[j] @ (center - w) + H[j, j] * w[j]
            w[j] = soft_threshold(pull, l1) / (H[j, j] + 2 * l2)
    return w + 0.0


class DropoutMasks(anywidget.AnyWidget):
    """A layer of 100 outputs under dropout: draw masks, watch the sum and its mean.

    Examples
    --------
    >>> DropoutMasks(rate=0.5, form="classic").rate
    0.5
    """

    _esm = script("random", "dropout_masks")
    _css = stylesheet()
    rate = traitlets.Float(0.2).tag(sync=True)
    form = traitlets.Unicode("inverted").tag(sync=True)
    seed = traitlets.Int(1).tag(sync=True)
    drawn = traitlets.Int(1).tag(sync=True)

    def __repr__(self) -> str:
        return "DropoutMasks()"


def sums_of_masks(rate: float, inverted: bool, drawn: int, seed: int = 1, outputs: int = 100) -> Array:
    """Return the sum of ``outputs`` outputs of one under each of ``drawn`` masks, as the widget draws them.

    Examples
    --------
    >>> sums_of_masks(0.2, True, 3)
    array([96.25, 96.25, 93.75])
    """
    kept = browser.uniform(seed, drawn * outputs).reshape(drawn, outputs) >= rate
    return kept.sum(axis=1) * (1 / (1 - rate) if inverted else 1.0)


DRIFTS: Mapping[str, tuple[ArrayLike, ArrayLike]] = {
    "none": ([0.0] * 60, [1.0] * 60),
    "slow": (np.linspace(0, 6, 60), np.linspace(1, 2.5, 60)),
    "a jump": ([0.0] * 30 + [5.0] * 30, [1.0] * 30 + [2.0] * 30),
}


class DriftingBatch(anywidget.AnyWidget):
    """One feature over 60 batches whose mean and spread drift: batch statistics, running statistics, both outputs.

    Examples
    --------
    >>> len(DriftingBatch().batches["slow"]), len(DriftingBatch().batches["slow"][0])
    (60, 16)
    """

    _esm = script("drifting_batch")
    _css = stylesheet()
    batches = traitlets.Dict().tag(sync=True)
    drift = traitlets.Unicode("slow").tag(sync=True)
    step = traitlets.Int(20).tag(sync=True)
    momentum = traitlets.Float(0.1).tag(sync=True)
    gamma = traitlets.Float(1.0).tag(sync=True)
    beta = traitlets.Float(0.0).tag(sync=True)

    def __init__(self, **state: Any) -> None:
        noise = np.random.default_rng(0).normal(size=(60, 16))
        batches = {
            name: np.round(np.asarray(mean)[:, None] + np.asarray(std)[:, None] * noise, 3).tolist()
            for name, (mean, std) in DRIFTS.items()
        }
        super().__init__(batches=batches, **state)

    def __repr__(self) -> str:
        return "DriftingBatch()"
