"""Callbacks against Keras where it has the same rule, and by what they do."""

import csv
import http.server
import json
import math
import os
import threading

import numpy as np
import pytest

os.environ["KERAS_BACKEND"] = "torch"
import keras

from course_lib.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ProgbarLogger,
    ReduceLROnPlateau,
    RemoteMonitor,
    Run,
    TerminateOnNaN,
)
from course_lib.reference.layers import Activation, BatchNormalization, Dense
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.optimizers import SGD, Adam
from course_lib.training import evaluate, fit

LOGITS = SparseCategoricalCrossentropy(from_logits=True)
NAN = math.nan


def problem(n=40, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, (X.sum(axis=1) > 0).astype(int)


def network(seed=0):
    return Network([Dense(6), BatchNormalization(), Activation("tanh"), Dense(2)], 3, seed)


class Weights:
    """A model that is nothing but its weights: the number of the epoch."""

    def __init__(self):
        self.weights = 0

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def play(callback, values, name="val_loss"):
    """Show a callback one value an epoch; return the run."""
    callback.run = run = Run(Weights(), SGD(1.0), epochs=len(values), steps=1)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        run.model.weights = epoch
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {name: value})
        if run.stopped:
            break
    callback.on_train_end()
    return run


LOSSES = [
    [3, 2, 1, 1, 1, 1, 1],
    [3, 2, 2.5, 1.9, 2, 2.1, 1.8, 1.7],
    [1, 2, 3, 4],
    [3, NAN, NAN, NAN, NAN],
    [5, 4, 3, 2, 1],
    [2, 1.99, 1.98, 1.97, 1.96, 1.95],
]


@pytest.mark.parametrize("losses", LOSSES, ids=str)
@pytest.mark.parametrize(("patience", "min_delta"), [(1, 0.0), (2, 0.0), (3, 0.05)])
def test_early_stopping_stops_where_keras_does(losses, patience, min_delta):
    ours = EarlyStopping(patience=patience, min_delta=min_delta)
    run = play(ours, losses)
    theirs = keras.callbacks.EarlyStopping(patience=patience, min_delta=min_delta)
    theirs.set_model(model := keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    model.stop_training = False
    theirs.on_train_begin()
    for epoch, loss in enumerate(losses):
        theirs.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    assert ours.stopped_epoch == (theirs.stopped_epoch or None)
    assert ours.best == theirs.best
    assert (run.stopped is not None) == model.stop_training


@pytest.mark.parametrize("losses", LOSSES[:4], ids=str)
def test_best_weights_come_back(losses):
    stopping = EarlyStopping(patience=2)
    run = play(stopping, losses)
    seen = losses[: (stopping.stopped_epoch or len(losses)) + 1]
    assert run.model.weights == stopping.best_epoch == int(np.nanargmin(seen))


def test_best_weights_come_back_from_a_real_run_running_means_included():
    X, y = problem()
    model, stopping = network(), EarlyStopping("val_loss", patience=5)
    history = fit(
        model, X, y, LOGITS, SGD(2.0, 0.9), epochs=60, validation_split=0.25, callbacks=[stopping], batch_size=10
    )
    assert history.stopped.startswith("val_loss has not improved for 5 epochs")
    loss = evaluate(model, X[30:], y[30:], LOGITS)["loss"]
    assert loss == pytest.approx(min(history["val_loss"]), rel=1e-6)
    assert loss < history["val_loss"][-1]


def test_early_stopping_knows_that_accuracy_rises_and_obeys_baseline_and_start():
    assert play(EarlyStopping("val_accuracy", patience=1), [0.5, 0.6, 0.6], "val_accuracy").stopped
    assert not play(EarlyStopping("val_accuracy", patience=1), [0.5, 0.6, 0.7], "val_accuracy").stopped
    assert play(EarlyStopping(patience=2, baseline=1.0), [3, 2, 1.5]).stopped
    assert not play(EarlyStopping(patience=1, start_from_epoch=2), [1, 2, 3]).stopped


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")  # Keras' own, on NumPy 2.4
@pytest.mark.parametrize("losses", LOSSES[:3] + LOSSES[4:], ids=str)
def test_reduce_on_plateau_sets_the_rates_of_keras(losses):
    ours = ReduceLROnPlateau(factor=0.5, patience=2, min_lr=0.2)
    theirs = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=2, min_lr=0.2)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0))
    theirs.set_model(model)
    theirs.on_train_begin()
    ours.run = Run(None, SGD(1.0), epochs=9, steps=1)
    ours.on_train_begin()
    for epoch, loss in enumerate(losses):
        logs = {"val_loss": loss}
        ours.on_epoch_end(epoch, logs)
        theirs.on_epoch_end(epoch, {"val_loss": loss})
        assert logs["learning_rate"] == pytest.approx(float(model.optimizer.learning_rate.value), rel=1e-6)


