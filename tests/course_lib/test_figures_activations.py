"""Figures, widgets and records of chapter 03. Oracles: PyTorch's autograd, SciPy, SymPy, closed forms."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from scipy.special import expit

from course_lib.figures import activations, expressiveness
from course_lib.figures.expressiveness import bump_sum, nielsen
from course_lib.reference.activations import ACTIVATIONS, Elementwise, softmax
from course_lib.reference.layers import Activation, Dense
from course_lib.reference.network import Network
from course_lib.widgets.activations import ACTIVATIONS as OFFERED
from course_lib.widgets.activations import Bumps, GradientByDepth, gradients_by_layer

STUDIES = Path(__file__).parents[2] / "book" / "studies"
ELEMENTWISE = {name: name for name, function in ACTIVATIONS.items() if isinstance(function, Elementwise)}
GRID = np.linspace(0, 1, 101)
ROWS = [{"width": 9, "errors": [0.1, 0.2, 0.3]}, {"width": 5, "errors": [0.3, 0.2, 0.4]}]
LAYERS = [(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.5, -0.5])), (np.array([[1.0], [1.0]]), np.array([-1.0]))]
FIGURES = {
    "folded_points": activations.folded_points(),
    "gallery": activations.gallery(ELEMENTWISE),
    "softmax_curves": (activations.softmax_curves(),),
    "maxout_units": activations.maxout_units(),
    "two_classes": activations.two_classes(),
    "norms_by_layer": (activations.norms_by_layer({"sigmoid": [1e-6, 1e-3, 1.0], "relu": [0.5, 0.7, 1.0]}),),
    "runs_by_setting": (activations.runs_by_setting([1, 2], {"relu": [[0.9, 0.8], [0.7, 0.6]]}, "depth", "accuracy"),),
    "losses_over_steps": (activations.losses_over_steps({"relu": [1.0, 0.5], "leaky": [2.0, 0.1]}),),
    "steps_to_bump": expressiveness.steps_to_bump(),
    "bump_errors": (expressiveness.bump_errors({"50": ([1, 10], [0.5, 0.05])}),),
    "fits": expressiveness.fits({"no dropout": nielsen(GRID) + 0.1}, GRID),
    "tents": expressiveness.tents(3),
    "switch_lines": (expressiveness.switch_lines(LAYERS, 6),),
    "depth_errors": (expressiveness.depth_errors(ROWS, [1, 2], "digits", "share of errors"),),
}


def test_gallery_has_a_panel_for_every_elementwise_activation() -> None:
    titles = [figure.axes[0].get_title() for figure in FIGURES["gallery"]]
    assert titles == list(ELEMENTWISE)
    assert {"linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "softplus", "softsign", "hard_sigmoid",
            "exponential"} <= set(titles)  # fmt: skip


@pytest.mark.parametrize("figure", FIGURES["gallery"], ids=list(ELEMENTWISE))
def test_dashed_curve_is_the_slope_of_the_other(figure: Any) -> None:
    curve, slope = figure.axes[0].lines[2:]
    s, a = curve.get_data()
    middle = (slope.get_ydata()[1:] + slope.get_ydata()[:-1]) / 2
    smooth = np.isfinite(middle) & (np.minimum.reduce([np.abs(s[1:] - kink) for kink in (-2.5, 0, 2.5)]) > 0.05)
    step = s[1] - s[0]  # the trapezoidal rule leaves step²/12 of the third derivative, at most e⁴ here
    np.testing.assert_allclose((np.diff(a) / step)[smooth], middle[smooth], atol=step**2 * np.exp(4))


def test_curves_of_softmax_add_up_to_one_and_their_slopes_to_zero() -> None:
    lines = FIGURES["softmax_curves"][0].axes[0].lines
    outputs, slopes = lines[0:6:2], lines[1:6:2]
    np.testing.assert_allclose(sum(line.get_ydata() for line in outputs), 1, rtol=1e-14)
    np.testing.assert_allclose(sum(line.get_ydata() for line in slopes), 0, atol=1e-15)


def test_level_lines_are_where_softmax_has_that_value() -> None:
    for line, p in zip(FIGURES["two_classes"][0].axes[0].lines, (0.1, 0.3, 0.5, 0.7, 0.9), strict=True):
        np.testing.assert_allclose(softmax(np.column_stack(line.get_data()))[:, 1], p, rtol=1e-12)


def test_hidden_units_of_exclusive_or_fold_the_two_ones_together() -> None:
    words = FIGURES["folded_points"][1].get_label()
    assert "(0,1) and (1,0) both lie on (1,0), and (1,1) lies on (2,1)" in words


def test_nielsen_is_the_function_of_the_slides() -> None:
    x = sympy.symbols("x")
    text = sympy.sympify("1/5 + 2*x**2/5 + 3*x*sin(15*x)/10 + cos(50*x)/20")
    expected = [float(text.subs(x, sympy.Rational(k, 10))) for k in range(11)]
    np.testing.assert_allclose(nielsen(np.arange(11) / 10), expected, rtol=1e-12)


@pytest.mark.parametrize(("n_bumps", "steepness"), [(1, 10.0), (5, 50.0), (40, 1000.0)])
def test_sum_of_bumps_is_a_network_of_twice_as_many_sigmoids(n_bumps: int, steepness: float) -> None:
    edges = np.linspace(0, 1, n_bumps + 1)
    heights = nielsen((edges[:-1] + edges[1:]) / 2)
    edges[[0, -1]] = -1, 2
    network = Network([Dense(2 * n_bumps), Activation("sigmoid"), Dense(1)], input_shape=1, dtype=np.float64)
    network.layers[0].W[...] = steepness
    network.layers[0].b[...] = -steepness * np.concatenate([edges[:-1], edges[1:]])
    network.layers[2].W[...] = np.concatenate([heights, -heights])[:, None]
    np.testing.assert_allclose(
        bump_sum(nielsen, n_bumps, steepness, GRID), network.predict(GRID[:, None])[:, 0], atol=1e-12
    )


def test_steep_bumps_stay_within_half_a_width_times_the_slope() -> None:
    slope = np.abs(np.gradient(nielsen(np.linspace(0, 1, 20_001)), 5e-5)).max()
    for n_bumps in (10, 20, 40, 80):
        inside = (np.arange(n_bumps)[:, None] + np.linspace(0.1, 0.9, 9)).ravel() / n_bumps
        error = np.abs(bump_sum(nielsen, n_bumps, 1e5, inside) - nielsen(inside)).max()
        assert error <= slope / (2 * n_bumps)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_tents_have_two_to_the_depth_pieces(layers: int) -> None:
    x, y = FIGURES["tents"][layers - 1].axes[0].lines[0].get_data()
    slopes = np.diff(y) / np.diff(x)
    assert np.unique(slopes).tolist() == [-(2.0**layers), 2.0**layers]
    assert 1 + np.count_nonzero(np.diff(slopes)) == 2**layers


def test_switching_lines_are_drawn_for_every_unit_that_switches() -> None:
    axes = FIGURES["switch_lines"][0].axes[0]
    assert len(axes.collections) == 3  # x₁ = −½, x₂ = ½, and the unit of layer 2, which bends there
    corners = axes.collections[2].get_paths()[0].vertices
    a = np.maximum(0, corners + np.array([0.5, -0.5]))
    np.testing.assert_allclose(a.sum(axis=1), 1, atol=0.02)


TORCH = {
    "linear": lambda s: 1 * s,
    "hard_sigmoid": lambda s: torch.clamp(0.2 * s + 0.5, 0, 1),
    "leaky_relu": lambda s: torch.nn.functional.leaky_relu(s, 0.1),
    **{name: getattr(torch.nn.functional, name) for name in ("softsign", "relu", "elu", "selu", "softplus")},
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}


@pytest.mark.parametrize("name", OFFERED)
@pytest.mark.parametrize("scale", [0.75, 2.0])
def test_gradient_norms_match_torch_autograd(name: str, scale: float) -> None:
    depth, width = 5, 8
    study = gradients_by_layer(name, scale, depth, width, batch=4, seed=3)
    rng = np.random.default_rng(3)
    a, G = torch.tensor(rng.normal(size=(2, 4, width)))
    kept = []
    for W in rng.normal(size=(depth, width, width)) * scale / np.sqrt(width):
        kept.append((a @ torch.tensor(W)).requires_grad_() if not kept else a @ torch.tensor(W))
        kept[-1].retain_grad()
        a = TORCH[name](kept[-1])
    a.backward(G)
    norms = np.array([float(s.grad.norm()) for s in kept])
    np.testing.assert_allclose(study["norm"], norms / norms[-1], rtol=5e-3)  # three digits are kept
    np.testing.assert_allclose(study["spread"][-1], float(a.detach().std(correction=0)), rtol=5e-3)


def test_sigmoid_loses_at_least_three_quarters_a_layer_at_scale_one() -> None:
    norm = np.array(gradients_by_layer("sigmoid", 1.0, width=256)["norm"])
    assert np.all(norm[:-1] / norm[1:] < 0.26)


def test_depth_widget_offers_every_elementwise_activation_but_the_exponential() -> None:
    assert set(GradientByDepth().studies) == set(ELEMENTWISE) - {"exponential"}


def test_bumps_widget_sends_the_functions_on_a_grid() -> None:
    functions = Bumps().functions
    np.testing.assert_allclose(functions["Nielsen's function"], nielsen(np.linspace(0, 1, 401)), atol=5e-6)
    assert functions["a jump"][199:201] == [0.2, 0.8]


def test_bump_of_the_figure_is_the_difference_of_two_logistic_curves() -> None:
    x, bump = FIGURES["steps_to_bump"][2].axes[0].lines[0].get_data()
    np.testing.assert_allclose(bump, 0.8 * (expit(100 * (x - 0.4)) - expit(100 * (x - 0.6))), atol=1e-14)


@pytest.fixture(scope="module")
def studies() -> ModuleType:
    spec = importlib.util.spec_from_file_location("studies_activations", STUDIES / "activations.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def record(name: str) -> dict[str, Any]:
    return json.loads((STUDIES / "records" / f"activations-{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", ["depth", "dying", "nielsen", "width"])
def test_record_says_where_it_comes_from_and_its_data_are_those_of_today(name: str, studies: ModuleType) -> None:
    source = record(name)["provenance"]
    assert set(source) == {"versions", "data_sha256", "machine", "date", "seeds", "seconds"}
    train, test = studies.split_digits()
    data = {
        "depth": (*train, *test),
        "dying": (*train, *test),
        "nielsen": studies.nielsen_sample(1000),
        "width": (*studies.nielsen_sample(512), *train, *test),
    }[name]
    assert source["data_sha256"] == studies.provenance(data, 0)["data_sha256"]


def test_networks_of_the_width_study_have_nearly_equal_size(studies: ModuleType) -> None:
    result = record("width")["result"]
    for task, (inputs, outputs) in {"nielsen": (1, 1), "digits": (64, 10)}.items():
        for depth, row in zip(result["depths"], result["tasks"][task], strict=True):
            hidden = studies.hidden(depth, row["width"], "relu", "he_uniform")
            network = Network([*hidden, Dense(outputs)], input_shape=inputs)
            assert network.parameters.size == row["parameters"]
            assert abs(network.parameters.size / result["budget"] - 1) < 0.05


def test_study_counts_silent_units_as_defined(studies: ModuleType) -> None:
    network = Network([Dense(3), Activation("relu"), Dense(10)], input_shape=2)
    network.layers[0].W[...] = [[1, -1, 1], [0, 0, -1]]
    network.layers[0].b[...] = [0, 0, -2]
    assert studies.silent(network, np.array([[1.0, 0.5], [0.5, 0.0]])) == pytest.approx(2 / 3)


def test_study_and_figures_use_the_same_function(studies: ModuleType) -> None:
    np.testing.assert_array_equal(studies.nielsen(GRID), nielsen(GRID))
