"""One curve on every backend: the reference's loss, step by step for 300 steps, is the oracle of all others.

Backends: `numpy` is the reference through `fit` itself, `cpu` the plain loop in PyTorch, `compiled` the compiled step,
`cuda` the captured epochs. What cannot run here is skipped with its reason, one line a test, and counted by pytest.
"""

import copy

import numpy as np
import pytest
import torch

from course_lib.accelerated.compiling import compiler
from course_lib.accelerated.devices import no_cuda
from course_lib.accelerated.network import Network as FastNetwork
from course_lib.callbacks import History
from course_lib.reference import initializers
from course_lib.reference.activations import ACTIVATIONS
from course_lib.reference.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Maxout,
    SparseDense,
)
from course_lib.reference.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from course_lib.reference.network import Network
from course_lib.reference.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    AMSGrad,
    Nadam,
    QHAdam,
    RMSprop,
)
from course_lib.reference.regularizers import L1, L2, ElasticNet, MaxNorm
from course_lib.schedules import ExponentialDecay
from course_lib.training import fit

LOGITS = SparseCategoricalCrossentropy(from_logits=True)
N, FEATURES, CLASSES, BATCH, EPOCHS = 64, 5, 3, 8, 38  # 8 steps an epoch: 304 steps
RNG = np.random.default_rng(7)
X = RNG.normal(size=(N, FEATURES))
LABELS = RNG.integers(0, CLASSES, N)
ONE_HOT = np.eye(CLASSES)[LABELS]
SOFT = RNG.dirichlet(np.ones(CLASSES), N)
NUMBERS = RNG.normal(size=(N, CLASSES))
POSITIVE = RNG.uniform(0.5, 3.0, (N, CLASSES))
SIGNS = np.sign(NUMBERS)


def make_numpy(layers, inputs):
    return Network(layers, inputs, seed=1, dtype=np.float64)


def make_fast(**options):
    return lambda layers, inputs: FastNetwork(layers, inputs, seed=1, dtype=np.float64, **options)


BACKENDS = {
    "numpy": make_numpy,
    "cpu": make_fast(device="cpu"),
    "compiled": make_fast(device="cpu", compiled=True),
    "cuda": make_fast(device="cuda", compiled=True),
}


@pytest.fixture(params=list(BACKENDS))
def backend(request):
    if request.param == "cuda" and no_cuda():
        pytest.skip(f"cuda: {no_cuda()}")
    if request.param == "compiled" and compiler() is None:
        pytest.skip("compiled: no C++ compiler")
    return BACKENDS[request.param]


def curve(network, loss, optimizer, y, inputs=X, **options):
    """Return the losses of EPOCHS epochs, each the mean over its steps, and where they lead."""
    common = dict(epochs=EPOCHS, batch_size=BATCH, seed=3)
    history = fit(network, inputs, y, copy.deepcopy(loss), copy.deepcopy(optimizer), **common | options)
    assert isinstance(history, History)
    return np.array([*history["loss"], *history.history.get("val_loss", [])])


def stepwise(layers, loss, optimizer, y, inputs=X, **options):
    """Return what the reference's own calls give, one by one, without `fit`'s fast way: the oracle."""
    network = make_numpy(copy.deepcopy(layers), inputs.shape[1:])
    return curve(network, loss, optimizer, y, inputs, callbacks=[], **options)


def assert_same_curve(backend, layers, loss, optimizer, y, inputs=X, **options):
    expected = stepwise(layers, loss, optimizer, y, inputs, **options)
    found = curve(backend(copy.deepcopy(layers), inputs.shape[1:]), loss, optimizer, y, inputs, **options)
    assert np.isfinite(expected).all() and abs(expected[0] - expected[EPOCHS - 1]) > 1e-3  # it moved
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def perceptron(last=None, **dense):
    return [Dense(6, **dense), Activation("tanh"), Dense(CLASSES, **dense), *([Activation(last)] if last else [])]


