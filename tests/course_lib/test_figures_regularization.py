"""Figures, widgets and the record of chapter 06. Oracles: SciPy, scikit-learn, PyTorch, closed forms."""

import importlib
import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import torch
from sklearn.linear_model import ElasticNet, Ridge

from course_lib.figures import fitting, regularization
from course_lib.reference.layers import BatchNormalization, Dropout
from course_lib.widgets import browser
from course_lib.widgets.regularization import (
    DRIFTS,
    PENALTIES,
    VALLEYS,
    DriftingBatch,
    DropoutMasks,
    PenaltyBall,
    least,
    sums_of_masks,
)

STUDIES = Path(__file__).parents[2] / "book" / "studies"
RNG = np.random.default_rng(0)
GRID = np.linspace(-1, 1, 21)
ROUND = VALLEYS["round"]
FIGURES = {
    "fits_by_capacity": fitting.fits_by_capacity((GRID[::4], GRID[::4]), GRID, GRID, {"degree 1": GRID + 0.1}),
    "errors_by_capacity": (fitting.errors_by_capacity([1, 2, 3], {"new": [0.3, 0.1, 0.5]}, "degree", "error"),),
    "learning_curves": fitting.learning_curves({"L2": ([0.9, 0.5, 0.3], [0.8, 0.6, 0.7])}),
    "early_stop": (fitting.early_stop([0.9, 0.5, 0.6, 0.7], 1, 3, [1.0, 0.6, 0.4, 0.3]),),
    "gaps": (fitting.gaps({"none": ([0.1, 0.2], [0.5, 0.4]), "L2": ([0.3, 0.3], [0.3, 0.4])}, "cross-entropy"),),
    "balls": regularization.balls(*ROUND, {"L2": (least(*ROUND, 0, 0.6), 2), "L1": (least(*ROUND, 1.2, 0), 1)}),
    "paths": regularization.paths([0.01, 0.1, 1.0], {"L1": np.array([[1.0, 0.5], [0.5, 0.1], [0.2, 0.0]])}, 1),
    "priors": regularization.priors(),
    "weight_histograms": regularization.weight_histograms([-0.1, -0.02, 0.02, 0.1], {"L2": [1, 8, 1]}),
    "steps_by_rate": (regularization.steps_by_rate([0.1, 1.0], {"with": [0.5, 0.1], "without": [2.3, 2.3]}, "loss"),),
}


def label(name: str, panel: int = 0) -> str:
    return str(FIGURES[name][panel].get_label())


def test_figures_say_what_they_show() -> None:
    assert "new least at 2, 0.1" in label("errors_by_capacity")
    assert "validation at 0.700, after its best, 0.600 in epoch 2" in label("learning_curves")
    assert "least in epoch 1 with 0.500; the run was stopped after epoch 3, at 0.700" in label("early_stop")
    assert "none 0.150 and 0.450; L2 0.300 and 0.350" in label("gaps")
    assert "at the end 1 of them are exactly zero" in label("paths")
    assert "share in the middle bins 80%" in label("weight_histograms")


def test_ball_goes_through_the_best_point() -> None:
    for figure, power in zip(FIGURES["balls"], (2, 1), strict=True):
        ball, _, dot = figure.axes[0].lines[:3]
        radius = np.linalg.norm(np.column_stack(ball.get_data()), power, axis=1)
        np.testing.assert_allclose(radius, np.linalg.norm(np.concatenate(dot.get_data()), power), rtol=1e-12)


# Contours and the ball


@pytest.mark.parametrize("valley", VALLEYS)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("lam", [0.0, 0.35, 1.2, 3.0])
def test_best_points_cost_what_scipy_finds(valley: str, penalty: str, lam: float) -> None:
    H, center = (np.asarray(part, float) for part in VALLEYS[valley])
    l1, l2 = (lam * each for each in PENALTIES[penalty])

    def cost(parts: Any) -> float:  # w as a difference of two positive parts makes the problem smooth
        w = parts[:2] - parts[2:]
        return 0.5 * (w - center) @ H @ (w - center) + l1 * parts.sum() + l2 * w @ w

    start = np.concatenate([np.maximum(center, 0), np.maximum(-center, 0)])
    found = scipy.optimize.minimize(cost, start, bounds=[(0, None)] * 4, options={"ftol": 1e-15, "gtol": 1e-10})
    w = least(H, center, l1, l2)
    assert cost(np.concatenate([np.maximum(w, 0), np.maximum(-w, 0)])) == pytest.approx(found.fun, abs=1e-8)


