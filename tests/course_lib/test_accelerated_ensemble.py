"""Ensembles against the NumPy reference, one network at a time; what they share, what they keep apart."""

import numpy as np
import pytest
import torch
from test_accelerated_step import Pretended
from torch.utils._python_dispatch import TorchDispatchMode

from course_lib import search
from course_lib.accelerated import together
from course_lib.accelerated.candidates import Candidates
from course_lib.accelerated.capturing import Capture
from course_lib.accelerated.devices import DeviceMemoryError
from course_lib.accelerated.ensemble import Ensemble
from course_lib.accelerated.epochs import plain_steps
from course_lib.accelerated.losses import get_loss
from course_lib.accelerated.many import fit_many
from course_lib.accelerated.members import EnsembleOptimizer, EnsembleWork, signature
from course_lib.accelerated.network import Network
from course_lib.accelerated.regularizers import Regularizer
from course_lib.accelerated.step import one_step
from course_lib.reference import layers, losses, network, optimizers
from course_lib.reference.initializers import VarianceScaling
from course_lib.reference.regularizers import L1, L2, ElasticNet, MaxNorm
from course_lib.schedules import ExponentialDecay
from course_lib.training import fit

LOGITS = losses.SparseCategoricalCrossentropy(from_logits=True)
DEVICES = ["cpu", "cuda"]
PENALTIES = [None, L2(0.02), L1(0.01), ElasticNet(0.003, 0.01)]
RATES = [0.02, 0.05, ExponentialDecay(0.05, 10, 0.9), 0.0]


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=DEVICES)
def device(request):
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return request.param


def data(n=50, features=5, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, features)), rng.integers(0, classes, n)


def stack(k, *extra, width=6):
    """Layers of member k: its own initial scale and penalty."""
    draw = VarianceScaling(scale=0.5 + k, mode="fan_in", distribution="uniform")
    first = layers.Dense(width, kernel_initializer=draw, kernel_regularizer=PENALTIES[k % 4])
    return [first, layers.Activation("tanh"), *extra, layers.Dense(3)]


def pairs(make, optimizer, k, device="cpu", **options):
    """Return member k twice: for an ensemble, and for NumPy."""
    own = Network(make(k), 5, seed=k, dtype="float64", device=device, **options)
    alone = network.Network(make(k), 5, seed=k, dtype=np.float64)
    return own, alone, optimizer(k), optimizer(k)


def assert_same(own, alone, atol=1e-10):
    for name, expected in alone.get_weights().items():
        np.testing.assert_allclose(own.get_weights()[name], expected, rtol=0, atol=atol)


