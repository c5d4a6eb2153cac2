"""Figures, widgets and records of chapter 05. Oracles: PyTorch's autograd, SciPy, closed forms."""

import importlib
import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch

from course_lib.figures import initialization, starts
from course_lib.reference.initializers import get_initializer
from course_lib.widgets import browser
from course_lib.widgets.initialization import (
    ACTIVATIONS,
    STARTS,
    SymmetryBreaking,
    VarianceByLayer,
    different,
    disc_and_ring,
    train_units,
    variances_by_layer,
)

STUDIES = Path(__file__).parents[2] / "book" / "studies"
RNG = np.random.default_rng(0)
OUTPUTS = {"small": {1: RNG.normal(0, 0.3, 500), 10: RNG.normal(0, 0.01, 500)}}
RANDOM = RNG.normal(size=(4, 4))
RUNS = {"He normal": [[2.4, 1.0, 0.5], [2.4, 1.2, 0.7], [2.4, 0.9, 0.3]], "zeros": [[2.3, 2.3, 2.3]] * 3}
WEIGHTS = {
    "zeros": {"std": [0.0, 0.0], "before": {"counts": [0, 9, 0], "edges": [-1, -0.3, 0.3, 1]},
              "after": {"counts": [0, 9, 0], "edges": [-1, -0.3, 0.3, 1]}},
    "He": {"std": [0.1, 0.2], "before": {"counts": [1, 7, 1], "edges": [-0.3, -0.1, 0.1, 0.3]},
           "after": {"counts": [2, 5, 2], "edges": [-0.6, -0.2, 0.2, 0.6]}},
}  # fmt: skip
FIGURES = {
    "units_over_steps": initialization.units_over_steps(
        {"equal": np.tile(np.linspace(0, 1, 5)[:, None], 3), "random": RNG.normal(size=(5, 3))}
    ),
    "by_layer": (initialization.by_layer({"a": [1.0, 0.1, 1e-30], "b": [1.0, 2.0, 4.0]}, "spread", lowest=1e-9),),
    "output_histograms": initialization.output_histograms(OUTPUTS),
    "law_of_sums": (initialization.law_of_sums([1, 4], {"zero": [1.0, 1.0], "relu": [1.5, 1.4]}),),
    "densities": initialization.densities({"normal": RNG.normal(0, 0.1, 2000)}, std=0.1),
    "hinton": initialization.hinton({"identity": np.eye(4), "zeros": np.zeros((2, 3)), "random": RANDOM}),
    "singular_values": (initialization.singular_values({"normal": [2.0, 1e-8], "orthogonal": [1.0, 1.0]}, "of 50"),),
    "loss_curves": (starts.loss_curves(RUNS, title="digits", highest=3),),
    "before_and_after": starts.before_and_after(WEIGHTS),
}  # fmt: skip


def label(name: str, panel: int = 0) -> str:
    return str(FIGURES[name][panel].get_label())


def test_figures_say_what_they_show() -> None:
    assert "all on one curve at the end" in label("units_over_steps")
    assert "on 3 different curves at the end" in label("units_over_steps", 1)
    assert "a 1 in the first, 1e−30 in the last" in label("by_layer")
    assert "zeros 2.30 to 2.30" in label("loss_curves") and "He normal 2.40 to 0.50" in label("loss_curves")
    assert "before training, standard deviation 0.1, and after it, 0.2" in label("before_and_after", 1)


def test_sizes_below_the_axis_are_cut_and_zeros_left_out() -> None:
    axes = initialization.by_layer({"a": [1.0, 1e-30, 0.0]}, "spread", lowest=1e-9).axes[0]
    assert axes.get_ylim()[0] == pytest.approx(1e-9)
    assert np.isnan(axes.lines[0].get_ydata()[2])


def test_areas_of_squares_are_proportional_to_weights_and_minus_is_hollow() -> None:
    W = np.array([[1.0, -0.25]])
    (figure,) = initialization.hinton({"two": W})
    full, hollow = figure.axes[0].patches
    assert hollow.get_width() ** 2 / full.get_width() ** 2 == pytest.approx(0.25)
    assert full.get_facecolor()[3] == 1 and hollow.get_facecolor()[3] == 0


def test_bands_reach_from_the_lowest_to_the_highest_run() -> None:
    band = FIGURES["loss_curves"][0].axes[0].patches[0].get_xy()
    assert band[:, 1].min() == pytest.approx(0.3) and band[:, 1].max() == pytest.approx(2.4)


# The widget that draws and multiplies in the browser


def test_numbers_of_the_browser_are_standard_normal_and_repeat() -> None:
    draws = browser.normal(7, 40_001)
    assert scipy.stats.kstest(draws, scipy.stats.norm.cdf).pvalue > 1e-3
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.02
    np.testing.assert_array_equal(browser.normal(7, 10), draws[:10])
    assert not np.allclose(browser.normal(8, 10), draws[:10])