def test_best_weights_are_those_of_scikit_learn() -> None:
    X, n = RNG.normal(size=(40, 6)), 40
    y = X @ np.array([2.0, -1, 0.5, 0, 0, 0]) + RNG.normal(size=40)
    H = X.T @ X / n
    center = np.linalg.solve(H, X.T @ y / n)
    net = ElasticNet(alpha=0.4, l1_ratio=0.5, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(X, y)
    np.testing.assert_allclose(least(H, center, 0.2, 0.1, 500), net.coef_, atol=1e-8)
    ridge = Ridge(alpha=2 * 0.3 * n, fit_intercept=False).fit(X, y)
    np.testing.assert_allclose(least(H, center, 0, 0.3, 500), ridge.coef_, rtol=1e-9)


def test_widget_tells_the_story_of_the_text() -> None:
    widget = PenaltyBall()
    lam = np.array(widget.strengths)

    def first_zero(valley: str, penalty: str, weight: int) -> float:
        rows = np.array(widget.best[valley][penalty])
        return float(lam[np.argmax(rows[:, weight] == 0)]) if np.any(rows[:, weight] == 0) else math.inf

    assert first_zero("steep in w₂", "L1 (lasso)", 0) < first_zero("steep in w₂", "L1 (lasso)", 1)
    assert first_zero("round", "L1 (lasso)", 1) == pytest.approx(0.96, abs=0.05)
    assert first_zero("round", "L1 (lasso)", 0) == pytest.approx(2.4, abs=0.05)
    assert first_zero("round", "L2 (ridge)", 1) == math.inf
    assert first_zero("tilted", "L1 (lasso)", 1) == pytest.approx(1.62, abs=0.05)
    shared = np.array(widget.best["tilted"]["L2 (ridge)"])[:, 1]
    assert shared[2] > shared[0]  # the smaller weight grows at first


# Masks


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.8])
def test_sums_keep_their_mean_under_inverted_dropout(rate: float) -> None:
    sums = sums_of_masks(rate, True, 2000)
    spread = 10 * math.sqrt(rate / (1 - rate))
    assert sums.mean() == pytest.approx(100, abs=5 * spread / math.sqrt(2000))
    assert sums.std() == pytest.approx(spread, rel=0.1)
    np.testing.assert_allclose(sums_of_masks(rate, False, 2000), (1 - rate) * sums, rtol=1e-12)


def test_layer_and_widget_agree_on_what_a_kept_output_becomes() -> None:
    layer = Dropout(0.2)
    layer.build((100,), seed=0)
    kept = layer.forward(np.ones((1, 100)), training=True)
    unit = sums_of_masks(0.2, True, 1)[0] / np.count_nonzero(browser.uniform(1, 100) >= 0.2)
    assert kept.max() == pytest.approx(unit)


# A drifting batch


@pytest.mark.parametrize("drift", DRIFTS)
def test_running_statistics_lag_as_the_text_says(drift: str) -> None:
    batches = np.array(DriftingBatch().batches[drift])
    layer, theirs = BatchNormalization(), torch.nn.BatchNorm1d(1, dtype=torch.float64)
    layer.build((1,))
    for x in batches:
        layer.forward(x[:, None], training=True)
        theirs(torch.tensor(x[:, None]))
    np.testing.assert_allclose(layer.running_mean, theirs.running_mean.numpy(), rtol=1e-12)
    lag = batches[-1].mean() - layer.running_mean[0]
    expected = {"none": 0, "slow": 0.9, "a jump": 5 * 0.9**30}[drift]
    assert lag == pytest.approx(expected, abs=1.0)  # means of 16 numbers scatter by half a unit and more


def test_widgets_read_as_names() -> None:
    assert [repr(widget()) for widget in (PenaltyBall, DropoutMasks, DriftingBatch)] == [
        "PenaltyBall()",
        "DropoutMasks()",
        "DriftingBatch()",
    ]


# The record


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("regularization")


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    return json.loads((STUDIES / "records" / "regularization.json").read_text("utf-8"))


def test_record_says_where_it_comes_from(record: dict[str, Any]) -> None:
    assert set(record["provenance"]) == {"versions", "data_sha256", "machine", "date", "seeds", "seconds"}


def test_record_holds_every_run_of_the_study(record: dict[str, Any], study: ModuleType) -> None:
    runs = record["result"]["runs"]
    assert list(runs) == [study.key(row, seed) for seed in study.SEEDS for row in study.SETTINGS]
    for name, run in runs.items():
        assert study.key({part: run[part] for part in study.SETTINGS[0]}, run["seed"]) == name
        assert {len(curve) for curve in run["curves"].values()} == {run["epochs"]}
        assert sum(run["histogram"]) == 784 * run["width"]


def test_networks_of_the_record_have_the_slides_size(record: dict[str, Any], study: ModuleType) -> None:
    run = record["result"]["runs"][study.key(study.setting(), 0)]
    assert run["parameters"] == study.network_for(study.setting(), 0).parameters.size == 101_770


def test_losses_of_the_record_are_told_without_their_penalty(record: dict[str, Any], study: ModuleType) -> None:
    for run in record["result"]["runs"].values():
        curves = run["curves"]
        assert run["validation"][0] == pytest.approx(curves["val_loss"][-1] - curves["penalty"][-1], abs=2e-4)
        assert run["validation"][1] == pytest.approx(curves["val_accuracy"][-1], abs=2e-4)


def test_penalty_is_lambda_times_the_squared_length(record: dict[str, Any], study: ModuleType) -> None:
    for row in (study.setting(l2=1e-4), study.setting(l2=1e-3)):
        curves = record["result"]["runs"][study.key(row, 0)]["curves"]
        squares = np.array(curves["weights"]) * row["l2"]
        assert np.all(np.array(curves["penalty"]) >= squares * 0.999)  # the biases are in it, too
        assert np.all(np.array(curves["penalty"]) <= squares * 1.25)
