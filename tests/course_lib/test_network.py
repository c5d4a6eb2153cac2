"""Networks against torch.autograd and central differences; the flat vectors; prediction; errors."""

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.reference.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Maxout,
    SparseDense,
)
from course_lib.reference.losses import MeanSquaredError, SparseCategoricalCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.optimizers import SGD, Adam
from course_lib.reference.regularizers import L1, L2, MaxNorm

LOGITS = SparseCategoricalCrossentropy(from_logits=True)


def perceptron(seed=0, dtype=np.float64, **kernel):
    return Network([Dense(6, **kernel), Activation("tanh"), Dense(3, **kernel)], input_shape=4, seed=seed, dtype=dtype)


def batch(n=7, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 4)), rng.integers(0, 3, n)


def torch_twin(network):
    """Return the same perceptron in torch, sharing no memory."""
    W1, b1, W2, b2 = (torch.tensor(v, requires_grad=True) for v in network.named_parameters().values())
    return (W1, b1, W2, b2), lambda X: torch.tanh(X @ W1 + b1) @ W2 + b2


@given(n=st.integers(1, 8), seed=st.integers(0, 99))
def test_gradient_matches_torch_autograd(n, seed):
    network, (X, y) = perceptron(seed), batch(n, seed)
    loss, gradient = network.loss_and_gradient(X, y, LOGITS)
    parameters, forward = torch_twin(network)
    expected = torch.nn.functional.cross_entropy(forward(torch.tensor(X)), torch.tensor(y))
    expected.backward()
    assert loss == pytest.approx(expected.item(), abs=1e-10)
    flat = np.concatenate([p.grad.numpy().ravel() for p in parameters])
    np.testing.assert_allclose(gradient, flat, rtol=0, atol=1e-10)


def test_two_hundred_steps_of_adam_match_torch_optim():
    network, (X, y) = perceptron(), batch(20)
    parameters, forward = torch_twin(network)
    ours, theirs = Adam(0.01), torch.optim.Adam(parameters, 0.01)
    for _ in range(200):
        network.train_batch(X, y, LOGITS, ours)
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(forward(torch.tensor(X)), torch.tensor(y)).backward()
        theirs.step()
    for own, other in zip(network.named_parameters().values(), parameters, strict=True):
        np.testing.assert_allclose(own, other.detach().numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    "layers",
    [
        [Flatten(), Dense(5), BatchNormalization(), Activation("tanh"), Maxout(4, 3), Activation("sigmoid"), Dense(3)],
        [Activation("tanh"), Dense(3, kernel_regularizer=L2(0.1), bias_regularizer=L1(0.2))],
        [Maxout(3, kernel_regularizer=L2(0.3))],
    ],
)
@pytest.mark.parametrize("training", [True, False])
def test_gradient_matches_central_differences_penalties_included(layers, training):
    network = Network(copy.deepcopy(layers), input_shape=4, dtype=np.float64)
    network.parameters += np.random.default_rng(1).normal(scale=0.1, size=network.parameters.size)
    X, y = batch()
    _, gradient = network.loss_and_gradient(X, y, LOGITS, training=training)
    h = 1e-5  # truncation h², rounding 1e-16/h
    for i in range(network.parameters.size):
        losses = []
        for sign in (1, -1):
            network.parameters[i] += sign * h
            losses.append(network.loss_and_gradient(X, y, LOGITS, training=training)[0])
            network.parameters[i] -= sign * h
        assert gradient[i] == pytest.approx((losses[0] - losses[1]) / (2 * h), abs=1e-8)


def test_layers_hold_views_of_the_flat_vectors():
    network = perceptron()
    for layer in (network.layers[0], network.layers[2]):
        assert np.shares_memory(layer.W, network.parameters) and np.shares_memory(layer.dW, network.gradient)
    network.parameters[:] = 1.0
    np.testing.assert_array_equal(network.layers[0].W, 1.0)
    assert network.parameters.ctypes.data % 64 == 0


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
def test_a_copy_is_independent_and_still_flat(duplicate):
    network, (X, y) = perceptron(), batch()
    twin = duplicate(network)
    before = network.parameters.copy()
    twin.train_batch(X, y, LOGITS, SGD(0.1))
    np.testing.assert_array_equal(network.parameters, before)
    assert not np.array_equal(twin.parameters, before)
    assert np.shares_memory(twin.layers[0].W, twin.parameters)
    network.train_batch(X, y, LOGITS, SGD(0.1))
    np.testing.assert_array_equal(network.parameters, twin.parameters)


def test_same_seed_same_weights_and_dropout():
    X, y = batch()
    results = []
    for seed in (3, 3, 4):
        network = Network([Dense(8), Dropout(0.5), Dense(3)], 4, seed)
        network.train_batch(X, y, LOGITS, SGD(0.1))
        results.append(network.parameters)
    np.testing.assert_array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])


def test_prediction_in_batches_equals_prediction_at_once_and_does_not_drop():
    network = Network([Dense(8), Dropout(0.5), BatchNormalization(), Dense(3)], 4, dtype=np.float64)
    X, _ = batch(50)
    np.testing.assert_allclose(network.predict(X, batch_size=7), network.predict(X), rtol=1e-13)
    np.testing.assert_array_equal(network.predict(X), network.predict(X))
    assert network.predict(X[:0]).shape == (0, 3)


