"""Activations and their backward passes against PyTorch and Keras, at the extremes, and against the decks."""

import os

import numpy as np
import pytest
import scipy.special
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_lib.reference import activations
from course_lib.reference.activations import (
    ACTIVATIONS,
    ELU,
    ActivationFunction,
    Elementwise,
    HardSigmoid,
    LeakyReLU,
    Softmax,
    get_activation,
    log_softmax,
    log_sum_exp,
    max_star,
    sigmoid,
    softmax,
    tanh,
)

EPS = np.finfo(np.float64).eps
TORCH = {
    "linear": lambda s: s * 1,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda s: F.leaky_relu(s, 0.1),
    "elu": F.elu,
    "selu": F.selu,
    "softplus": lambda s: F.softplus(s, threshold=700),
    "softsign": F.softsign,
    "hard_sigmoid": lambda s: torch.clamp(0.2 * s + 0.5, 0, 1),
    "exponential": torch.exp,
    "softmax": lambda s: torch.softmax(s, -1),
    "log_softmax": lambda s: torch.log_softmax(s, -1),
}
OPTIONS = {
    "leaky 0.3": (LeakyReLU(0.3), lambda s: F.leaky_relu(s, 0.3)),
    "elu 2": (ELU(2.0), lambda s: F.elu(s, 2.0)),
    "hard sigmoid, 1/6": (HardSigmoid(1 / 6), lambda s: torch.clamp(s / 6 + 0.5, 0, 1)),
}
PAIRS = {**{name: (ACTIVATIONS[name], theirs) for name, theirs in TORCH.items()}, **OPTIONS}
ELEMENTWISE = [name for name, function in ACTIVATIONS.items() if isinstance(function, Elementwise)]

signals = arrays(
    np.float64,
    array_shapes(min_dims=1, max_dims=3, max_side=4),
    elements=st.floats(-40, 40).filter(lambda v: v == 0 or abs(v) > 1e-6),
)


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    return keras


def test_every_activation_is_compared_below():
    assert set(TORCH) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", PAIRS)
@given(s=signals)
def test_forward_and_backward_match_torch(name, s):
    ours, theirs = PAIRS[name]
    t = torch.tensor(s, requires_grad=True)
    expected = theirs(t)
    a = ours(s)
    np.testing.assert_allclose(a, expected.detach().numpy(), rtol=1e-10, atol=1e-12)
    G = np.random.default_rng(0).normal(size=s.shape)
    expected.backward(torch.tensor(G))
    scale = max(1, np.abs(a).max())  # e^40 is among them
    np.testing.assert_allclose(ours.backward(s, a, G), t.grad.numpy(), rtol=1e-10, atol=1e-12 * scale)


@pytest.mark.parametrize("name", ELEMENTWISE)
@given(s=signals)
def test_backward_is_the_upstream_gradient_times_the_derivative(name, s):
    f = ACTIVATIONS[name]
    G = np.random.default_rng(1).normal(size=s.shape)
    np.testing.assert_allclose(f.backward(s, f(s), G), G * f.derivative(s), rtol=4 * EPS, atol=8 * EPS)


@pytest.mark.parametrize(
    ("name", "kink", "slope"),
    [("relu", 0, 0), ("leaky_relu", 0, 0.1), ("elu", 0, 1), ("selu", 0, 1.7580993408473766),
     ("hard_sigmoid", 2.5, 0), ("hard_sigmoid", -2.5, 0)],
)  # fmt: skip
def test_slope_at_the_bend_is_the_one_the_table_says(name, kink, slope):
    assert ACTIVATIONS[name].derivative(float(kink)) == pytest.approx(slope, rel=EPS)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "elu", "selu", "softplus", "softsign", "exponential"])
def test_forward_matches_keras(keras, name):
    s = np.linspace(-4, 4, 41)
    expected = np.asarray(getattr(keras.activations, name)(keras.ops.convert_to_tensor(s)))
    np.testing.assert_allclose(ACTIVATIONS[name](s), expected, rtol=1e-10, atol=1e-12)


def test_definitions_that_differ_are_those_of_the_table(keras):
    at_one = keras.ops.convert_to_tensor(np.array([-1.0, 1.0]))
    assert float(keras.activations.hard_sigmoid(at_one)[1]) == pytest.approx(1 / 6 + 0.5, rel=1e-6)
    assert F.hardsigmoid(torch.tensor(1.0)).item() == pytest.approx(1 / 6 + 0.5)
    assert HardSigmoid()(1.0) == pytest.approx(0.7)
    assert float(keras.activations.leaky_relu(at_one)[0]) == pytest.approx(-0.2)
    assert keras.layers.LeakyReLU().negative_slope == pytest.approx(0.3)
    assert torch.nn.LeakyReLU().negative_slope == 0.01
    assert LeakyReLU().negative_slope == 0.1