OPTIMIZERS = {
    "SGD": SGD(0.1),
    "momentum": SGD(0.05, 0.9),
    "Nesterov": SGD(0.05, 0.9, nesterov=True),
    "Adagrad": Adagrad(0.05, 0.1),
    "Adagrad, ε inside": Adagrad(0.05, epsilon=1e-4, epsilon_inside_root=True),
    "Adadelta": Adadelta(),
    "RMSprop": RMSprop(0.01),
    "RMSprop, centered, momentum": RMSprop(0.005, momentum=0.5, centered=True, epsilon=1e-4),
    "Adam": Adam(0.01),
    "Adam, ε-hat": Adam(0.01, epsilon_hat=True),
    "AdamW": AdamW(0.01, weight_decay=0.1),
    "AMSGrad": AMSGrad(0.01),
    "AMSGrad, corrected": AMSGrad(0.01, bias_correction=True),
    "Nadam": Nadam(0.01),
    "Adamax": Adamax(0.01),
    "QHAdam": QHAdam(0.01),
    "a schedule": SGD(ExponentialDecay(0.2, 50, 0.5), 0.9),
    "clipvalue": SGD(0.5, clipvalue=0.02),
    "clipnorm": Adam(0.01, clipnorm=0.1),
    "global_clipnorm": SGD(0.5, 0.9, global_clipnorm=0.1),
}


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS.values()), ids=list(OPTIMIZERS))
def test_every_optimizer_gives_the_reference_s_curve(backend, optimizer):
    assert_same_curve(backend, perceptron(), LOGITS, optimizer, LABELS)


LOSSES = {
    "MSE": (MeanSquaredError(), None, NUMBERS),
    "MAE": (MeanAbsoluteError(), None, NUMBERS),
    "Huber": (Huber(0.7), None, NUMBERS),
    "log-cosh": (LogCosh(), None, NUMBERS),
    "MAPE": (MeanAbsolutePercentageError(), None, POSITIVE),
    "MSLE": (MeanSquaredLogarithmicError(), "softplus", POSITIVE),
    "Poisson": (Poisson(), "exponential", POSITIVE),
    "BCE": (BinaryCrossentropy(), "sigmoid", ONE_HOT),
    "BCE, logits, smoothed": (BinaryCrossentropy(True, 0.1), None, ONE_HOT),
    "CCE": (CategoricalCrossentropy(), "softmax", ONE_HOT),
    "CCE, logits, smoothed": (CategoricalCrossentropy(True, 0.1), None, SOFT),
    "sparse CCE": (SparseCategoricalCrossentropy(), "softmax", LABELS),
    "sparse CCE, logits": (LOGITS, None, LABELS),
    "KL": (KLDivergence(), "softmax", SOFT),
    "hinge": (Hinge(), None, SIGNS),
    "squared hinge": (SquaredHinge(), None, SIGNS),
    "categorical hinge": (CategoricalHinge(), None, ONE_HOT),
    "cosine": (CosineSimilarity(), None, NUMBERS),
}


@pytest.mark.parametrize(("loss", "last", "y"), list(LOSSES.values()), ids=list(LOSSES))
def test_every_loss_gives_the_reference_s_curve(backend, loss, last, y):
    rate = 1e-4 if isinstance(loss, MeanAbsolutePercentageError) else 0.02  # its slopes are a hundred times as steep
    assert_same_curve(backend, perceptron(last), loss, SGD(rate, 0.9), y)


def test_no_optimizer_and_no_loss_is_left_out():
    from course_lib.accelerated import losses, optimizers

    assert {type(optimizer).__name__ for optimizer in OPTIMIZERS.values()} == set(optimizers.KINDS)
    assert {type(row[0]).__name__ for row in LOSSES.values()} == set(losses.KINDS)


@pytest.mark.parametrize("name", [n for n in initializers.INITIALIZERS if n not in ("zeros", "ones", "constant")])
def test_every_initializer_starts_and_leads_where_the_reference_does(backend, name):
    """Zeros, ones and a constant make all units of a layer alike: they are tried on the biases."""
    options = dict(kernel_initializer=name, bias_initializer="ones")
    if backend is not BACKENDS["compiled"]:  # a compiled step does not know where its weights come from
        assert_same_curve(backend, perceptron(**options), LOGITS, SGD(0.1), LABELS)
    first = make_numpy(perceptron(**options), (FEATURES,))
    np.testing.assert_array_equal(
        backend(perceptron(**options), (FEATURES,)).get_weights()["parameters"], first.parameters
    )


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_every_activation_gives_the_reference_s_curve_in_the_plain_loop(name):
    layers = [Dense(6), Activation(name), Dense(CLASSES)]
    assert_same_curve(BACKENDS["cpu"], layers, LOGITS, SGD(0.05), LABELS)