def test_first_layer_with_weights_is_spared_its_input_gradient(monkeypatch):
    network = Network([Flatten(), Dense(3)], (2, 2))

    def backward(self, G):
        raise AssertionError("nobody needs this product")

    monkeypatch.setattr(Dense, "backward", backward)
    monkeypatch.setattr(Flatten, "backward", backward)
    network.train_batch(np.ones((5, 2, 2)), np.zeros(5, int), LOGITS, SGD(0.1))
    assert np.any(network.gradient)


def test_network_without_weights_has_an_empty_gradient():
    network = Network([Activation("tanh")], 2)
    assert network.loss_and_gradient(np.ones((3, 2)), np.ones((3, 2)), MeanSquaredError())[1].size == 0


def test_max_norm_holds_after_every_step():
    network = perceptron(kernel_constraint=MaxNorm(0.5))
    X, y = batch()
    for _ in range(5):
        network.train_batch(X, y, LOGITS, SGD(1.0))
        for layer in (network.layers[0], network.layers[2]):
            assert np.linalg.norm(layer.W, axis=0).max() <= 0.5 * (1 + 1e-12)


def test_sparse_input_trains_as_one_hot_rows_do():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 9, (30, 2)) + np.array([0, 9]), rng.integers(0, 2, 30)
    one_hot = np.zeros((30, 18))
    one_hot[np.arange(30)[:, None], X] = 1
    sparse = Network([SparseDense(5, 18), Activation("relu"), Dense(2)], 2, 1, np.float64)
    dense = Network([Dense(5), Activation("relu"), Dense(2)], 18, 1, np.float64)
    for network, inputs in ((sparse, X), (dense, one_hot)):
        optimizer = Adam(0.05)
        for _ in range(20):
            network.train_batch(inputs, y, LOGITS, optimizer)
    np.testing.assert_allclose(sparse.parameters, dense.parameters, rtol=0, atol=1e-10)


def test_summary_counts_as_keras_does():
    network = Network([Dense(128), Activation("relu"), BatchNormalization(), Dropout(0.2), Dense(10)], 784)
    table = network.summary()
    assert "100,480" in table and "1,290" in table and "Activation relu" in table
    assert table.endswith("102,026 parameters + 256 not trained, float32, 0.4 MB")


def test_weights_can_be_taken_and_put_back_running_means_included():
    network = Network([Dense(5), BatchNormalization(), Dense(3)], 4)
    X, y = batch()
    before, outputs = network.get_weights(), network.predict(X)
    for _ in range(3):
        network.train_batch(X, y, LOGITS, SGD(0.5))
    assert not np.allclose(network.predict(X), outputs)
    network.set_weights(before)
    np.testing.assert_array_equal(network.predict(X), outputs)


def test_input_shape_is_taken_from_the_first_batch():
    network = Network([Dense(3)])
    assert network.forward(np.ones((2, 5))).shape == (2, 3)
    assert network.parameters.size == 18


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda n: n.forward(np.ones((2, 5))), ValueError, r"X must have shape \(n, 4\), got \(2, 5\)"),
        (lambda n: n.forward(np.ones(4)), ValueError, r"X must have shape \(n, 4\), got \(4,\)"),
        (lambda n: n.predict([[1.0, 2.0, np.nan, 4.0]]), ValueError, r"X must be finite, got nan at \(0, 2\)"),
        (lambda n: n.predict(np.full((1, 4), np.inf)), ValueError, "X must be finite, got inf"),
        (lambda n: n.forward([["a", "b", "c", "d"]]), TypeError, "X must hold real numbers"),
        (lambda n: n.set_weights({"parameters": np.ones(3), "state": np.ones(0)}), ValueError, "has 51 parameters"),
        (lambda n: n.set_weights({"parameters": n.parameters}), ValueError, "0 state in a flat vector, got none"),
        (lambda n: n.predict(np.ones((2, 4)), 0), ValueError, "batch_size must be a whole number >= 1, got 0"),
        (lambda n: n.predict(np.ones((2, 4)), -1), ValueError, "batch_size must be a whole number >= 1, got -1"),
        (lambda n: n.loss_and_gradient(np.ones((1, 4)), [3], LOGITS), ValueError, r"labels must lie in 0..2"),
    ],
)
def test_wrong_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call(perceptron())


def test_finite_input_whose_sum_overflows_is_accepted():
    X = np.full((2, 4), 3e38, np.float32)
    np.testing.assert_array_equal(perceptron(dtype=np.float32).prepare(X), X)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Network([]), ValueError, "at least one layer"),
        (lambda: Network([d := Dense(3), d]), ValueError, "each layer object only once"),
        (lambda: Network([Dense(3), "relu"]), TypeError, r"layer 1 must be a Layer, got 'relu'"),
        (lambda: Network([Dense(3)], 4, dtype=np.int32), ValueError, "dtype must be float32 or float64"),
        (lambda: Network([Dense(3)], 4, dtype="flaot32"), ValueError, "must be float32 or float64, got 'flaot32'"),
        (lambda: Network([Dense(3)], 0), ValueError, "input_shape must be a whole number >= 1, got 0"),
        (lambda: Network([Flatten()], (28, 2.5)), ValueError, "input_shape must be a whole number >= 1, got 2.5"),
        (lambda: Network([Dense(3)]).summary(), ValueError, "not built yet"),
        (lambda: Network([Dense(3)], 4, seed=-1), TypeError, "seed must be an integer >= 0"),
    ],
)
def test_wrong_network_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
