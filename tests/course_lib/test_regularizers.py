"""Penalties, the constraint and the soft threshold against PyTorch, Keras, scikit-learn and the decks."""

import os

import numpy as np
import pytest
import sklearn.linear_model
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.neural_network import MLPRegressor

from course_lib.reference.regularizers import (
    CONSTRAINTS,
    L1,
    L2,
    REGULARIZERS,
    Constraint,
    ElasticNet,
    MaxNorm,
    get_constraint,
    get_regularizer,
    soft_threshold,
)

weights = arrays(np.float64, array_shapes(min_dims=0, max_dims=3, max_side=4), elements=st.floats(-10, 10))
strengths = st.floats(0, 3)


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    return keras


@given(weights, strengths, strengths)
def test_penalty_and_gradient_match_torch(w, l1, l2):
    t = torch.tensor(w, requires_grad=True)
    expected = l1 * t.abs().sum() + l2 * (t**2).sum()
    expected.backward()
    net = ElasticNet(l1, l2)
    assert net(w) == pytest.approx(expected.item(), rel=1e-10, abs=1e-12)
    assert net(w) == pytest.approx(L1(l1)(w) + L2(l2)(w), rel=1e-10, abs=1e-12)
    np.testing.assert_allclose(net.gradient(w), t.grad.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(L1(l1).gradient(w) + L2(l2).gradient(w), net.gradient(w), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(L1(0.3), "L1(0.3)"), (L2(0.2), "L2(0.2)"), (ElasticNet(0.3, 0.2), "L1L2(0.3, 0.2)")]
)
def test_penalty_matches_keras(keras, ours, theirs):
    w = np.random.default_rng(0).normal(size=(5, 3))
    kind, options = theirs.rstrip(")").split("(")
    expected = getattr(keras.regularizers, kind)(*map(float, options.split(",")))(keras.ops.convert_to_tensor(w))
    assert ours(w) == pytest.approx(float(expected), rel=1e-6)


def test_definitions_that_differ_are_those_of_the_table():
    w, lam, lr = np.array([1.0, -2.0]), 0.1, 0.5
    t = torch.tensor(w, requires_grad=True)
    t.grad = torch.zeros(2, dtype=torch.float64)
    torch.optim.SGD([t], lr=lr, weight_decay=lam).step()
    by_torch = (w - t.detach().numpy()) / lr
    np.testing.assert_allclose(by_torch, lam * w, rtol=1e-12)  # λw
    np.testing.assert_allclose(L2(lam).gradient(w), 2 * by_torch, rtol=1e-12)  # 2λw
    # scikit-learn: with inputs of 0 the first weights feel the penalty alone, and a step shrinks them by lr·α/n
    network = MLPRegressor(
        hidden_layer_sizes=(2,), solver="sgd", momentum=0.0, alpha=lam, learning_rate_init=lr, random_state=0
    )
    X, y = np.zeros((4, 3)), np.zeros(4)
    before = network.partial_fit(X, y).coefs_[0].copy()
    after = network.partial_fit(X, y).coefs_[0]
    np.testing.assert_allclose((before - after) / lr, L2(lam / (2 * 4)).gradient(before), rtol=1e-10)


# the constraint


@given(
    arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.floats(-5, 5)), st.floats(0.1, 4)
)
def test_max_norm_matches_torch_renorm(W, limit):
    expected = torch.renorm(torch.tensor(W), 2, 1, limit).numpy()
    np.testing.assert_allclose(MaxNorm(limit)(W), expected, rtol=1e-6, atol=1e-6 * limit)  # torch: norm + 1e-7
    lengths = np.linalg.norm(MaxNorm(limit)(W), axis=0)
    assert (lengths <= limit * (1 + 1e-12)).all()


def test_max_norm_leaves_short_columns_exactly_and_matches_keras(keras):
    W = np.random.default_rng(1).normal(size=(4, 6)) * 2
    short = np.linalg.norm(W, axis=0) <= 2
    assert 0 < short.sum() < 6
    np.testing.assert_array_equal(MaxNorm(2.0)(W)[:, short], W[:, short])
    expected = np.asarray(keras.constraints.MaxNorm(2.0)(keras.ops.convert_to_tensor(W)))
    np.testing.assert_allclose(MaxNorm(2.0)(W), expected, rtol=1e-6)
    np.testing.assert_allclose(MaxNorm(2.0, axis=1)(W), MaxNorm(2.0)(W.T).T, rtol=1e-12)
    np.testing.assert_array_equal(MaxNorm()(np.zeros((2, 2))), np.zeros((2, 2)))