@pytest.mark.parametrize("schedule", [lambda epoch: 0.1 / (epoch + 1), lambda epoch, rate: rate / 2])
def test_learning_rate_scheduler_takes_either_kind_of_function(schedule):
    X, y = problem()
    history = fit(network(), X, y, LOGITS, SGD(0.2), epochs=3, callbacks=[LearningRateScheduler(schedule)])
    two = schedule.__code__.co_argcount == 2
    np.testing.assert_allclose(history["learning_rate"], [0.1, 0.05, 0.025] if two else [0.1, 0.05, 0.1 / 3])


@pytest.mark.parametrize("callback", [LearningRateScheduler(lambda epoch: 0.1), ReduceLROnPlateau("loss")])
def test_schedule_and_callback_cannot_both_set_the_rate(callback):
    with pytest.raises(ValueError, match="sets the learning rate, but the optimizer has the schedule"):
        fit(network(), *problem(), LOGITS, SGD(lambda step: 0.1), callbacks=[callback])


def test_terminate_on_nan_stops_at_the_batch():
    X, _ = problem()
    batches = []
    with np.errstate(all="ignore"):
        model = Network([Dense(1)], 3)
        history = fit(
            model,
            X,
            X.sum(axis=1),
            "mse",
            SGD(1e20),
            epochs=50,
            batch_size=4,
            callbacks=[TerminateOnNaN(), LambdaCallback(on_batch_end=lambda batch, logs: batches.append(logs["loss"]))],
        )
    assert "is inf" in history.stopped or "is nan" in history.stopped
    assert not math.isfinite(batches[-1]) and all(map(math.isfinite, batches[:-1]))
    assert len(history.epoch) == 1


def test_history_keeps_late_columns_and_finds_the_best():
    history = History()
    for epoch, logs in enumerate([{"loss": 2.0}, {"loss": 1.0, "extra": 5.0}, {"loss": NAN}]):
        history.on_epoch_end(epoch, logs)
    assert history["loss"][:2] == [2.0, 1.0]
    np.testing.assert_array_equal(history["extra"], [NAN, 5.0, NAN])
    assert history.best("loss") == (1, 1.0)
    with pytest.raises(ValueError, match="give fit validation_data or validation_split"):
        history.best()
    with pytest.raises(KeyError, match="this run has no 'acc', only loss, extra"):
        history["acc"]


def test_history_becomes_a_data_frame():
    X, y = problem()
    frame = fit(network(), X, y, LOGITS, epochs=3, metrics=["accuracy"], validation_split=0.2).to_frame()
    assert list(frame.columns) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert list(frame.index) == [0, 1, 2] and frame.index.name == "epoch"


def test_history_plots_itself_with_words_for_those_who_cannot_see_it():
    X, y = problem()
    history = fit(network(), X, y, LOGITS, epochs=3, metrics=["accuracy"], validation_split=0.2)
    loss, accuracy = history.plot()
    assert loss.get_label().startswith("Loss by epoch over 3 epochs: training goes from")
    lines = {line.get_label(): line.get_ydata() for line in accuracy.axes[0].get_lines()}
    np.testing.assert_array_equal(lines["training"], history["accuracy"])
    np.testing.assert_array_equal(lines["validation"], history["val_accuracy"])
    assert len(history.plot("loss")) == 1
    with pytest.raises(ValueError, match="has no 'los', only loss, accuracy"):
        history.plot("los")
    with pytest.raises(ValueError, match="no epoch yet"):
        History().plot()


def test_csv_logger_streams_and_goes_on(tmp_path):
    X, y = problem()
    model, optimizer, path = network(), Adam(), tmp_path / "log.csv"
    history = fit(model, X, y, LOGITS, optimizer, epochs=2, callbacks=[CSVLogger(path)])
    fit(model, X, y, LOGITS, optimizer, epochs=3, initial_epoch=2, callbacks=[CSVLogger(path, append=True)])
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert [float(row["loss"]) for row in rows[:2]] == history["loss"]
    fit(model, X, y, LOGITS, optimizer, epochs=1, callbacks=[CSVLogger(path)])
    assert len(path.read_text().splitlines()) == 2