TORCH = {
    "linear": lambda s: s,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "leaky_relu": lambda s: torch.nn.functional.leaky_relu(s, 0.1),
    "selu": torch.nn.functional.selu,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("scale", [0.7, 1.4])
def test_variances_match_torch_autograd(name: str, scale: float) -> None:
    depth, width, batch = 6, 10, 8
    study = variances_by_layer(name, scale, depth, seed=3, width=width, batch=batch)
    normal = torch.from_numpy(browser.normal(3, 2 * batch * width + depth * width * width))
    a, G = normal[: 2 * batch * width].reshape(2, batch, width)
    a = a.clone().requires_grad_()
    forward, kept = [], []
    for W in normal[2 * batch * width :].reshape(depth, width, width):
        s = a @ W * scale / math.sqrt(width)
        s.retain_grad()
        kept.append(s)
        a = TORCH[name](s)
        forward.append(float(a.detach().var(correction=0)))
    a.backward(G)
    np.testing.assert_allclose(study["forward"], forward, rtol=1e-10)
    np.testing.assert_allclose(study["backward"], [float((s.grad**2).mean()) for s in kept], rtol=1e-10)


def test_he_keeps_what_glorot_halves_for_a_relu() -> None:
    depth = 50
    he, glorot = (np.array(variances_by_layer("relu", k, depth)["forward"]) for k in (math.sqrt(2), 1.0))
    assert 0.1 < he[-1] / he[0] < 10
    np.testing.assert_allclose(glorot / he, 2.0 ** -np.arange(1, depth + 1), rtol=1e-9)


def test_variance_widget_offers_what_python_can_check() -> None:
    widget = VarianceByLayer()
    assert widget.activations == list(ACTIVATIONS) == list(TORCH)
    assert repr(widget) == "VarianceByLayer()"


# The widget of six units


def test_training_of_the_six_units_matches_torch_autograd() -> None:
    X, y = (torch.from_numpy(part) for part in disc_and_ring())
    rng = np.random.default_rng(1)
    W = torch.tensor(0.5 + 0.1 * rng.normal(size=(2, 6)), requires_grad=True)
    v = torch.tensor(0.5 + 0.1 * rng.normal(size=6), requires_grad=True)
    b = torch.zeros(6, dtype=torch.float64, requires_grad=True)
    c = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer, losses = torch.optim.SGD([W, v, b, c], lr=0.5), []
    for _ in range(61):
        optimizer.zero_grad()
        s = torch.tanh(X @ W + b) @ v + c
        loss = torch.nn.functional.binary_cross_entropy_with_logits(s, y)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    told = train_units(0.5, 0.1, [0, 20, 60])
    np.testing.assert_allclose(told["loss"], np.array(losses)[[0, 20, 60]], atol=5.1e-4)  # three digits are kept


def test_equal_units_stay_equal_and_noise_frees_them() -> None:
    studies = SymmetryBreaking().studies
    assert list(studies) == list(STARTS)
    for name in ("all zeros", "all equal"):
        assert set(studies[name]["places"]) == {1}
    assert studies["all zeros"]["loss"][-1] == pytest.approx(math.log(2), abs=5e-4)
    assert studies["all zeros"]["accuracy"][-1] == 0.5 and studies["all equal"]["accuracy"][-1] < 0.8
    falls = []
    for noise in ("equal, noise 0.1", "equal, noise 10⁻³", "equal, noise 10⁻⁶"):
        study = studies[noise]
        assert study["places"][-1] == 6 and study["accuracy"][-1] == 1 and study["loss"][-1] < 0.05
        falls.append(next(i for i, loss in enumerate(study["loss"]) if loss < 0.3))
    assert falls[0] < falls[1] < falls[2]


def test_units_are_counted_as_different_beyond_the_limit() -> None:
    rows = np.array([[0.0, 0.0], [0.0, 0.009], [0.0, 0.02], [1.0, 0.0]])
    assert different(rows) == 3
    assert repr(SymmetryBreaking()) == "SymmetryBreaking()"


# Records


@pytest.fixture
def studies(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(STUDIES))
    return importlib.import_module("initialization")


def record(name: str) -> dict[str, Any]:
    return json.loads((STUDIES / "records" / f"initialization-{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", ["deep", "mnist"])
def test_record_says_where_it_comes_from(name: str) -> None:
    assert set(record(name)["provenance"]) == {"versions", "data_sha256", "machine", "date", "seeds", "seconds"}


def test_deep_record_is_of_the_digits_of_today(studies: ModuleType) -> None:
    from provenance import provenance  # beside the studies

    train, test = studies.split_digits()
    today = provenance((*train, *test), studies.SEEDS, 0.0)
    assert record("deep")["provenance"]["data_sha256"] == today["data_sha256"]


def test_records_hold_every_run_of_the_studies(studies: ModuleType) -> None:
    deep, shallow = (record(name)["result"] for name in ("deep", "mnist"))
    assert {kind: list(rows) for kind, rows in deep["runs"].items()} == {k: list(v) for k, v in studies.DEEP.items()}
    assert list(shallow["runs"]) == list(studies.SHALLOW)
    for rows in (*deep["runs"].values(), shallow["runs"]):
        for row in rows.values():
            assert [len(run["loss"]) for run in row["runs"]] == [1 + (30 if "rate" in row else 10)] * 3


def test_first_losses_of_the_record_are_made_again(studies: ModuleType) -> None:
    _, test = studies.split_digits()
    network = studies.deep_network("relu", studies.DEEP["relu"]["He normal"], 30, 64, seed=0)
    loss = studies.evaluate(network, *test, studies.LOSS)["loss"]
    assert record("deep")["result"]["runs"]["relu"]["He normal"]["runs"][0]["loss"][0] == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize(("name", "initializer"), [("He normal", "he_normal"), ("Glorot uniform", "glorot_uniform")])
def test_spreads_before_training_are_those_of_the_rules(name: str, initializer: str) -> None:
    weights = record("mnist")["result"]["runs"][name]["weights"]
    for place, shape in (("first", (784, 200)), ("second", (200, 10))):
        expected = math.sqrt(get_initializer(initializer).variance(shape))
        relative = 5 / math.sqrt(2 * math.prod(shape))  # five standard errors of a standard deviation
        assert weights[place]["std"][0] == pytest.approx(expected, rel=relative)


def test_histograms_count_every_weight() -> None:
    for row in record("mnist")["result"]["runs"].values():
        for place, number in (("first", 784 * 200), ("second", 2000)):
            for when in ("before", "after"):
                assert sum(row["weights"][place][when]["counts"]) == number