# extremes: pytest runs with warnings as errors


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_ten_thousand_are_no_trouble(name, dtype):
    f = ACTIVATIONS[name]
    s = np.array([-1e4, -1e3, -89, -1, 0, 1, 89, 1e3, 1e4], dtype)
    a = f(s)
    G = f.backward(s, a, np.ones_like(s))
    assert a.dtype == G.dtype == dtype
    assert np.isfinite(a[:5]).all() and np.isfinite(G[:5]).all()
    if name == "exponential":
        assert a[-1] == np.inf
    else:
        assert np.isfinite(a).all() and np.isfinite(G).all()
    if isinstance(f, Elementwise):
        assert f.derivative(s).dtype == dtype


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("sigmoid", 0, 1), ("tanh", -1, 1), ("relu", 0, np.inf), ("leaky_relu", -np.inf, np.inf), ("elu", -1, np.inf),
     ("softplus", 0, np.inf), ("softsign", -1, 1), ("hard_sigmoid", 0, 1), ("exponential", 0, np.inf)],
)  # fmt: skip
def test_infinities_have_their_limits(name, low, high):
    f = ACTIVATIONS[name]
    np.testing.assert_array_equal(f([-np.inf, np.inf]), [low, high])
    assert not np.isnan(f.derivative([-np.inf, np.inf])).any()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nan_stays_nan_in_its_row_and_only_there(name):
    a = ACTIVATIONS[name]([[np.nan, 1.0], [0.0, 1.0]])
    assert np.isnan(a[0, 0])
    assert np.isfinite(a[1]).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_empty_batch_stays_empty(name):
    f = ACTIVATIONS[name]
    s = np.zeros((0, 3))
    assert f(s).shape == f.backward(s, f(s), s).shape == (0, 3)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_number_gives_a_number(name):
    f = ACTIVATIONS[name]
    for value in (f(0.5), f.derivative(0.5), f(1), f.backward(0.5, f(0.5), 1.0)):
        assert isinstance(value, np.float64)
    assert f.backward(0.5, f(0.5), 2.0) == pytest.approx(2 * f.derivative([0.5])[0], rel=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_integers_become_float64_and_arguments_are_untouched(name):
    s = np.array([[-1, 0, 2]])
    s.flags.writeable = False
    a = ACTIVATIONS[name](s)
    assert a.dtype == np.float64
    floats = s.astype(float)
    assert not np.shares_memory(ACTIVATIONS[name](floats), floats)
    np.testing.assert_array_equal(floats, s)


# softmax and its logarithm


@given(s=arrays(np.float64, st.tuples(st.integers(1, 6)), elements=st.floats(-20, 20)))
def test_softmax_jacobian_matches_torch(s):
    expected = torch.autograd.functional.jacobian(lambda t: torch.softmax(t, 0), torch.tensor(s)).numpy()
    np.testing.assert_allclose(softmax.jacobian(s), expected, rtol=1e-10, atol=1e-14)


def test_softmax_jacobian_has_the_two_cases_of_the_deck():
    # UW ML530 2021: a_i (1 - a_i) where i = j, -a_i a_j where not
    a, J = softmax([1.0, 2.0, 3.0]), softmax.jacobian([1.0, 2.0, 3.0])
    for i in range(3):
        for j in range(3):
            assert J[i, j] == pytest.approx(a[i] * (1 - a[i]) if i == j else -a[i] * a[j])


@given(arrays(np.float64, array_shapes(min_dims=1, max_dims=3, max_side=4), elements=st.floats(-1e4, 1e4)), st.data())
def test_log_sum_exp_and_log_softmax_match_scipy(s, data):
    axis = data.draw(st.integers(-s.ndim, s.ndim - 1))
    np.testing.assert_allclose(log_sum_exp(s, axis), scipy.special.logsumexp(s, axis=axis), rtol=1e-12)
    np.testing.assert_allclose(log_softmax(s, axis), scipy.special.log_softmax(s, axis=axis), rtol=1e-10, atol=1e-10)


def test_log_sum_exp_of_infinities_matches_torch():
    s = np.array([[-np.inf, 0.0], [np.inf, 0.0], [-np.inf, -np.inf], [np.inf, -np.inf]])
    np.testing.assert_array_equal(log_sum_exp(s), torch.logsumexp(torch.tensor(s), -1).numpy())


@pytest.mark.parametrize("row", [[-np.inf, 0.0], [np.inf, 0.0], [-np.inf, -np.inf], [np.nan, 0.0]])
def test_softmax_of_infinities_matches_torch(row):
    np.testing.assert_array_equal(softmax(row), torch.softmax(torch.tensor(row, dtype=torch.float64), -1).numpy())
    if np.inf not in row:  # torch gives NaN for the other entries too, which are -inf
        expected = torch.log_softmax(torch.tensor(row, dtype=torch.float64), -1).numpy()
        np.testing.assert_array_equal(log_softmax(row), expected)


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_max_star_is_logaddexp(x, y):
    assert max_star(x, y) == pytest.approx(np.logaddexp(x, y), rel=4 * EPS, abs=EPS)


def test_max_star_folds_to_log_sum_exp_and_keeps_infinities():
    # USC EE599 2020: max*(x, y, z) = max*(max*(x, y), z)
    assert max_star(max_star(1.0, -2.0), 3.0) == pytest.approx(log_sum_exp([1.0, -2.0, 3.0]), rel=4 * EPS)
    np.testing.assert_array_equal(max_star([np.inf, -np.inf, 0], [np.inf, -np.inf, -np.inf]), [np.inf, -np.inf, 0])


def test_one_class_has_probability_one():
    np.testing.assert_array_equal(softmax([[3.0], [-1e4]]), [[1], [1]])
    np.testing.assert_array_equal(log_softmax([[3.0]]), [[0]])


@pytest.mark.parametrize("s", [np.zeros((3, 0)), 1.0])
@pytest.mark.parametrize("f", [softmax, log_softmax, log_sum_exp])
def test_softmax_of_no_class_is_refused(f, s):
    with pytest.raises(ValueError, match="at least one class along axis -1"):
        f(s)


def test_softmax_has_a_jacobian_and_no_elementwise_derivative():
    assert not hasattr(softmax, "derivative")
    with pytest.raises(ValueError, match=r"one vector s \(k,\), got shape \(1, 2\)"):
        softmax.jacobian([[1.0, 2.0]])


# the decks


def test_tanh_is_two_sigmoids_of_twice_minus_one():
    # USC EE599 2020
    s = np.linspace(-20, 20, 401)
    np.testing.assert_allclose(tanh(s), 2 * sigmoid(2 * s) - 1, rtol=0, atol=2 * EPS)


def test_the_slope_of_the_sigmoid_is_at_most_a_quarter_and_that_at_zero():
    # USC EE599 2020: five layers multiply five such factors, at most 4⁻⁵ = 1/1024
    s = np.linspace(-10, 10, 2001)
    slopes = sigmoid.derivative(s)
    assert slopes.max() == sigmoid.derivative(0.0) == 0.25
    assert sigmoid.derivative(0.0) ** 5 == 1 / 1024


def test_softmax_of_two_classes_is_a_sigmoid_of_the_difference():
    # UW ML530 2021: softmax of (x/2, -x/2) is σ(x), of (x, -x) is σ(2x)
    x = np.linspace(-30, 30, 61)
    np.testing.assert_allclose(softmax(np.stack([x / 2, -x / 2], -1))[:, 0], sigmoid(x), rtol=1e-14)
    np.testing.assert_allclose(softmax(np.stack([x, -x], -1))[:, 0], sigmoid(2 * x), rtol=1e-14)


def test_sigmoid_inverts_the_log_odds_and_softmax_the_shifted_ones():
    # UW ML530 2021: z_i = ln(p_i/(1-p_i)) + ln Σ_{j≠i} e^{z_j}
    p = np.array([0.01, 0.3, 0.5, 0.999])
    np.testing.assert_allclose(sigmoid(np.log(p / (1 - p))), p, rtol=1e-14)
    z = np.array([0.3, -1.2, 2.0])
    p = softmax(z)
    for i in range(3):
        assert np.log(p[i] / (1 - p[i])) + log_sum_exp(np.delete(z, i)) == pytest.approx(z[i])


def test_hard_sigmoid_is_the_function_on_the_slide():
    def hard_sigmoid(x):  # USC EE599 2020, 0.2x + 0.5 within ±2.5
        return 0.2 * x + 0.5 if abs(x) < 2.5 else float(x > 0)

    s = np.linspace(-4, 4, 161)
    np.testing.assert_allclose(activations.hard_sigmoid(s), [hard_sigmoid(x) for x in s], rtol=1e-14, atol=EPS)


# names


def test_names_lead_to_instances():
    for name, function in ACTIVATIONS.items():
        assert get_activation(name) is function
    own = LeakyReLU(0.2)
    assert get_activation(own) is own
    assert get_activation(None) is activations.linear
    assert repr(own) == "LeakyReLU(negative_slope=0.2)"


def test_errors_name_the_way_out():
    with pytest.raises(ValueError, match="did you mean 'leaky_relu'"):
        get_activation("leakyrelu")
    with pytest.raises(TypeError, match="make an instance of it"):
        get_activation(Softmax)
    with pytest.raises(ValueError, match="must lie in 0 <= negative_slope <= 1, got"):
        LeakyReLU(-0.1)
    with pytest.raises(ValueError, match="steepness must lie in 0 < steepness, got 0"):
        HardSigmoid(0)
    with pytest.raises(TypeError, match="s must hold real numbers, got dtype complex128"):
        sigmoid(1j)
    with pytest.raises(NotImplementedError, match="does not say what its forward pass is"):
        ActivationFunction()(1.0)