def test_model_checkpoint_keeps_the_best_and_resumes(tmp_path):
    X, y = problem()
    checkpoint = ModelCheckpoint(tmp_path / "best.npz", save_best_only=True)
    model = network()
    history = fit(
        model, X, y, LOGITS, SGD(2.0, 0.9), epochs=20, validation_split=0.25, callbacks=[checkpoint], batch_size=10
    )
    loss = evaluate(Network.load(checkpoint.saved), X[30:], y[30:], LOGITS)["loss"]
    assert loss == pytest.approx(min(history["val_loss"]), rel=1e-6) == pytest.approx(checkpoint.best, rel=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["best.npz"]


def test_model_checkpoint_fills_in_the_name_and_takes_the_optimizer_along(tmp_path):
    X, y = problem()
    checkpoint = ModelCheckpoint(tmp_path / "{epoch:02d}-{loss:.1f}.npz", with_optimizer=True)
    model, optimizer, rng = network(), Adam(), np.random.default_rng(0)
    fit(model, X, y, LOGITS, optimizer, epochs=2, callbacks=[checkpoint], seed=rng)
    assert sorted(path.name[:3] for path in tmp_path.iterdir()) == ["00-", "01-"]
    restored = Adam()
    resumed = Network.load(checkpoint.saved, restored)
    twin_rng = np.random.default_rng(0)
    twin_rng.permutation(40), twin_rng.permutation(40)
    fit(model, X, y, LOGITS, optimizer, epochs=1, seed=rng)
    fit(resumed, X, y, LOGITS, restored, epochs=1, seed=twin_rng)
    np.testing.assert_array_equal(model.parameters, resumed.parameters)


@pytest.fixture
def server():
    """A server on this machine that keeps what it is sent."""
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            """Stay silent."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}/", received
        httpd.shutdown()
        thread.join()


def test_remote_monitor_posts_every_epoch(server):
    url, received = server
    history = fit(network(), *problem(), LOGITS, epochs=3, callbacks=[RemoteMonitor(url)])
    assert received == [{"epoch": epoch, "loss": loss} for epoch, loss in enumerate(history["loss"])]


def test_remote_monitor_survives_a_server_that_is_gone(capsys):
    monitor = RemoteMonitor("http://127.0.0.1:9/", timeout=0.5)
    history = fit(network(), *problem(), LOGITS, epochs=3, callbacks=[monitor])
    assert len(history.epoch) == 3 and monitor.failed
    assert capsys.readouterr().out.count("does not answer") == 1


def test_progress_bar_says_why_a_run_was_stopped(capsys):
    stop = LambdaCallback(on_epoch_end=lambda epoch, logs: stop.run.stop("enough"))
    fit(network(), *problem(), LOGITS, epochs=9, callbacks=[ProgbarLogger(), stop])
    captured = capsys.readouterr()
    assert "stopped: enough" in captured.out + captured.err


def test_callback_that_adds_a_number_is_seen_by_those_behind_it(tmp_path):
    class Norm(Callback):
        def on_epoch_end(self, epoch, logs):
            logs["norm"] = float(np.linalg.norm(self.run.model.parameters))

    X, y = problem()
    history = fit(network(), X, y, LOGITS, epochs=2, callbacks=[Norm(), CSVLogger(tmp_path / "log.csv")])
    assert len(history["norm"]) == 2
    assert (tmp_path / "log.csv").read_text().splitlines()[0] == "epoch,loss,norm"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EarlyStopping(patience=0), "patience must be a whole number >= 1, got 0"),
        (lambda: EarlyStopping(patience=2.5), "patience must be a whole number >= 1, got 2.5"),
        (lambda: EarlyStopping(baseline=NAN), "baseline must be finite, got nan"),
        (lambda: EarlyStopping(start_from_epoch=-1), "start_from_epoch must be a whole number >= 0, got -1"),
        (lambda: History().best("loss"), "the history has none yet"),
        (lambda: play(EarlyStopping("los"), [1.0], "loss"), "did you mean 'loss'"),
        (lambda: EarlyStopping(min_delta=-1), "min_delta must lie in"),
        (lambda: EarlyStopping(mode="up"), "mode must be 'auto', 'min' or 'max', got 'up'"),
        (lambda: ReduceLROnPlateau(factor=2.0), "factor must"),
        (lambda: LambdaCallback(on_epoch_ended=print), "did you mean 'on_epoch_end'"),
        (lambda: RemoteMonitor("localhost:80"), "url must start with http"),
        (lambda: play(EarlyStopping("val_loss"), [1.0], "loss"), "give fit validation_data or validation_split"),
        (lambda: play(EarlyStopping("acc"), [1.0], "loss"), "monitors 'acc', but this run has loss"),
    ],
)
def test_wrong_settings_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