LAYERS = {
    "batch normalization, penalties, max-norm": [
        Dense(6, kernel_regularizer=L2(0.01), use_bias=False),
        BatchNormalization(),
        Activation("relu"),
        Dense(6, kernel_constraint=MaxNorm(0.8), kernel_regularizer=ElasticNet(0.001, 0.002)),
        BatchNormalization(unbiased=False),
        Activation("leaky_relu"),
        Dense(CLASSES, bias_regularizer=L1(0.01)),
    ],
    "maxout": [Maxout(4, 3, kernel_regularizer=L2(0.01)), Dense(CLASSES)],
}


@pytest.mark.parametrize("layers", list(LAYERS.values()), ids=list(LAYERS))
def test_every_layer_gives_the_reference_s_curve(backend, layers):
    assert_same_curve(backend, layers, LOGITS, SGD(0.05, 0.9), LABELS)


@pytest.mark.parametrize(
    "layers",
    [
        [SparseDense(6, columns=9), Activation("tanh"), Dense(CLASSES)],
        [Embedding(9, 4), Flatten(), Dense(CLASSES)],
    ],
    ids=["SparseDense", "Embedding"],
)
def test_layers_of_indices_give_the_reference_s_curve(backend, layers):
    assert_same_curve(backend, layers, LOGITS, Adam(0.01), LABELS, RNG.integers(0, 9, (N, 3)))


def test_weights_validation_and_a_short_last_batch_are_the_reference_s(backend):
    options = dict(
        class_weight={0: 1.0, 1: 3.0, 2: 0.5},
        sample_weight=np.linspace(0, 2, N),
        validation_split=0.25,
        batch_size=7,  # 48 samples: six batches and one of six
    )
    assert_same_curve(backend, perceptron(), LOGITS, Adam(0.01), LABELS, **options)


def test_dropout_with_the_same_masks_is_the_reference_s(backend):
    """300 steps by `train_batch`; the masks that the reference draws are passed to the others."""
    layers = [Dense(6), Activation("tanh"), Dropout(0.5), Dense(6), Dropout(0.2, inverted=False), Dense(CLASSES)]
    plain, other = make_numpy(copy.deepcopy(layers), FEATURES), backend(copy.deepcopy(layers), FEATURES)
    steps, ours, theirs = Adam(0.01), [], []
    optimizer = Adam(0.01)
    samples = other.prepare(X)
    for step in range(300):
        rows = np.arange(step, step + BATCH) % N
        expected = plain.train_batch(X[rows], LABELS[rows], LOGITS, steps)
        masks = [layer.mask for layer in plain.layers if isinstance(layer, Dropout)]
        if isinstance(other, FastNetwork):
            drawn = [torch.as_tensor(mask).to(other.parameters) for mask in masks]
            outputs = other.train_batch(other.take(samples, rows), LABELS[rows], LOGITS, optimizer, masks=drawn)
        else:  # same seed, same draws
            outputs = other.train_batch(X[rows], LABELS[rows], LOGITS, optimizer)
        ours.append(LOGITS(LABELS[rows], other.collect([outputs])))
        theirs.append(LOGITS(LABELS[rows], expected))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)


def test_dropout_has_the_mean_and_the_variance_of_the_reference(backend):
    """Of a value 1, kept with probability 0.8 and scaled: mean 1, variance 0.2/0.8; four standard errors apart."""
    network = backend([Dropout(0.2)], 1000)
    kept = np.concatenate([network.collect([network.forward(np.ones((20, 1000)), training=True)]) for _ in range(10)])
    assert kept.mean() == pytest.approx(1.0, abs=4 * np.sqrt(0.25 / kept.size))
    assert kept.var() == pytest.approx(0.25, abs=4 * np.sqrt(0.25 / kept.size))
    np.testing.assert_allclose(np.unique(kept), [0.0, 1.25], rtol=1e-12)


def test_dropout_by_the_fast_step_is_the_plain_loop_s(backend):
    """Same seed, same masks: with dropout, too, it makes no difference how the steps are made."""
    if backend is BACKENDS["numpy"]:
        pytest.skip("numpy: there is one way only")
    layers = [Dense(6), Activation("tanh"), Dropout(0.5), Dense(CLASSES)]
    network = backend(copy.deepcopy(layers), FEATURES)
    plain = FastNetwork(copy.deepcopy(layers), FEATURES, seed=1, dtype=np.float64, device=network.device)
    curves = [curve(one, LOGITS, Adam(0.01), LABELS) for one in (network, plain)]
    np.testing.assert_allclose(*curves, rtol=0, atol=1e-10)