OPTIMIZERS = {
    "sgd": lambda k: optimizers.SGD(RATES[k % 4]),
    "momentum": lambda k: optimizers.SGD(RATES[k % 4], momentum=0.9),
    "nesterov": lambda k: optimizers.SGD(RATES[k % 4], momentum=0.9, nesterov=True),
    "adagrad": lambda k: optimizers.Adagrad(RATES[k % 4]),
    "adadelta": lambda k: optimizers.Adadelta(RATES[k % 4]),
    "rmsprop": lambda k: optimizers.RMSprop(RATES[k % 4]),
    "adam": lambda k: optimizers.Adam(RATES[k % 4]),
    "adamw": lambda k: optimizers.AdamW(RATES[k % 4], weight_decay=0.1),
    "amsgrad": lambda k: optimizers.AMSGrad(RATES[k % 4]),
    "nadam": lambda k: optimizers.Nadam(RATES[k % 4]),
    "adamax": lambda k: optimizers.Adamax(RATES[k % 4]),
    "qhadam": lambda k: optimizers.QHAdam(RATES[k % 4]),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_four_networks_at_once_learn_what_numpy_teaches_them_one_by_one(name, device):
    # 60 steps each, batches of 16 and a last one of 2, other orders, rates, schedules, penalties, initial scales.
    X, y = data()
    members = [pairs(stack, OPTIMIZERS[name], k, device) for k in range(4)]
    own, alone, fast, slow = zip(*members, strict=True)
    settings = {"batch_size": 16, "metrics": ["accuracy"], "validation_data": data(20, seed=1)}
    histories = fit_many(own, X, y, LOGITS, fast, epochs=15, seeds=[7, 8, 9, 10], at_once=4, **settings)
    for k in range(4):
        history = fit(alone[k], X, y, LOGITS, slow[k], epochs=15, seed=7 + k, **settings)
        assert_same(own[k], alone[k])
        assert set(histories[k].history) == set(history.history)
        for key, values in history.history.items():
            np.testing.assert_allclose(histories[k][key], values, rtol=0, atol=1e-10)


@pytest.mark.parametrize("loss", ["mse", "huber", "binary_crossentropy"])
def test_other_losses_and_columns_of_targets(loss):
    X, y = data()
    target = (y > 0).astype(float)

    def make(k):
        return [*stack(k), layers.Activation("tanh"), layers.Dense(1), layers.Activation("sigmoid")]

    members = [pairs(make, OPTIMIZERS["adam"], k) for k in range(3)]
    own, alone, fast, slow = zip(*members, strict=True)
    fit_many(own, X, target, loss, fast, epochs=5, batch_size=10, at_once=3)
    for k in range(3):
        fit(alone[k], X, target, loss, slow[k], epochs=5, batch_size=10)
        assert_same(own[k], alone[k])


def test_batch_normalization_keeps_each_members_running_means():
    X, y = data()
    members = [pairs(lambda k: stack(k, layers.BatchNormalization()), OPTIMIZERS["adam"], k) for k in range(3)]
    own, alone, fast, slow = zip(*members, strict=True)
    fit_many(own, X, y, LOGITS, fast, epochs=5, batch_size=10, seeds=[1, 2, 3], at_once=3)
    for k in range(3):
        fit(alone[k], X, y, LOGITS, slow[k], epochs=5, batch_size=10, seed=k + 1)
        assert own[k].state.numel() == 12
        assert_same(own[k], alone[k])


class Replayed:
    """A generator whose `random` gives back numbers that were drawn before."""

    def __init__(self, drawn):
        self.drawn = iter(drawn)

    def random(self, shape, dtype):
        return next(self.drawn).astype(dtype).reshape(shape)


def test_dropout_with_masks_passed_in_matches_numpy_with_the_same_ones():
    X, y = data(20)
    drawn = np.random.default_rng(5).random((10, 3, 20, 6))
    rates = [0.0, 0.3, 0.6]
    members = [pairs(lambda k: stack(k, layers.Dropout(rates[k])), OPTIMIZERS["adam"], k) for k in range(3)]
    own, alone, fast, slow = zip(*members, strict=True)
    keep = 1 - np.array(rates)[:, None, None]
    work = stacked(own, [_twin(o) for o in fast], *(torch.from_numpy(np.concatenate([z] * 3)) for z in (X, y)))
    for uniform in drawn:
        masks = torch.from_numpy((uniform.astype(np.float32) < keep) / keep).flatten(0, 1)
        step = one_step(work, work.position(), work.X, work.y, None, work.constants(1)[0], [masks])
        work.position().move(step.after)
    work.network.hand_back()
    for k in range(3):
        alone[k].layers[2].rng = Replayed(drawn[:, k])
        for _ in drawn:
            alone[k].train_batch(X, y, LOGITS, slow[k])
        assert_same(own[k], alone[k])


def stacked(networks, own, X, y):
    """Return the work of an ensemble on one batch a member, one after another."""
    ensemble = Ensemble(networks)
    return EnsembleWork(ensemble, X, y, None, get_loss(LOGITS), EnsembleOptimizer(own, ensemble))


def _twin(optimizer):
    from course_lib.accelerated.optimizers import get_optimizer

    return get_optimizer(optimizer)


def test_dropout_draws_what_each_network_alone_would_draw():
    X, y = data()
    rates = [0.0, 0.3, 0.6]

    def make(k):
        return Network(stack(k, layers.Dropout(rates[k])), 5, seed=k, dtype="float64", device="cpu")

    together, alone = [make(k) for k in range(3)], [make(k) for k in range(3)]
    fit_many(together, X, y, LOGITS, [_twin(OPTIMIZERS["adam"](k)) for k in range(3)], epochs=4, at_once=3)
    for k in range(3):
        fit(alone[k], X, y, LOGITS, _twin(OPTIMIZERS["adam"](k)), epochs=4)
        np.testing.assert_allclose(together[k].parameters, alone[k].parameters, rtol=0, atol=1e-12)


def test_widths_epochs_and_folds_may_differ_in_any_order():
    X, y = data(60)
    widths, epochs = [4, 9, 4, 9, 4], [2, 3, 5, 3, 2]
    folds = [np.arange(60) % 5 == k for k in range(5)]
    rows, held_out = [np.flatnonzero(~f) for f in folds], [np.flatnonzero(f) for f in folds]
    members = [pairs(lambda k: stack(k, width=widths[k]), OPTIMIZERS["adam"], k) for k in range(5)]
    own, alone, fast, slow = zip(*members, strict=True)
    histories = fit_many(own, X, y, LOGITS, fast, epochs=epochs, rows=rows, validation_rows=held_out, seeds=3)
    for k in range(5):
        outside = (X[held_out[k]], y[held_out[k]])
        history = fit(
            alone[k], X[rows[k]], y[rows[k]], LOGITS, slow[k], epochs=epochs[k], seed=3, validation_data=outside
        )
        assert_same(own[k], alone[k])
        np.testing.assert_allclose(histories[k]["val_loss"], history["val_loss"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("at_once", [1, 2, 3, 7])
def test_however_many_at_once_the_results_are_the_same(at_once):
    X, y = data()
    members = [pairs(stack, OPTIMIZERS["momentum"], k) for k in range(7)]
    own, alone, fast, slow = zip(*members, strict=True)
    fit_many(own, X, y, LOGITS, fast, epochs=3, at_once=at_once)
    for k in range(7):
        fit(alone[k], X, y, LOGITS, slow[k], epochs=3)
        assert_same(own[k], alone[k])


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")  # torch, of itself
def test_a_compiled_ensemble_computes_the_same():
    X, y = data()
    members = [pairs(stack, OPTIMIZERS["adam"], k, compiled=True) for k in range(3)]
    own, alone, fast, slow = zip(*members, strict=True)
    fit_many(own, X, y, LOGITS, fast, epochs=3, batch_size=25, at_once=3)
    for k in range(3):
        fit(alone[k], X, y, LOGITS, slow[k], epochs=3, batch_size=25)
        assert_same(own[k], alone[k])


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")  # torch, of itself
def test_a_captured_ensemble_computes_the_same():
    """Control flow and compiled step of a GPU on the CPU: scalars (steps, members, c), dropout, a penalty, clipping."""
    X, y = (torch.as_tensor(array) for array in data())
    order = torch.as_tensor(np.random.default_rng(1).integers(0, 50, (3, 5, 24)))
    ends = []
    for captured in (False, True):
        members = [
            Network(stack(k, layers.Dropout(0.1 * (k + 1))), 5, seed=k, dtype="float64", device="cpu", compiled=True)
            for k in range(3)
        ]
        work = stacked(members, [_twin(optimizers.Nadam(0.01 * (k + 1), clipnorm=1.0)) for k in range(3)], X, y)
        with torch.no_grad():
            program = Capture(work, 5, 24, Pretended) if captured else plain_steps
            outputs = [program(work, rows)[0] for rows in order]
        ends.append((work.network.parameters, torch.cat(outputs)))
    for expected, found in zip(*ends, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_masks_drawn_together_have_each_members_own_mean():
    rates = [0.2, 0.5, 0.75]
    members = [Network([layers.Dense(400), layers.Dropout(rate)], 5, device="cpu") for rate in rates]
    ensemble = Ensemble(members)
    ensemble.generator = torch.Generator().manual_seed(0)
    drawn = ensemble._draw_together(1, ensemble.keep[0], 50).reshape(3, 50, 400)
    for mask, rate in zip(drawn, rates, strict=True):  # mean 1, variance rate/(1 − rate); four standard errors
        assert float(mask.mean()) == pytest.approx(1.0, abs=4 * np.sqrt(rate / (1 - rate) / mask.numel()))
        np.testing.assert_allclose(np.unique(mask), [0.0, 1 / (1 - rate)], rtol=1e-6)


def test_out_of_memory_says_to_stack_fewer(monkeypatch):
    def full(members, plan):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(together, "_together", full)
    own = [Network(stack(k), 5, seed=k, device="cpu") for k in range(3)]
    with pytest.raises(DeviceMemoryError, match=r"32 samples a batch of each of 3 networks .* smaller at_once"):
        fit_many(own, *data(), LOGITS, at_once=3)


def test_members_go_on_alone_from_where_the_ensemble_left_them():
    X, y = data()
    members = [pairs(stack, OPTIMIZERS["adam"], k) for k in range(3)]
    own, alone, fast, slow = zip(*members, strict=True)
    fast = [_twin(optimizer) for optimizer in fast]
    fit_many(own, X, y, LOGITS, fast, epochs=2, at_once=3)
    fit(own[1], X, y, LOGITS, fast[1], epochs=2, seed=5)
    fit(alone[1], X, y, LOGITS, slow[1], epochs=2)
    fit(alone[1], X, y, LOGITS, slow[1], epochs=2, seed=5)
    assert fast[1].t == slow[1].t == 8
    assert_same(own[1], alone[1])


def test_a_network_that_diverges_leaves_the_others_alone():
    X, y = data()
    networks = [Network([*stack(k)[:1], layers.Dense(3)], 5, seed=k, dtype="float64", device="cpu") for k in (0, 1)]
    alone = network.Network([*stack(0)[:1], layers.Dense(3)], 5, seed=0, dtype=np.float64)
    targets = np.eye(3)[y]
    rates = [0.01, 1e60]
    histories = fit_many(networks, X, targets, "mse", [optimizers.SGD(r) for r in rates], epochs=8, at_once=2)
    fit(alone, X, targets, "mse", optimizers.SGD(0.01), epochs=8)
    assert_same(networks[0], alone)
    assert not np.isfinite(histories[1]["loss"][-1])
    assert np.isfinite(histories[0]["loss"]).all()


class Counter(TorchDispatchMode):
    """Counts the operations that reach a device."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += 1
        return func(*args, **(kwargs or {}))


def test_the_number_of_operations_does_not_depend_on_the_number_of_networks():
    def operations(count):
        members = [Network(stack(0), 5, seed=k, dtype="float64", device="cpu") for k in range(count)]
        own = [_twin(optimizers.Adam(0.1)) for _ in members]
        X, y = torch.zeros(count * 8, 5, dtype=torch.float64), torch.zeros(count * 8, dtype=torch.long)
        work = stacked(members, own, X, y)
        with Counter() as counter:
            work.position().move(one_step(work, work.position(), X, y, None, work.constants(1)[0], ()).after)
        return counter.count

    assert operations(2) == operations(40) > 10


# What cannot be stacked


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"width": 7}),
        ({}, {"activation": "relu"}),
        ({}, {"optimizer": optimizers.SGD(0.1)}),
        ({}, {"optimizer": optimizers.Adam(0.1, beta_1=0.8)}),
        ({}, {"dtype": "float32"}),
        ({}, {"bias": False}),
    ],
)
def test_networks_that_differ_in_more_than_numbers_are_told_apart(first, second):
    def made(width=6, activation="tanh", optimizer=None, dtype="float64", bias=True):
        parts = [layers.Dense(width, use_bias=bias), layers.Activation(activation), layers.Dense(3)]
        return Network(parts, 5, dtype=dtype, device="cpu"), _twin(optimizer or optimizers.Adam(0.1))

    assert signature(*made(**first)) != signature(*made(**second))
    assert signature(*made(**first)) == signature(*made(**first))


def test_norms_of_weights_and_gradients_are_each_networks_own():
    X, y = data()

    def make(k):
        return [layers.Dense(6, kernel_constraint=MaxNorm(0.7)), layers.Activation("tanh"), layers.Dense(3)]

    for clipping in ({"global_clipnorm": 0.1}, {"clipnorm": 0.05}, {"clipvalue": 0.01}):
        optimizer = lambda k, c=clipping: optimizers.SGD(0.5 + k, **c)  # noqa: E731
        members = [pairs(make, optimizer, k) for k in range(3)]
        own, alone, fast, slow = zip(*members, strict=True)
        fit_many(own, X, y, LOGITS, fast, epochs=3, seeds=[1, 2, 3], at_once=3)
        for k in range(3):
            fit(alone[k], X, y, LOGITS, slow[k], epochs=3, seed=k + 1)
            assert_same(own[k], alone[k])


class Middle(Regularizer):
    """A penalty of one's own."""

    def __call__(self, w):
        return (w**4).sum()


def test_a_penalty_of_ones_own_trains_alone():
    network = Network([layers.Dense(3, kernel_regularizer=Middle())], 5, device="cpu")
    assert signature(network, _twin(optimizers.SGD())) is None
    history, _ = fit_many([network, made(3)[0]], *data(), LOGITS, [optimizers.SGD(), optimizers.SGD()], epochs=2)
    assert len(history["loss"]) == 2


def made(*widths):
    return [Network([layers.Dense(w), layers.Dense(3)], 5, dtype="float64", device="cpu") for w in widths]


def trained(networks, own=None, **settings):
    return fit_many(networks, *data(), LOGITS, own or [optimizers.Adam() for _ in networks], **settings)


SAME = made(4)[0]
ADAM = optimizers.Adam()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: EnsembleOptimizer([_twin(o) for o in (optimizers.SGD(), ADAM)], Ensemble(made(4, 4))),
            "differ in more",
        ),
        (lambda: EnsembleOptimizer([], Ensemble(made(4))), "one optimizer a network, got 1 networks and 0"),
        (lambda: Ensemble([SAME, SAME]), "each network only once"),
        (lambda: Ensemble([]), "needs a network"),
        (lambda: trained(made(4, 4), [ADAM, ADAM]), "an optimizer object of its own"),
        (lambda: trained(made(4, 4), epochs=[1]), r"epochs must hold one entry a network \(2\), got 1"),
        (lambda: trained(made(4), seeds=[1, 2]), r"seeds must hold one entry a network \(1\), got 2"),
        (lambda: trained([Network([layers.Dense(3)], device="cpu")]), "not built yet"),
        (lambda: trained(made(4), at_once=0), "at_once must be a whole number >= 1, got 0"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# As the engine of a search

SPACE = {"width": ("choice", [4, 8]), "rate": ("log_uniform", 1e-3, 1e-1), "l2": ("uniform", 0.0, 0.01)}


def build(config):
    parts = [
        layers.Dense(config["width"], kernel_regularizer=L2(config["l2"])),
        layers.Activation("tanh"),
        layers.Dropout(0.2),
        layers.Dense(3),
    ]
    return Network(parts, 5, seed=2, dtype="float64", device="cpu"), _twin(optimizers.Adam(config["rate"]))


def candidates(**settings):
    return Candidates(build, *data(), LOGITS, validation_data=data(30, seed=1), epochs=2, **settings)


class OneByOne:
    """The same objective without `together`."""

    def __init__(self, objective):
        self.objective = objective

    def __call__(self, *arguments):
        return self.objective(*arguments)


SEARCHES = {
    "grid": lambda f: search.grid_search(f, {"width": [4, 8], "rate": [0.001, 0.1], "l2": [0.0, 0.1]}),
    "random": lambda f: search.random_search(f, SPACE, n=6, seed=3),
    "hyperband": lambda f: search.hyperband(f, SPACE, max_epochs=4, factor=2, seed=3),
    "bayesian": lambda f: search.bayesian_search(f, SPACE, n=6, initial=4, seed=3),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_with_ensembles_makes_the_trials_it_makes_one_by_one(name):
    together, one_by_one = SEARCHES[name](candidates()), SEARCHES[name](OneByOne(candidates(at_once=1)))
    assert [t.key for t in together] == [t.key for t in one_by_one]
    for trial, expected in zip(together, one_by_one, strict=True):
        assert trial.config == expected.config and trial.epochs == expected.epochs
        assert trial.loss == pytest.approx(expected.loss, abs=1e-10)
        assert trial.seconds > 0


def test_a_candidate_that_goes_on_equals_one_that_was_never_stopped():
    config = {"width": 4, "rate": 0.05, "l2": 0.001}
    objective = candidates()
    _, state = objective(config, 2, None)
    stopped, _ = objective(config, 5, state)
    assert stopped == pytest.approx(objective(config, 5, None)[0], abs=1e-12)
    assert stopped != pytest.approx(objective(config, 3, None)[0], abs=1e-6)


def test_hyperband_with_ensembles_survives_in_its_journal(tmp_path):
    run = lambda f, path: search.hyperband(f, SPACE, max_epochs=4, factor=2, seed=3, journal=path)  # noqa: E731
    path = tmp_path / "search.jsonl"
    first = run(candidates(), path)

    class Unwanted:
        def together(self, *_):
            raise AssertionError("all trials are in the journal")

        __call__ = together

    assert [t.loss for t in run(Unwanted(), path)] == [t.loss for t in first]


def test_candidates_can_be_ranked_by_accuracy():
    objective = candidates(metrics=["accuracy"], monitor="-val_accuracy")
    loss = objective({"width": 8, "rate": 0.05, "l2": 0.0})
    assert -1 <= loss < 0
    with pytest.raises(ValueError, match="Candidates monitors 'val_auc'"):
        candidates(monitor="val_auc")({"width": 8, "rate": 0.05, "l2": 0.0})
