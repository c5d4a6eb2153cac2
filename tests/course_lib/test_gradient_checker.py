"""The checker accepts right backward passes and rejects the committed wrong ones, which weaker checkers let pass."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from wrong_backward import EXPONENT, POSITIVE, TABLE, S, power, power_backward, relu, sine_backward

from course_lib.checks.gradients import check_backward, check_gradient, check_layer, check_network
from course_lib.checks.gradients.causes import likely_cause
from course_lib.checks.gradients.slopes import measure_slope
from course_lib.reference.activations import ACTIVATIONS
from course_lib.reference.derivatives import central_difference
from course_lib.reference.layers import Activation, BatchNormalization, Dense
from course_lib.reference.losses import LOSSES, SparseCategoricalCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.regularizers import L2

IDS = [row.what for row in TABLE]


def check(row, backward, **options):
    return check_backward(row.forward, backward, *row.inputs.values(), names=tuple(row.inputs), **options)


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_right_backward_pass_is_accepted(row):
    report = check(row, row.right)
    assert report.ok, str(report)
    assert report.checked == sum(x.size for x in row.inputs.values())


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_wrong_backward_pass_is_rejected_with_its_cause(row, seed):
    report = check(row, row.wrong, seed=seed)
    assert not report.ok
    assert row.cause in report.cause
    assert report.cause in str(report)
    with pytest.raises(AssertionError, match="gradient wrong"):
        report.raise_if_wrong()


# what peers' checkers let pass


def wrong(what):
    return next(row for row in TABLE if row.what.startswith(what))


def test_a_single_sampled_index_lets_a_wrong_corner_pass_and_we_do_not():
    row = wrong("one entry wrong")
    gradient = row.wrong(S, np.ones_like(S))
    measured = central_difference(lambda s: np.sin(s).sum(), S)
    assert gradient[0, 0] == pytest.approx(measured[0, 0], abs=1e-2)  # one index at 1e-2, as in minitorch
    report = check(row, row.wrong)
    assert report.worst.index == (5, 3)
    assert report.worst.error == pytest.approx(0.01 / 1.01, rel=1e-6)


def test_a_loose_absolute_tolerance_lets_zeros_pass_and_we_do_not():
    row = wrong("all zero")
    measured = central_difference(lambda s: row.forward(s).sum(), S)
    assert np.allclose(row.wrong(S, 1.0), measured, atol=1e-2)
    assert check(row, row.wrong).worst.analytic == 0


def test_an_exponent_that_is_always_zero_proves_nothing_and_we_say_so():
    row = wrong("power rule")
    zero = np.zeros_like(EXPONENT)
    assert np.allclose(row.wrong(POSITIVE, zero, 1.0)[0], power_backward(POSITIVE, zero, 1.0)[0])
    report = check_backward(power, row.wrong, POSITIVE, zero, names=("x", "n"))
    assert not report.ok
    assert "nothing was tested: every derivative by x is 0 here" in report.cause
    assert check_backward(power, row.right, POSITIVE, zero, names=("x", "n"), zero=("x",)).ok


def test_a_bound_on_the_summed_error_lets_cancelling_errors_pass_and_we_do_not():
    row = wrong("errors that cancel")
    measured = central_difference(lambda s: np.sin(s).sum(), S)
    assert abs((row.wrong(S, 1.0) - measured).sum()) < 1e-6
    assert not check(row, row.wrong).ok


def test_an_upstream_gradient_of_ones_lets_a_zero_softmax_pass_and_ours_does_not():
    row = wrong("softmax gradient of G = 1")
    np.testing.assert_allclose(row.right(S, np.ones_like(S)), 0, atol=1e-15)
    assert not check(row, row.wrong).ok


@pytest.mark.parametrize("size", [1e-3, 1e-5, 1e-6])
def test_relative_errors_far_below_a_percent_are_seen(size):
    assert not check_backward(np.sin, lambda s, G: sine_backward(s, G) * (1 + size), S).ok


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1.0, 1e6, 1e12])
def test_the_verdict_does_not_depend_on_the_scale_of_the_outputs(scale):
    def forward(s):
        return scale * np.sin(s)

    assert check_backward(forward, lambda s, G: scale * sine_backward(s, G), S).ok
    assert not check_backward(forward, lambda s, G: scale * sine_backward(s, G) * 1.0001, S).ok
    assert not check_backward(forward, lambda s, G: 0 * s, S).ok


@pytest.mark.parametrize("scale", [1e-2, 1e3, 1e8])
def test_the_verdict_does_not_depend_on_the_scale_of_the_inputs(scale):
    x = np.array([0.7, -1.3, 2.1]) * scale

    def forward(x):
        return np.tanh(x / scale)

    def backward(x, G):
        return G * (1 - np.tanh(x / scale) ** 2) / scale

    assert check_backward(forward, backward, x).ok
    assert not check_backward(forward, lambda x, G: backward(x, G) * 1.001, x).ok


# kinks


def test_entries_at_a_kink_are_left_out_and_the_others_still_count():
    s = np.array([0.0, 1.0, -1.0, 0.0, 2.0, -0.5])
    report = check_backward(relu, lambda s, G: G * (s > 0), s)
    assert report.ok and (report.checked, report.kinks) == (4, 2)
    assert not check_backward(relu, lambda s, G: G * (s >= -0.7), s).ok


@pytest.mark.parametrize("distance", [1e-2, 1e-3, 3e-4, 1e-5])
def test_a_kink_nearby_does_not_blur_the_slope(distance):
    report = check_backward(relu, lambda s, G: G * (s > 0), np.array([distance, -distance, 1.0]))
    assert report.ok and report.kinks == 0


@pytest.mark.parametrize("size", [1e-3, 1e-6, 1e-9])
def test_kinks_are_told_apart_where_all_inputs_are_tiny(size):
    s = size * S
    assert check_backward(relu, lambda s, G: G * (s > 0), s).ok
    assert not check_backward(relu, lambda s, G: G * (s > 0) * 1.001, s).ok
    at_the_kink = np.where(np.arange(S.size).reshape(S.shape) % 3 == 0, 0.0, s)
    report = check_backward(np.abs, lambda s, G: G * np.sign(s), at_the_kink)
    assert report.ok and report.kinks == 8, str(report)


def test_the_tie_of_a_maximum_is_a_kink():
    report = check_backward(
        lambda s: s.max(keepdims=True), lambda s, G: G * (s == s.max()), np.array([1.0, 1.0, 0.5, -2])
    )
    assert report.kinks == 2


def test_more_kinks_than_entries_is_no_pass():
    report = check_backward(relu, lambda s, G: G * (s > 0), np.array([0.0, 0.0, 1.0]))
    assert not report.ok
    assert "2 entries lie at kinks, only 1 could be measured" in report.cause


def test_dead_units_are_no_pass():
    report = check_backward(relu, lambda s, G: G * (s > 0), np.array([-1.0, -2.0]), names=("s",))
    assert "nothing was tested: every derivative by s is 0" in report.cause
    assert check_backward(relu, lambda s, G: G * (s > 0), np.array([-1.0, -2.0]), names=("s",), zero=("s",)).ok


def test_steps_that_leave_the_domain_become_smaller():
    assert check_backward(np.log, lambda x, G: G / x, np.array([2e-5, 1.0])).ok


# many entries, scalars, dtypes


def test_beyond_the_limit_entries_are_sampled_and_directions_see_the_rest():
    x = np.linspace(-1, 1, 500)

    def backward(x, G):
        gradient = G * np.cos(x)
        gradient[rare] += 0.1
        return gradient

    rare = slice(0, 0)
    assert check_backward(np.sin, backward, x, limit=20).checked == 20
    rare = 123
    report = check_backward(np.sin, backward, x, limit=20)
    assert not report.ok
    assert "not among those measured one by one" in report.cause or report.worst.index == (123,)


def test_scalar_functions_take_an_array_or_a_function_as_gradient():
    assert check_gradient(lambda x: x**3, 12.0, 2.0).ok
    assert check_gradient(lambda x: np.sum(x**3), lambda x: 3 * x**2, [[1, 2], [3, 4]]).ok
    assert not check_gradient(lambda x: x**3, 11.0, 2.0).ok


def test_float32_gradients_are_held_to_float32_precision():
    x = np.array([0.3, 1.7])
    assert check_gradient(lambda x: np.sin(x).sum(), np.cos(x).astype(np.float32), x).ok
    assert not check_gradient(lambda x: np.sin(x).sum(), (np.cos(x) * 1.001).astype(np.float32), x).ok


def test_a_right_answer_reads_as_one():
    report = check_backward(np.sin, sine_backward, S)
    assert str(report).startswith("gradient right: 24 entries, 0 at kinks left out, worst relative error")
    report.raise_if_wrong()


@given(st.floats(-3, 3), st.floats(0.1, 5))
def test_the_uncertainty_of_a_slope_bounds_its_error(x, scale):
    slope = measure_slope(lambda t: scale * np.exp(np.sin(x + t)), scale)
    t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    (scale * torch.exp(torch.sin(t))).backward()
    assert slope.smooth
    assert abs(slope.value - t.grad.item()) <= slope.uncertainty <= 1e-9 * scale


# errors at the boundary


def test_what_cannot_be_checked_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="different outputs for the same inputs: fix its seed"):
        check_backward(lambda s: s + rng.normal(), lambda s, G: G, S)
    with pytest.raises(ValueError, match="forward is not finite at this point"):
        check_backward(lambda s: s * np.nan, lambda s, G: G, S)
    with pytest.raises(ValueError, match="the function is not finite at this point"):
        check_gradient(lambda x: np.nan, 0.0, 1.0)
    with pytest.raises(ValueError, match=r"backward must return 2 gradients \(a, b\), got 1"):
        check_backward(np.add, lambda a, b, G: G, 1.0, 2.0, names=("a", "b"))
    with pytest.raises(TypeError, match="the gradient of s must hold real numbers, got dtype object"):
        check_backward(np.sin, lambda s, G: None, S, names=("s",))
    with pytest.raises(ValueError, match=r"names must name every input, got 2 names \(a, b\), 1 inputs"):
        check_backward(np.sin, sine_backward, S, names=("a", "b"))
    with pytest.raises(ValueError, match="unknown input in zero 'bias'; did you mean 'bais'"):
        check_backward(np.sin, sine_backward, S, names=("bais",), zero=("bias",))
    with pytest.raises(ValueError, match=r"f must return one number, got shape \(3,\)"):
        check_gradient(lambda x: x, np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="build the network with"):
        check_network(Network([Dense(1)], input_shape=2), np.ones((1, 2)), [[1.0]], LOSSES["mse"])


def test_a_cause_is_named_even_where_only_some_entries_were_measured():
    right, some = np.array([1.0, 2.0, 3.0]), np.array([True, True, False])
    assert "sign" in likely_cause(-right, right, some)
    assert "check the formula" in likely_cause(right + 1, right, some)


# the library under its own checker


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_pass(name):
    f = ACTIVATIONS[name]
    check_backward(f, lambda s, G: f.backward(s, f(s), G), S).raise_if_wrong()


@pytest.mark.parametrize("layer", [Dense(3), Activation("tanh"), BatchNormalization()])
def test_layers_pass(layer):
    layer.build((4,), seed=1)
    check_layer(layer, S, training=True).raise_if_wrong()


def test_a_layer_is_left_as_it_was_and_a_wrong_one_is_rejected():
    class Careless(Dense):
        def parameter_gradients(self, G):
            super().parameter_gradients(G)
            self.db[...] = G.mean(0)

    layer = Careless(3)
    layer.build((4,), seed=1)
    before = layer.W.copy()
    report = check_layer(layer, S)
    assert report.worst.name == "b"
    assert "1/6 times" in report.cause
    np.testing.assert_array_equal(layer.W, before)


def test_every_parameter_of_a_network_passes_and_the_network_is_left_as_it_was():
    network = Network(
        [Dense(5, kernel_regularizer=L2(0.1)), Activation("tanh"), Dense(3)], input_shape=4, seed=2, dtype=np.float64
    )
    before = network.parameters.copy()
    loss, labels = SparseCategoricalCrossentropy(from_logits=True), [0, 2, 1, 1, 0, 2]
    report = check_network(network, S, labels, loss)
    report.raise_if_wrong()
    assert report.checked == network.parameters.size
    np.testing.assert_array_equal(network.parameters, before)


def test_a_network_with_a_wrong_layer_is_rejected_by_the_name_of_the_array():
    class Forgetful(Activation):
        def backward(self, G):
            return G

    network = Network([Dense(5), Forgetful("tanh"), Dense(3)], input_shape=4, seed=2, dtype=np.float64)
    report = check_network(network, S, [0, 2, 1, 1, 0, 2], SparseCategoricalCrossentropy(from_logits=True))
    assert report.worst.name in ("0.W", "0.b")
