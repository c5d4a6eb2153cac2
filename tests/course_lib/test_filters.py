"""Filters against scipy.signal, and against what torch.optim does with a sequence of gradients."""

import numpy as np
import optax
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import signal

from course_lib.filters import (
    Filter,
    difference_equation,
    ewma,
    frequency_response,
    identity,
    nesterov,
    optimizer_filters,
    summer,
    unit_dc_ar1,
    unit_input_ar1,
)

OMEGA = np.linspace(0, np.pi, 50)
ALPHAS = [0.0, 0.5, 0.9, 0.99]
FILTERS = [
    *(make(alpha) for make in (unit_dc_ar1, unit_input_ar1, nesterov) for alpha in ALPHAS),
    Filter((0.2, 0.3, -0.1), (2.0, -0.5)),
    Filter((1.0,), (1.0, -1.2, 0.6, 0.1)),
]
small = st.floats(-1, 1, allow_subnormal=False)
coefficients = st.lists(small, min_size=1, max_size=4)


@given(
    coefficients,
    coefficients,
    st.floats(0.5, 3),
    hnp.arrays(float, st.tuples(st.integers(0, 12), st.integers(1, 3)), elements=small),
)
def test_difference_equation_matches_lfilter(b, a, leading, x):
    a = [leading, *a]
    expected = signal.lfilter(b, a, x, axis=0) if len(x) else x
    scale = 1 + np.abs(expected).max(initial=0)
    np.testing.assert_allclose(difference_equation(b, a, x), expected, rtol=1e-10, atol=1e-12 * scale)


@pytest.mark.parametrize("f", FILTERS, ids=str)
def test_frequency_response_matches_freqz(f):
    _, expected = signal.freqz(f.b, f.a, worN=OMEGA)
    np.testing.assert_allclose(f.frequency_response(OMEGA), expected, rtol=1e-10, atol=1e-13)


def test_frequency_response_takes_a_scalar_and_other_leading_coefficients():
    assert frequency_response([1.0], [2.0, -1.0], 0.0) == 1.0
    assert frequency_response([1.0], [2.0, -1.0], 0.0).shape == ()


