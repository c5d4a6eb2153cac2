"""Figures and widgets of chapter 02: words, numbers and rules. Oracles: SymPy, torch.autograd, NumPy's own products."""

import itertools

import numpy as np
import pytest
import sympy
import torch

from course_lib.figures import backprop, show
from course_lib.widgets.backprop import EXAMPLES, GraphSteps, ShapeSnap, describe

SIZES = 2 ** np.arange(0, 11)
CURVES = {
    "batch": (np.arange(4), np.array([2.3, 1.5, 1.0, 0.6])),
    "mini-batch": (np.arange(4), np.array([2.3, 0.4, 0.1, 0.04])),
}
FIGURES = {
    "factor_chains": backprop.factor_chains(),
    "one_unit_many_ways": backprop.one_unit_many_ways(),
    "dense_shapes": backprop.dense_shapes(),
    "gradient_check": (backprop.gradient_check(np.array([0.1, -0.2, 0.3]), np.array([0.1, -0.2, 0.3 + 4e-11])),),
    "digit_images": backprop.digit_images(np.eye(8)[None] * 16, [3], [8]),
    "learning_curves": (backprop.learning_curves(CURVES, "epochs"),),
    "gradient_noise": (backprop.gradient_noise(SIZES, 6 / np.sqrt(SIZES)),),
    "times": (backprop.times({"rolled": 0.68, "BLAS": 0.2}, "nanoseconds"),),
}
TRUE_FORMULAS = {
    "f = (x + y) · z": "(x + y)*z",
    "f = x · y + z": "x*y + z",
    "f = q + q · z with q = x + y": "(x + y) + (x + y)*z",
    "one neuron, L = (σ(wx + b) − 1)²": "(1/(1 + exp(-(w*x + b))) - 1)**2",
}


def test_same_figure_gives_the_same_bytes() -> None:
    assert show(*backprop.dense_shapes())._repr_html_() == show(*backprop.dense_shapes())._repr_html_()


@pytest.mark.parametrize("chain", [backprop.LAST, backprop.SECOND_TO_LAST])
def test_each_factor_of_a_chain_ends_where_the_next_begins(chain: tuple[backprop.Factor, ...]) -> None:
    for (_, below, _), (above, _, _) in itertools.pairwise(chain):
        assert below == above
    assert chain[0][0] == "∂L"
    assert [bottom for _, bottom, _ in chain if "w" in bottom] == [chain[-1][1]]


def test_shapes_in_the_figure_are_those_of_numpy_products() -> None:
    rng = np.random.default_rng(0)
    X, W, G = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    results = (("s", X @ W), ("dX", G @ W.T), ("dW", X.T @ G), ("db", np.ones((1, 5)) @ G))
    for figure, (name, result) in zip(FIGURES["dense_shapes"], results, strict=True):
        rows, columns = result.shape
        assert f"{name} is {rows} by {columns}" in figure.get_label()


def test_words_of_the_noise_figure_hold_the_fitted_slope() -> None:
    assert "slope -0.50, from 6 to 0.19" in FIGURES["gradient_noise"][0].get_label()


@pytest.mark.parametrize("name", EXAMPLES)
def test_widget_gradients_are_those_that_sympy_finds(name: str) -> None:
    nodes = {node["name"]: node for node in describe(EXAMPLES[name])}
    leaves = {n: node["value"] for n, node in nodes.items() if not node["parents"]}
    formula = sympy.sympify(TRUE_FORMULAS[name])
    point = {sympy.Symbol(n): value for n, value in leaves.items()}
    last = list(nodes.values())[-1]
    assert last["value"] == pytest.approx(float(formula.subs(point)), abs=1e-12)
    for leaf in leaves:
        slope = float(sympy.diff(formula, sympy.Symbol(leaf)).subs(point))
        assert nodes[leaf]["gradient"] == pytest.approx(slope, abs=1e-12)


def test_node_used_twice_gathers_what_torch_gathers() -> None:
    x, y, z = (torch.tensor(value, dtype=torch.float64) for value in (-2.0, 5.0, -4.0))
    q = (x + y).requires_grad_()
    (q + q * z).backward()
    node = next(n for n in GraphSteps().graphs["f = q + q · z with q = x + y"] if n["name"] == "q")
    assert node["gradient"] == q.grad.item() == -3


@pytest.mark.parametrize("name", EXAMPLES)
def test_walking_back_in_reverse_order_with_local_derivatives_gives_the_gradients(name: str) -> None:
    nodes = describe(EXAMPLES[name])
    gathered = np.zeros(len(nodes))
    gathered[-1] = 1
    for i in reversed(range(len(nodes))):
        for parent, local in nodes[i]["parents"]:
            assert parent < i
            gathered[parent] += gathered[i] * local
    np.testing.assert_allclose(gathered, [node["gradient"] for node in nodes], atol=1e-14)


@pytest.mark.parametrize("name", EXAMPLES)
def test_boxes_of_a_graph_do_not_overlap(name: str) -> None:
    places = [node["place"] for node in describe(EXAMPLES[name])]
    for (x1, y1), (x2, y2) in itertools.combinations(places, 2):
        assert abs(x1 - x2) * 122 >= 94 or abs(y1 - y2) * 112 >= 58


def test_rules_of_the_shape_widget_are_the_gradients_of_torch() -> None:
    widget = ShapeSnap()
    rng = np.random.default_rng(1)
    X, W, G = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    factors = {"X": X, "Xᵀ": X.T, "W": W, "Wᵀ": W.T, "G": G, "Gᵀ": G.T, "1ᵀ": np.ones((1, 4))}
    tensors = [torch.tensor(array, requires_grad=True) for array in (X, W, np.zeros(2))]
    (tensors[0] @ tensors[1] + tensors[2]).backward(torch.tensor(G))
    for (wanted, (left, right)), tensor in zip(widget.rules.items(), tensors, strict=True):
        product = factors[left] @ factors[right]
        np.testing.assert_allclose(product.reshape(tensor.shape), tensor.grad.numpy(), atol=1e-14)
        assert product.shape == tuple(1 if n == "1" else widget.sizes[n] for n in widget.shapes[wanted])


def test_widgets_print_the_same_in_every_run() -> None:
    assert (repr(GraphSteps()), repr(ShapeSnap())) == ("GraphSteps()", "ShapeSnap()")
