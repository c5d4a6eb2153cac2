"""`fit` against Keras and against itself: losses, weights, validation, seeds, errors."""

import os

import numpy as np
import pytest
import torch

os.environ["KERAS_BACKEND"] = "torch"
import keras

from course_lib.callbacks import Callback, EarlyStopping, LambdaCallback
from course_lib.metrics import Accuracy
from course_lib.reference.layers import Activation, BatchNormalization, Dense, Dropout
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.optimizers import SGD, Adam
from course_lib.reference.regularizers import L2
from course_lib.training import Batches, evaluate, fit

LOGITS = SparseCategoricalCrossentropy(from_logits=True)


def blobs(n=60, seed=0):
    """Three clouds of points in the plane."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    return rng.normal(size=(n, 2)) + 3 * np.array([[0, 0], [1, 0], [0, 1]])[y], y


def perceptron(dtype=np.float64, seed=0, **dense):
    return Network([Dense(8, **dense), Activation("tanh"), Dense(3, **dense)], 2, seed, dtype)


@pytest.fixture
def keras_twin():
    """The same perceptron in Keras, with the same initial weights, in float64."""
    before = keras.config.floatx(), torch.get_default_dtype()
    keras.config.set_floatx("float64")
    torch.set_default_dtype(torch.float64)

    def build(network, **compiled):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(3)])
        model.set_weights([v.copy() for v in network.named_parameters().values()])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss, metrics=["accuracy"], **compiled)
        return model

    yield build
    keras.config.set_floatx(before[0])
    torch.set_default_dtype(before[1])


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")  # Keras' own, on NumPy 2.4
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"validation_split": 0.25},
        {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}},
        {"sample_weight": np.linspace(0, 2, 60)},
        {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}, "validation_split": 0.25},
    ],
    ids=lambda options: " ".join(options) or "plain",
)
def test_fit_matches_keras_epoch_by_epoch(options, keras_twin):
    X, y = blobs()
    X = X.astype(np.float32).astype(np.float64)  # Keras' data adapter rounds its inputs
    network = perceptron()
    model = keras_twin(network)
    common = dict(epochs=4, batch_size=16, shuffle=False, **options)
    ours = fit(network, X, y, LOGITS, SGD(0.1, 0.9), metrics=["accuracy"], **common)
    theirs = model.fit(X, y, verbose=0, **common)
    assert set(ours.history) == set(theirs.history)
    for name, values in theirs.history.items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-6, err_msg=name)  # Keras sums up in float32
    for own, other in zip(network.named_parameters().values(), model.get_weights(), strict=True):
        np.testing.assert_allclose(own, other, rtol=0, atol=8 * np.finfo(np.float32).eps)  # and keeps some scalars so


def test_perceptron_learns_the_blobs_and_sgd_is_reproducible():
    X, y = blobs(300)
    runs = []
    for seed in (0, 0, 1):
        network = perceptron(np.float32)
        history = fit(network, X, y, LOGITS, Adam(0.01), epochs=30, metrics=["accuracy"], seed=seed)
        runs.append((network.parameters, history.history))
    assert runs[0][1]["accuracy"][-1] > 0.85
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]
    assert not np.array_equal(runs[0][0], runs[2][0])


def test_dropout_and_batch_normalization_are_reproducible_too():
    X, y = blobs()
    states = []
    for _ in range(2):
        network = Network([Dense(8), BatchNormalization(), Activation("relu"), Dropout(0.5), Dense(3)], seed=3)
        fit(network, X, y, LOGITS, epochs=3)
        states.append(np.concatenate([network.parameters, network.state]))
    np.testing.assert_array_equal(*states)


def test_epoch_loss_is_the_mean_over_all_samples_not_over_batches():
    X, y = blobs(10)
    network = perceptron()
    expected = evaluate(network, X, y, LOGITS)["loss"]
    history = fit(network, X, y, LOGITS, SGD(0.0), batch_size=4)  # batches of 4, 4 and 2
    assert history["loss"][0] == pytest.approx(expected, rel=1e-12)


def test_loss_contains_the_penalty_as_in_keras():
    X, y = blobs()
    plain, penalized = perceptron(), perceptron(kernel_regularizer=L2(0.1))
    penalty = 0.1 * sum((v**2).sum() for name, v in plain.named_parameters().items() if name.endswith("W"))
    difference = evaluate(penalized, X, y, LOGITS)["loss"] - evaluate(plain, X, y, LOGITS)["loss"]
    assert difference == pytest.approx(penalty, rel=1e-12)
    history = fit(penalized, X, y, LOGITS, SGD(0.0), validation_data=(X, y))
    assert history["loss"][0] == pytest.approx(history["val_loss"][0], rel=1e-12)
    assert history["loss"][0] == pytest.approx(evaluate(plain, X, y, LOGITS)["loss"] + penalty, rel=1e-12)


def test_weight_zero_is_the_same_as_leaving_the_sample_out():
    X, y = blobs(32)
    weights = np.ones(32)
    weights[16:] = 0
    whole, half = perceptron(), perceptron()
    fit(whole, X, y, LOGITS, SGD(0.2), epochs=5, batch_size=32, sample_weight=weights)
    fit(half, X[:16], y[:16], LOGITS, SGD(0.1), epochs=5, batch_size=16)  # the mean divides by 32 there, by 16 here
    np.testing.assert_allclose(whole.parameters, half.parameters, rtol=0, atol=1e-12)


def test_validation_split_takes_the_last_samples():
    X, y = blobs(20)
    history = fit(perceptron(), X, y, LOGITS, SGD(0.0), validation_split=0.25, metrics=[Accuracy()])
    expected = evaluate(perceptron(), X[15:], y[15:], LOGITS, ["accuracy"])
    assert history["val_loss"][0] == pytest.approx(expected["loss"], rel=1e-12)
    assert history["val_accuracy"][0] == expected["accuracy"]


def test_second_call_goes_on_where_the_first_ended():
    X, y = blobs()
    once, twice = perceptron(), perceptron()
    rng, optimizer = np.random.default_rng(5), Adam()
    fit(once, X, y, LOGITS, Adam(), epochs=6, seed=5)
    fit(twice, X, y, LOGITS, optimizer, epochs=2, seed=rng)
    history = fit(twice, X, y, LOGITS, optimizer, epochs=6, initial_epoch=2, seed=rng)
    np.testing.assert_array_equal(once.parameters, twice.parameters)
    assert history.epoch == [2, 3, 4, 5]


def test_targets_in_a_row_are_a_column_where_there_is_one_output():
    X = np.linspace(-1, 1, 50)[:, None]
    network = Network([Dense(1)], 1, dtype=np.float64)
    fit(network, X, 3 * X[:, 0] + 1, "mse", SGD(0.5), epochs=50)
    np.testing.assert_allclose(network.parameters, [3, 1], atol=1e-6)


def test_batches_hold_every_row_once_in_a_new_order_each_time():
    batches = Batches(103, 10, rng=np.random.default_rng(0))
    first, second = (list(batches) for _ in range(2))
    assert [len(rows) for rows in first] == [10] * 10 + [3] and len(batches) == 11
    assert sorted(np.concatenate(first)) == list(range(103))
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))
    assert [len(rows) for rows in Batches(103, 10, drop_last=True)] == [10] * 10
    assert [len(rows) for rows in Batches(5, 100)] == [5]


def test_callbacks_are_called_in_order_at_every_moment():
    X, y = blobs(10)
    seen = []
    names = ["train_begin", "epoch_begin", "batch_begin", "batch_end", "epoch_end", "train_end"]
    moments = {f"on_{name}": lambda *args, name=name: seen.append((name, *args)) for name in names}
    fit(perceptron(), X, y, LOGITS, SGD(0.0), batch_size=5, epochs=1, callbacks=[LambdaCallback(**moments)])
    order = [name for name, *_ in seen]
    assert order == ["train_begin", "epoch_begin", *["batch_begin", "batch_end"] * 2, "epoch_end", "train_end"]
    batch_losses = [args[1]["loss"] for name, *args in seen if name == "batch_end"]
    assert seen[-2][2]["loss"] == pytest.approx(np.mean(batch_losses), rel=1e-12)


def test_interrupt_still_ends_the_run_properly():
    class Interrupt(Callback):
        ended = False

        def on_batch_begin(self, batch):
            raise KeyboardInterrupt

        def on_train_end(self):
            self.ended = True

    interrupt = Interrupt()
    with pytest.raises(KeyboardInterrupt):
        fit(perceptron(), *blobs(), LOGITS, callbacks=[interrupt])
    assert interrupt.ended


def test_progress_bar_shows_epochs_and_numbers(capsys):
    fit(perceptron(), *blobs(), LOGITS, epochs=2, verbose=1)
    shown = capsys.readouterr().err
    assert "epoch 2/2" in shown and "loss=" in shown and "4/4" in shown


X, Y = blobs(8)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"y": Y[:5]}, ValueError, r"one row a sample.*\(8, 2\) and \(5,\)"),
        ({"X": X[:0], "y": Y[:0]}, ValueError, "at least one sample"),
        ({"X": X[:, 0]}, ValueError, r"X \(n, features\)"),
        ({"y": Y + 9}, ValueError, r"labels must lie in 0..2 \(3 logits\), got 1"),
        ({"y": Y + 0.5}, TypeError, "labels must be integers"),
        ({"y": np.full(8, np.nan), "loss": "mse"}, ValueError, "y must be finite, got nan"),
        ({"X": np.full((8, 2), np.nan)}, ValueError, r"X must be finite, got nan at \(0, 0\)"),
        ({"loss": "crossentropy"}, ValueError, "unknown loss 'crossentropy'"),
        ({"optimizer": "sdg"}, ValueError, "did you mean 'sgd'"),
        ({"metrics": ["acuracy"]}, ValueError, "did you mean 'accuracy'"),
        ({"metrics": "accuracy"}, TypeError, r"metrics must be a list, got 'accuracy': write \['accuracy'\]"),
        ({"initial_epoch": -1}, ValueError, "initial_epoch must be a whole number >= 0, got -1"),
        ({"validation_data": X}, ValueError, r"validation_data must be a pair \(X, y\), got a ndarray"),
        ({"class_weight": [1.0, 2.0, 3.0]}, TypeError, "class_weight must be a dict such as"),
        ({"class_weight": {0: 1.0, 1: -1.0, 2: 1.0}}, ValueError, r"class_weight\[1\] must lie in 0 <="),
        ({"callbacks": EarlyStopping()}, TypeError, "callbacks must be a list, got one EarlyStopping"),
        ({"epochs": -1}, ValueError, "epochs must be a whole number >= 0, got -1"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number >= 1, got 0"),
        ({"validation_split": 1.0}, ValueError, "validation_split must lie in"),
        ({"validation_split": 0.01}, ValueError, "leaves no sample on one side"),
        ({"validation_split": 0.5, "validation_data": (X, Y)}, ValueError, "not both"),
        ({"validation_data": (X, Y[:3])}, ValueError, "validation X"),
        ({"sample_weight": [1.0]}, ValueError, r"sample_weight must have shape \(8,\), got \(1,\)"),
        ({"sample_weight": [-1.0] * 8}, ValueError, "finite and not negative"),
        ({"class_weight": {0: 1.0}}, ValueError, "class_weight must name every class"),
        ({"callbacks": [print]}, TypeError, "callbacks must be Callback objects"),
        ({"seed": None}, TypeError, "seed must be an integer"),
    ],
)
def test_wrong_arguments_are_named(change, error, message):
    arguments = {"X": X, "y": Y, "loss": LOGITS} | change
    with pytest.raises(error, match=message):
        fit(perceptron(), **arguments)