@pytest.mark.parametrize("f", FILTERS, ids=str)
def test_impulse_and_step_responses_match_dimpulse_and_dstep(f):
    order = max(len(f.a), len(f.b))
    system = (np.pad(f.b, (0, order - len(f.b))), np.pad(f.a, (0, order - len(f.a))), 1)
    _, (impulse,) = signal.dimpulse(system, n=20)
    _, (step,) = signal.dstep(system, n=20)
    np.testing.assert_allclose(f.impulse_response(20), impulse[:, 0], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(f.step_response(20), step[:, 0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("f", FILTERS, ids=str)
def test_poles_and_zeros_match_tf2zpk(f):
    order = max(len(f.a), len(f.b))
    zeros, poles, _ = signal.tf2zpk(np.pad(f.b, (0, order - len(f.b))), np.pad(f.a, (0, order - len(f.a))))
    np.testing.assert_allclose(np.sort_complex(f.poles), np.sort_complex(poles), atol=1e-12)
    np.testing.assert_allclose(np.sort_complex(f.zeros), np.sort_complex(zeros), atol=1e-12)


@pytest.mark.parametrize("f", FILTERS, ids=str)
def test_dc_gain_is_the_limit_of_the_step_response_of_a_stable_filter(f):
    assert f.stable
    np.testing.assert_allclose(f.step_response(4000)[-1], f.dc_gain, rtol=1e-9)


def test_a_summer_is_not_stable_and_has_no_dc_gain():
    assert not summer().stable
    assert summer().dc_gain == np.inf
    np.testing.assert_array_equal(summer().step_response(3), [1, 2, 3])


@pytest.mark.parametrize("alpha", ALPHAS)
def test_transient_compensation_returns_any_scaled_step_at_once(alpha):
    for make in (unit_dc_ar1, unit_input_ar1, nesterov):
        np.testing.assert_allclose(make(alpha).compensated(np.full(30, -3.7)), -3.7, rtol=1e-12)


def test_compensation_removes_the_transient_of_the_noisy_cosine():
    # Deck C's example: a cosine in noise, alpha = 0.9; uncompensated, the first values are far too small.
    n = np.arange(200)
    clean = np.cos(2 * np.pi * n / 200)
    noisy = clean + np.random.default_rng(0).normal(0, 0.2, n.size)
    plain, compensated = ewma(noisy, 0.9), ewma(noisy, 0.9, compensate=True)
    assert np.abs(plain - clean)[:10].mean() > 5 * np.abs(compensated - clean)[:10].mean()
    np.testing.assert_allclose(plain[100:], compensated[100:], rtol=1e-4)


# What the optimizers of PyTorch do to a sequence of gradients

GRADIENTS = np.random.default_rng(1).normal(size=(40, 3))


def updates(make):
    """Feed GRADIENTS to an optimizer of PyTorch; return the weights' change at each step, and its state."""
    w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer, changes = make([w]), []
    for g in GRADIENTS:
        before = w.detach().clone()
        w.grad = torch.from_numpy(g.copy())
        optimizer.step()
        changes.append((w.detach() - before).numpy())
    return np.array(changes), next(iter(optimizer.state.values()), {})


def test_momentum_is_the_unit_input_gain_filter():
    changes, _ = updates(lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.9))
    np.testing.assert_allclose(changes, unit_input_ar1(0.9)(-0.1 * GRADIENTS), rtol=1e-10, atol=1e-13)


def test_nesterov_is_the_arma_filter_in_bengios_form():
    changes, _ = updates(lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.9, nesterov=True))
    np.testing.assert_allclose(changes, nesterov(0.9)(-0.1 * GRADIENTS), rtol=1e-10, atol=1e-13)


def test_adams_averages_are_two_unit_dc_gain_filters():
    _, state = updates(lambda w: torch.optim.Adam(w, lr=0.1))
    filters = optimizer_filters(0.9, 0.999)["Adam"]
    np.testing.assert_allclose(filters.gradient(GRADIENTS)[-1], state["exp_avg"].numpy(), rtol=1e-10)
    np.testing.assert_allclose(filters.variance(GRADIENTS**2)[-1], state["exp_avg_sq"].numpy(), rtol=1e-10)


def test_adams_update_is_made_of_its_compensated_filters():
    changes, _ = updates(lambda w: torch.optim.Adam(w, lr=0.1, eps=1e-8))
    filters = optimizer_filters(0.9, 0.999)["Adam"]
    m, v = filters.gradient.compensated(GRADIENTS), filters.variance.compensated(GRADIENTS**2)
    np.testing.assert_allclose(changes, -0.1 * m / (np.sqrt(v) + 1e-8), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(
    ("name", "key", "make"),
    [
        ("Adagrad", "sum", lambda w: torch.optim.Adagrad(w)),
        ("RMSprop", "square_avg", lambda w: torch.optim.RMSprop(w, alpha=0.95)),
        ("Adadelta", "square_avg", lambda w: torch.optim.Adadelta(w, rho=0.95)),
    ],
)
def test_variance_filters_are_those_of_pytorch(name, key, make):
    _, state = updates(make)
    variance = optimizer_filters(beta=0.95)[name].variance
    np.testing.assert_allclose(variance(GRADIENTS**2)[-1], state[key].numpy(), rtol=1e-10)


def test_sgd_has_no_filter():
    changes, _ = updates(lambda w: torch.optim.SGD(w, lr=0.1))
    np.testing.assert_allclose(changes, optimizer_filters()["SGD"].gradient(-0.1 * GRADIENTS), rtol=1e-10)
    assert identity().dc_gain == 1


def test_nadams_gradient_filter_without_compensation_is_nesterovs_with_unit_dc_gain():
    # Dozat (2016): the step uses β₁ m + (1 − β₁) g.
    filters = optimizer_filters(0.9)
    m = filters["Adam"].gradient(GRADIENTS)
    nadam = filters["Nadam"].gradient
    np.testing.assert_allclose(nadam(GRADIENTS), 0.9 * m + 0.1 * GRADIENTS, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(nadam.dc_gain, 1, rtol=1e-12)


def test_nadams_own_compensation_overshoots_on_a_constant_gradient():
    optimizer = optax.nadam(1.0, b1=0.9, eps=0.0)
    step, _ = optimizer.update(np.ones(1), optimizer.init(np.zeros(1)))
    np.testing.assert_allclose(-step, 1 + 0.9 / 1.9, rtol=1e-5)
    np.testing.assert_allclose(optimizer_filters(0.9)["Nadam"].gradient.compensated(np.ones(5)), 1, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: unit_dc_ar1(1.0), "alpha must lie in 0 <= alpha < 1, got 1.0"),
        (lambda: nesterov(-0.1), "alpha must lie"),
        (lambda: difference_equation([1.0], [0.0, 1.0], np.ones(3)), r"a\[0\] must not be 0"),
        (lambda: frequency_response([], [1.0], 0.0), "b must be a list of finite numbers"),
        (lambda: frequency_response([np.nan], [1.0], 0.0), "b must be a list of finite numbers"),
    ],
)
def test_a_wrong_argument_is_named_with_its_rule(make, message):
    with pytest.raises(ValueError, match=message):
        make()
