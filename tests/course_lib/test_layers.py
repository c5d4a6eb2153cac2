"""Layers against PyTorch and Keras: outputs, gradients by autograd, running statistics, in float64 to 1e-10."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from course_lib.reference.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    Maxout,
    SparseDense,
)

CLOSE = dict(rtol=0, atol=1e-10)
SIZES = st.integers(1, 6)


def tensor(array):
    return torch.tensor(np.asarray(array), requires_grad=True)


def against_torch(layer, X, rng, formula, training=True):
    """Compare outputs, dL/dX and all parameter gradients with autograd of `formula(X, *parameters)`."""
    out = layer.forward(X, training)
    G = rng.normal(size=out.shape)
    dX = layer.backward(G)
    inputs = [tensor(X), *(tensor(p.value) for p in layer.parameters.values())]
    expected = formula(*inputs)
    expected.backward(torch.tensor(G))
    np.testing.assert_allclose(out, expected.detach().numpy(), **CLOSE)
    np.testing.assert_allclose(dX, inputs[0].grad.numpy(), **CLOSE)
    for name, leaf in zip(layer.parameters, inputs[1:], strict=True):
        np.testing.assert_allclose(getattr(layer, "d" + name), leaf.grad.numpy(), err_msg=name, **CLOSE)


def built(layer, shape, seed=0):
    layer.build(shape, seed)
    return layer


@given(n=SIZES, features=SIZES, units=SIZES, use_bias=st.booleans(), seed=st.integers(0, 99))
def test_dense_matches_torch_linear(n, features, units, use_bias, seed):
    rng = np.random.default_rng(seed)
    layer = built(Dense(units, use_bias, bias_initializer="random_normal"), (features,), seed)
    against_torch(layer, rng.normal(size=(n, features)), rng, lambda X, W, b=None: F.linear(X, W.T, b))


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "softmax", "softplus"])
def test_activation_layer_matches_torch(name):
    rng = np.random.default_rng(0)
    function = {"softmax": lambda s: torch.softmax(s, 1)}.get(name) or getattr(torch, name, None) or getattr(F, name)
    against_torch(built(Activation(name), (4,)), rng.normal(size=(5, 4)), rng, function)


@given(n=SIZES, features=SIZES, units=SIZES, pieces=st.integers(1, 4), seed=st.integers(0, 99))
def test_maxout_matches_torch_maximum_over_pieces(n, features, units, pieces, seed):
    rng = np.random.default_rng(seed)
    layer = built(Maxout(units, pieces), (features,), seed)
    layer.b[:] = rng.normal(size=units * pieces)
    formula = lambda X, W, b: (X @ W + b).reshape(n, units, pieces).amax(2)  # noqa: E731
    against_torch(layer, rng.normal(size=(n, features)), rng, formula)


def test_maxout_draws_each_piece_as_a_dense_layer_of_its_units():
    layer = built(Maxout(50, pieces=4), (50,))
    assert np.abs(layer.W).max() <= np.sqrt(6 / 100)
    assert layer.W.std() == pytest.approx(np.sqrt(2 / 100), rel=0.03)


@pytest.mark.parametrize("training", [True, False])
@given(n=st.integers(2, 6), features=SIZES, seed=st.integers(0, 99))
def test_batch_normalization_matches_torch(training, n, features, seed):
    rng = np.random.default_rng(seed)
    layer = built(BatchNormalization(), (features,))
    layer.gamma[:], layer.beta[:] = rng.normal(size=(2, features))
    layer.running_mean[:], layer.running_var[:] = rng.normal(size=features), rng.uniform(0.5, 2, features)
    mean, var = torch.tensor(layer.running_mean.copy()), torch.tensor(layer.running_var.copy())
    against_torch(
        layer,
        rng.normal(size=(n, features)),
        rng,
        lambda X, gamma, beta: F.batch_norm(X, mean, var, gamma, beta, training, 0.1, 1e-5),
        training,
    )
    np.testing.assert_allclose(layer.running_mean, mean.numpy(), **CLOSE)
    np.testing.assert_allclose(layer.running_var, var.numpy(), **CLOSE)


def test_running_variance_is_unbiased_as_in_torch_or_biased_as_in_keras():
    X = np.array([[1.0], [2.0], [3.0], [6.0]])
    ours = built(BatchNormalization(momentum=0.01, epsilon=1e-3, unbiased=False), (1,))
    ours.forward(X, training=True)
    np.testing.assert_allclose(ours.running_var, 0.99 * 1 + 0.01 * X.var(), **CLOSE)  # Keras: 0.99·old + 0.01·batch
    torch_like = built(BatchNormalization(), (1,))
    torch_like.forward(X, training=True)
    oracle = torch.nn.BatchNorm1d(1, dtype=torch.float64)
    oracle(torch.tensor(X))
    np.testing.assert_allclose(torch_like.running_var, oracle.running_var.numpy(), **CLOSE)
    assert abs(torch_like.running_var[0] - (0.9 + 0.1 * X.var())) > 0.1


def test_one_sample_has_no_unbiased_variance():
    layer = built(BatchNormalization(), (3,))
    with pytest.raises(ValueError, match="a batch of one sample has no unbiased variance"):
        layer.forward(np.ones((1, 3)), training=True)
    with pytest.raises(ValueError, match="the batch is empty: a mean needs a sample"):
        layer.forward(np.ones((0, 3)), training=True)
    assert np.isfinite(built(BatchNormalization(unbiased=False), (3,)).forward(np.ones((1, 3)), training=True)).all()


@pytest.mark.parametrize("inverted", [True, False])
def test_dropout_keeps_the_expectation(inverted):
    layer = built(Dropout(0.3, inverted), (1000,))
    X = np.full((200, 1000), 2.0)
    dropped = layer.forward(X, training=True)
    predicted = layer.forward(X)
    share = (dropped == 0).mean()
    sigma = np.sqrt(0.3 * 0.7 / X.size)
    assert abs(share - 0.3) < 5 * sigma
    kept = 2.0 / 0.7 if inverted else 2.0
    np.testing.assert_allclose(np.unique(dropped), [0.0, kept])
    np.testing.assert_allclose(predicted, 2.0 if inverted else 1.4)
    assert dropped.mean() == pytest.approx(predicted.mean(), abs=5 * kept * sigma)


@pytest.mark.parametrize("inverted", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_dropout_sends_gradients_back_through_the_same_mask(inverted, training):
    rng = np.random.default_rng(0)
    layer = built(Dropout(0.5, inverted), (8,))
    X, G = rng.normal(size=(2, 4, 8))
    out = layer.forward(X, training)
    np.testing.assert_allclose(layer.backward(G), G * out / X, rtol=1e-12)


def test_classic_dropout_equals_scaling_the_weights_behind_it_as_the_paper_says():
    rng = np.random.default_rng(0)
    X, W = rng.normal(size=(5, 8)), rng.normal(size=(8, 3))
    predicted = built(Dropout(0.2, inverted=False), (8,)).forward(X) @ W
    np.testing.assert_allclose(predicted, X @ (0.8 * W), rtol=1e-12)


def test_dropout_example_of_the_deck_100_outputs_20_percent():
    """USC EE599 (2020): 100 outputs, rate 0.2, so 80 are kept on average and scaled by 1.25."""
    layer = built(Dropout(0.2), (100,))
    out = layer.forward(np.ones((10_000, 100)), training=True)
    assert (out != 0).sum(axis=1).mean() == pytest.approx(80, abs=5 * np.sqrt(100 * 0.16 / 10_000))
    assert set(np.unique(out)) == {0.0, 1.25}


def test_flatten_matches_torch():
    rng = np.random.default_rng(0)
    layer = Flatten()
    assert layer.build((2, 3, 4)) == (24,)
    against_torch(layer, rng.normal(size=(5, 2, 3, 4)), rng, lambda X: torch.flatten(X, 1))


@given(n=SIZES, active=st.integers(1, 4), columns=SIZES, units=SIZES, seed=st.integers(0, 99))
def test_sparse_dense_equals_dense_on_one_hot_rows_and_torch_embedding_bag(n, active, columns, units, seed):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, columns, (n, active))
    one_hot = np.zeros((n, columns))
    np.add.at(one_hot, (np.arange(n)[:, None], X), 1)
    sparse, dense = built(SparseDense(units, columns), (active,), 5), built(Dense(units), (columns,), 5)
    np.testing.assert_array_equal(sparse.W, dense.W)
    np.testing.assert_allclose(sparse.forward(X), dense.forward(one_hot), **CLOSE)
    bag = F.embedding_bag(torch.tensor(X), torch.tensor(sparse.W), mode="sum").numpy()
    np.testing.assert_allclose(sparse.forward(X), bag, **CLOSE)
    G = rng.normal(size=(n, units))
    sparse.backward(G)
    dense.backward(G)
    np.testing.assert_allclose(sparse.dW, dense.dW, **CLOSE)
    np.testing.assert_allclose(sparse.db, dense.db, **CLOSE)


@given(n=SIZES, m=st.integers(1, 4), columns=SIZES, units=SIZES, seed=st.integers(0, 99))
def test_embedding_matches_torch(n, m, columns, units, seed):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, columns, (n, m))
    layer = built(Embedding(columns, units), (m,), seed)
    W = tensor(layer.W)
    expected = F.embedding(torch.tensor(X), W)
    G = rng.normal(size=(n, m, units))
    expected.backward(torch.tensor(G))
    np.testing.assert_array_equal(layer.forward(X), expected.detach().numpy())
    layer.backward(G)
    np.testing.assert_allclose(layer.dW, W.grad.numpy(), **CLOSE)


@pytest.mark.parametrize(
    ("make", "shape", "X", "error", "message"),
    [
        (lambda: SparseDense(2, 4), (2,), [[0, 4]], ValueError, r"indices must lie in 0..3, got \[0, 4\] at row 0"),
        (lambda: SparseDense(2, 4), (2,), [[0, 1], [-1, 2]], ValueError, "at row 1"),
        (lambda: Embedding(4, 2), (1,), [[0.5]], TypeError, "indices must be integers"),
    ],
)
def test_wrong_indices_are_named(make, shape, X, error, message):
    with pytest.raises(error, match=message):
        built(make(), shape).forward(np.array(X))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(0), "units must be a whole number >= 1, got 0"),
        (lambda: Dense(2.5), "units must be a whole number"),
        (lambda: Dense(3, kernel_initializer="glorot"), "unknown initializer 'glorot'"),
        (lambda: Dense(3, kernel_regularizer="l3"), "unknown regularizer 'l3'"),
        (lambda: Activation("rleu"), "did you mean 'relu'"),
        (lambda: Dropout(1.0), "rate must lie in 0 <= rate < 1, got 1"),
        (lambda: BatchNormalization(momentum=1.5), "momentum must lie in"),
        (lambda: Maxout(2, pieces=0), "pieces must be a whole number"),
        (lambda: built(Dense(3), (28, 28)), r"got \(28, 28\): put Flatten\(\) before it"),
        (lambda: built(Maxout(3), (28, 28)), r"put Flatten\(\) before it"),
    ],
)
def test_wrong_settings_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_layer_that_is_not_built_says_so():
    with pytest.raises(AttributeError, match=r"Dense has no 'W': it is not built yet; call build"):
        Dense(3).forward(np.ones((2, 2)))


def test_unfinished_layers_say_what_is_missing():
    with pytest.raises(NotImplementedError, match="must define forward"):
        Layer().forward(np.ones((1, 1)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_through_both_passes(dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4, 5)).astype(dtype)
    for layer in (Dense(3), Activation("tanh"), Dropout(0.5), BatchNormalization(), Maxout(3)):
        layer.build((5,), 0, dtype)
        out = layer.forward(X, training=True)
        assert out.dtype == dtype, layer
        assert layer.backward(out).dtype == dtype, layer


def test_same_seed_same_weights():
    np.testing.assert_array_equal(built(Dense(3), (5,), 7).W, built(Dense(3), (5,), 7).W)
    assert not np.array_equal(built(Dense(3), (5,), 7).W, built(Dense(3), (5,), 8).W)