# the soft threshold


@given(weights, strengths)
def test_soft_threshold_matches_torch_softshrink(w, t):
    expected = torch.nn.functional.softshrink(torch.tensor(w), t).numpy()
    np.testing.assert_allclose(soft_threshold(w, t), expected, rtol=0, atol=4e-15)


def test_soft_threshold_solves_the_lasso_of_an_orthonormal_design():
    # then the lasso's solution is the least-squares one, thresholded (Tibshirani 1996)
    Q = np.linalg.qr(np.random.default_rng(2).normal(size=(20, 4)))[0]
    y = np.random.default_rng(3).normal(size=20)
    lasso = sklearn.linear_model.Lasso(alpha=0.3 / 20, fit_intercept=False, tol=1e-14).fit(Q, y)
    np.testing.assert_allclose(soft_threshold(Q.T @ y, 0.3), lasso.coef_, atol=1e-10)


# dtypes, zeros, names, errors


def test_float32_stays_float32_and_nothing_is_changed():
    w = np.float32([1, -2, 0])
    w.flags.writeable = False
    for penalty in (L1(), L2(), ElasticNet()):
        assert penalty.gradient(w).dtype == np.float32
        assert isinstance(penalty(w), float)
        assert penalty.gradient(w)[2] == 0  # sgn(0) = 0
    assert soft_threshold(w, 0.5).dtype == MaxNorm()(np.ones((3, 2), np.float32)).dtype == np.float32


def test_nothing_has_no_penalty_and_nan_has_a_nan_one():
    assert ElasticNet()(np.zeros((0, 3))) == 0
    assert np.isnan(L2()([np.nan]))


def test_names_lead_to_objects():
    assert all(get_regularizer(name) is found for name, found in REGULARIZERS.items())
    assert all(get_constraint(name) is found for name, found in CONSTRAINTS.items())
    assert get_regularizer(None) is None and get_constraint(None) is None
    assert repr(ElasticNet(0.1, 0.2)) == "ElasticNet(l1=0.1, l2=0.2)"
    assert repr(MaxNorm(3.0)) == "MaxNorm(max_value=3.0, axis=0)"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: L2(-1), ValueError, "l2 must lie in 0 <= l2, got -1"),
        (lambda: L1("much"), TypeError, "l1 must be a number, got 'much'"),
        (lambda: MaxNorm(0), ValueError, "max_value must lie in 0 < max_value, got 0"),
        (lambda: soft_threshold([1.0], -1.0), ValueError, "t must lie in 0 <= t, got -1"),
        (lambda: get_regularizer("L2"), ValueError, "did you mean 'l2'"),
        (lambda: get_regularizer(0.01), TypeError, "regularizer must be a name or a Regularizer, got 0.01"),
        (lambda: get_constraint("maxnorm"), ValueError, "did you mean 'max_norm'"),
        (lambda: Constraint()(np.ones(2)), NotImplementedError, "does not say what it allows"),
    ],
)
def test_errors_say_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()


# the decks


def test_the_updates_of_the_deck_follow_from_penalty_and_gradient():
    # USC EE599 2020: w ← w - η(∂C/∂w + 2λw), w ← w - η(∂C/∂w + λ sgn w)
    w, lam = np.array([2.0, -0.5]), 0.1
    np.testing.assert_allclose(L2(lam).gradient(w), 2 * lam * w)
    np.testing.assert_allclose(L1(lam).gradient(w), lam * np.sign(w))


def test_the_l2_loss_of_tensorflow_in_the_deck_is_half_of_ours():
    # UW ML530 2021: tf.nn.l2_loss() is sum(w ** 2) / 2
    w = np.array([1.0, 2.0, 3.0])
    assert (w**2).sum() / 2 == L2(0.5)(w)


def test_a_gaussian_prior_is_an_l2_and_a_laplace_prior_an_l1_penalty():
    # USC EE599 2020: MAP estimates; -ln p(w) = w²/(2σ²) + c, |w|/b + c
    import scipy.stats

    w = np.array([0.3, -1.2, 2.0])
    for prior, penalty in ((scipy.stats.norm(0, 2), L2(1 / 8)), (scipy.stats.laplace(0, 2), L1(1 / 2))):
        minus_log = -prior.logpdf(w).sum() + 3 * prior.logpdf(0)
        assert minus_log == pytest.approx(penalty(w), rel=1e-12)
