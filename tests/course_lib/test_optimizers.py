"""Optimizers against torch.optim, optax and Keras: every row of the table of definitions, 60 steps in float64."""

import os

import jax
import numpy as np
import optax
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.reference import optimizers as ours
from course_lib.reference.optimizers import (
    OPTIMIZERS,
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
    get_optimizer,
)

os.environ["KERAS_BACKEND"] = "torch"
import keras

CURVATURE = np.array([1.0, 10.0, 0.01])
START = np.array([1.0, 1.0, -2.0])
STEPS = 60
EPS = 1e-2  # large, so that the place of ε shows


def gradient(w):
    """Of f(w) = Σ cᵢ(wᵢ²/2 + sin wᵢ): curved, with all signs."""
    return CURVATURE * (w + np.cos(w))


def run_ours(optimizer, rate=None):
    w, path = START.copy(), []
    for step in range(STEPS):
        if rate:
            optimizer.learning_rate = rate(step)
        optimizer.step(w, gradient(w))
        path.append(w.copy())
    return np.array(path)


def run_torch(make, rate=None):
    w = torch.tensor(START, requires_grad=True)
    optimizer, path = make([w]), []
    for step in range(STEPS):
        if rate:
            optimizer.param_groups[0]["lr"] = rate(step)
        w.grad = torch.tensor(gradient(w.detach().numpy()))
        optimizer.step()
        path.append(w.detach().numpy().copy())
    return np.array(path)


def run_optax(optimizer):
    w, path = START.copy(), []
    state = optimizer.init(w)
    for _ in range(STEPS):
        updates, state = optimizer.update(gradient(w), state, w)
        w = np.asarray(optax.apply_updates(w, updates))
        path.append(w)
    return np.array(path)


def run_keras(optimizer, rate=None):
    w, path = keras.Variable(START, dtype="float64"), []
    optimizer.build([w])
    for step in range(STEPS):
        if rate:
            optimizer.learning_rate = rate(step)
        optimizer.apply([keras.ops.convert_to_tensor(gradient(w.value.detach().numpy()))], [w])
        path.append(w.value.detach().numpy().copy())
    return np.array(path)


@pytest.fixture(autouse=True)
def oracles_in_float64():
    """torch.optim.NAdam and Keras keep scalars in the default dtype, JAX rounds everything to float32 unless told."""
    before = keras.config.floatx(), torch.get_default_dtype()
    keras.config.set_floatx("float64")
    torch.set_default_dtype(torch.float64)
    with jax.enable_x64(True):
        yield
    keras.config.set_floatx(before[0])
    torch.set_default_dtype(before[1])


T, K = torch.optim, keras.optimizers

# ours, torch, optax, Keras (None: has none); the last column says which of the three take the same steps.
DEFINITIONS = {
    "SGD": (lambda: SGD(0.01), lambda p: T.SGD(p, 0.01), lambda: optax.sgd(0.01), lambda: K.SGD(0.01), "tok"),
    "momentum": (
        lambda: SGD(0.01, 0.9),
        lambda p: T.SGD(p, 0.01, 0.9),
        lambda: optax.sgd(0.01, 0.9),
        lambda: K.SGD(0.01, 0.9),
        "tok",
    ),
    "Nesterov": (
        lambda: SGD(0.01, 0.9, nesterov=True),
        lambda p: T.SGD(p, 0.01, 0.9, nesterov=True),
        lambda: optax.sgd(0.01, 0.9, nesterov=True),
        lambda: K.SGD(0.01, 0.9, nesterov=True),
        "tok",
    ),
    "Adagrad, ε outside the root": (
        lambda: Adagrad(0.1, 0.1, EPS),
        lambda p: T.Adagrad(p, 0.1, initial_accumulator_value=0.1, eps=EPS),
        lambda: optax.adagrad(0.1, 0.1, EPS),
        lambda: K.Adagrad(0.1, 0.1, EPS),
        "t",
    ),
    "Adagrad, ε inside the root": (
        lambda: Adagrad(0.1, 0.1, EPS, epsilon_inside_root=True),
        lambda p: T.Adagrad(p, 0.1, initial_accumulator_value=0.1, eps=EPS),
        lambda: optax.adagrad(0.1, 0.1, EPS),
        lambda: K.Adagrad(0.1, 0.1, EPS),
        "ok",
    ),
    "Adadelta": (
        lambda: Adadelta(1.0, 0.95, EPS),
        lambda p: T.Adadelta(p, 1.0, 0.95, EPS),
        lambda: optax.adadelta(1.0, 0.95, EPS),
        lambda: K.Adadelta(1.0, 0.95, EPS),
        "tok",
    ),
    "RMSprop, ε outside the root": (
        lambda: RMSprop(0.01, 0.9, 0.0, EPS),
        lambda p: T.RMSprop(p, 0.01, 0.9, EPS),
        lambda: optax.rmsprop(0.01, 0.9, EPS),
        lambda: K.RMSprop(0.01, 0.9, epsilon=EPS),
        "t",
    ),
    "RMSprop, ε inside the root": (
        lambda: RMSprop(0.01, 0.9, 0.0, EPS, epsilon_inside_root=True),
        lambda p: T.RMSprop(p, 0.01, 0.9, EPS),
        lambda: optax.rmsprop(0.01, 0.9, EPS),
        lambda: K.RMSprop(0.01, 0.9, epsilon=EPS),
        "ok",
    ),
    "RMSprop with momentum": (
        lambda: RMSprop(0.01, 0.9, 0.5, EPS),
        lambda p: T.RMSprop(p, 0.01, 0.9, EPS, momentum=0.5),
        lambda: optax.rmsprop(0.01, 0.9, EPS, momentum=0.5),
        lambda: K.RMSprop(0.01, 0.9, 0.5, EPS),
        "t",
    ),
    "RMSprop, centered, ε outside": (
        lambda: RMSprop(0.01, 0.9, 0.0, EPS, centered=True),
        lambda p: T.RMSprop(p, 0.01, 0.9, EPS, centered=True),
        lambda: optax.rmsprop(0.01, 0.9, EPS, centered=True),
        lambda: K.RMSprop(0.01, 0.9, epsilon=EPS, centered=True),
        "t",
    ),
    "RMSprop, centered, momentum, ε inside": (
        lambda: RMSprop(0.01, 0.9, 0.5, EPS, centered=True, epsilon_inside_root=True),
        lambda p: T.RMSprop(p, 0.01, 0.9, EPS, momentum=0.5, centered=True),
        lambda: optax.rmsprop(0.01, 0.9, EPS, momentum=0.5, centered=True),
        lambda: K.RMSprop(0.01, 0.9, 0.5, EPS, centered=True),
        "ok",
    ),
    "Adam": (
        lambda: Adam(0.01, epsilon=EPS),
        lambda p: T.Adam(p, 0.01, eps=EPS),
        lambda: optax.adam(0.01, eps=EPS),
        lambda: K.Adam(0.01, epsilon=EPS),
        "to",
    ),
    "Adam, ε-hat": (
        lambda: Adam(0.01, epsilon=EPS, epsilon_hat=True),
        lambda p: T.Adam(p, 0.01, eps=EPS),
        lambda: optax.adam(0.01, eps=EPS),
        lambda: K.Adam(0.01, epsilon=EPS),
        "k",
    ),
    "AdamW": (
        lambda: AdamW(0.01, epsilon=EPS, weight_decay=0.1),
        lambda p: T.AdamW(p, 0.01, eps=EPS, weight_decay=0.1),
        lambda: optax.adamw(0.01, eps=EPS, weight_decay=0.1),
        lambda: K.AdamW(0.01, epsilon=EPS, weight_decay=0.1),
        "to",
    ),
    "AdamW, ε-hat": (
        lambda: AdamW(0.01, epsilon=EPS, weight_decay=0.1, epsilon_hat=True),
        lambda p: T.AdamW(p, 0.01, eps=EPS, weight_decay=0.1),
        lambda: optax.adamw(0.01, eps=EPS, weight_decay=0.1),
        lambda: K.AdamW(0.01, epsilon=EPS, weight_decay=0.1),
        "k",
    ),
    "AMSGrad of the paper": (
        lambda: AMSGrad(0.01, epsilon=EPS),
        lambda p: T.Adam(p, 0.01, eps=EPS, amsgrad=True),
        lambda: optax.chain(
            optax.scale_by_amsgrad(eps=EPS, bias_correction_mu=False, bias_correction_nu=False), optax.scale(-0.01)
        ),
        lambda: K.Adam(0.01, epsilon=EPS, amsgrad=True),
        "o",
    ),
    "AMSGrad, corrected": (
        lambda: AMSGrad(0.01, epsilon=EPS, bias_correction=True),
        lambda p: T.Adam(p, 0.01, eps=EPS, amsgrad=True),
        lambda: optax.amsgrad(0.01, eps=EPS),
        lambda: K.Adam(0.01, epsilon=EPS, amsgrad=True),
        "t",
    ),
    "AMSGrad, corrected, ε-hat": (
        lambda: AMSGrad(0.01, epsilon=EPS, bias_correction=True, epsilon_hat=True),
        lambda p: T.Adam(p, 0.01, eps=EPS, amsgrad=True),
        lambda: optax.amsgrad(0.01, eps=EPS),
        lambda: K.Adam(0.01, epsilon=EPS, amsgrad=True),
        "k",
    ),
    "Nadam": (
        lambda: Nadam(0.01, epsilon=EPS),
        lambda p: T.NAdam(p, 0.01, eps=EPS),
        lambda: optax.nadam(0.01, eps=EPS),
        lambda: K.Nadam(0.01, epsilon=EPS),
        "t",
    ),
    "Nadam with Keras' momentum": (
        lambda: Nadam(0.01, epsilon=EPS, momentum_decay=1),
        lambda p: T.NAdam(p, 0.01, eps=EPS),
        lambda: optax.nadam(0.01, eps=EPS),
        lambda: K.Nadam(0.01, epsilon=EPS),
        "k",
    ),
    "Adamax": (
        lambda: Adamax(0.01, epsilon=EPS),
        lambda p: T.Adamax(p, 0.01, eps=EPS),
        lambda: optax.adamax(0.01, eps=EPS),
        lambda: K.Adamax(0.01, epsilon=EPS),
        "k",
    ),
}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")  # Keras' own, on NumPy 2.4
@pytest.mark.parametrize("name", DEFINITIONS)
def test_table_of_definitions_agrees_to_rounding_or_visibly_differs(name):
    mine, in_torch, in_optax, in_keras, same = DEFINITIONS[name]
    path = run_ours(mine())
    others = {"t": run_torch(in_torch), "o": run_optax(in_optax()), "k": run_keras(in_keras())}
    for letter, other in others.items():
        distance = np.abs(path - other).max()
        assert (distance < 1e-10) if letter in same else (distance > 1e-4), (letter, distance)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_keeps_the_rate_of_each_gradients_own_step_as_keras_and_unlike_torch(nesterov):
    def rate(step):
        return 0.05 if step < 3 else 0.005

    path = run_ours(SGD(1.0, 0.9, nesterov), rate)
    assert np.abs(path - run_keras(K.SGD(1.0, 0.9, nesterov), rate)).max() < 1e-10
    assert np.abs(path - run_torch(lambda p: T.SGD(p, 1.0, 0.9, nesterov=nesterov), rate)).max() > 1e-2


def test_qhadam_matches_optax_debiased_moving_averages():
    lr, beta_1, beta_2, nu_1, nu_2 = 0.01, 0.95, 0.98, 0.7, 0.8
    path = run_ours(QHAdam(lr, beta_1, beta_2, EPS, nu_1, nu_2))
    first, second = optax.ema(beta_1, debias=True), optax.ema(beta_2, debias=True)
    w, states = START.copy(), [first.init(START), second.init(START)]
    for expected in path:
        g = gradient(w)
        m, states[0] = first.update(g, states[0])
        v, states[1] = second.update(g**2, states[1])
        w = w - lr * ((1 - nu_1) * g + nu_1 * m) / (np.sqrt((1 - nu_2) * g**2 + nu_2 * v) + EPS)
        np.testing.assert_allclose(expected, w, rtol=0, atol=1e-10)


def test_qhadam_with_all_weight_on_the_averages_is_adam_of_torch():
    path = run_ours(QHAdam(0.01, 0.9, 0.999, EPS, nu_1=1, nu_2=1))
    assert np.abs(path - run_torch(lambda p: T.Adam(p, 0.01, eps=EPS))).max() < 1e-10


def test_adam_lr_t_form_equals_corrected_form_up_to_epsilon():
    hat, corrected = run_ours(Adam(0.01, epsilon=0, epsilon_hat=True)), run_ours(Adam(0.01, epsilon=0))
    np.testing.assert_allclose(hat, corrected, rtol=1e-12)


def test_schedule_is_asked_for_each_step_as_optax_does():
    schedule = optax.cosine_decay_schedule(0.1, 50)
    path = run_ours(Adam(lambda step: float(schedule(step)), epsilon=EPS))
    assert np.abs(path - run_optax(optax.adam(schedule, eps=EPS))).max() < 1e-10


CLIPPING = {
    "clipvalue": (lambda p: torch.nn.utils.clip_grad_value_(p, 0.5), lambda: optax.clip(0.5)),
    "global_clipnorm": (
        lambda p: torch.nn.utils.clip_grad_norm_(p, 0.5),
        lambda: optax.clip_by_global_norm(0.5),
    ),
}


@pytest.mark.parametrize("kind", CLIPPING)
def test_clipping_matches_optax(kind):
    path = run_ours(SGD(0.1, **{kind: 0.5}))
    assert np.abs(path - run_optax(optax.chain(CLIPPING[kind][1](), optax.sgd(0.1)))).max() < 1e-10


@pytest.mark.parametrize("kind", ["clipvalue", "clipnorm", "global_clipnorm"])
def test_clipping_matches_keras(kind):
    path = run_ours(SGD(0.1, **{kind: 0.5}))
    tolerance = 1e-10 if kind == "clipvalue" else np.finfo(np.float32).eps  # Keras' maximum(norm, limit) is float32
    assert np.abs(path - run_keras(K.SGD(0.1, **{kind: 0.5}))).max() < tolerance


@pytest.mark.parametrize("kind", CLIPPING)
def test_clipped_gradient_matches_torch_up_to_its_1e_6_in_the_norm(kind):
    w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    w.grad = torch.tensor([3.0, -4.0, 0.1], dtype=torch.float64)
    own = np.zeros(3)
    SGD(1.0, **{kind: 0.5}).step(own, w.grad.numpy().copy())
    CLIPPING[kind][0]([w])
    np.testing.assert_allclose(-own, w.grad.numpy(), rtol=0, atol=1e-6)


def test_clipnorm_treats_each_segment_alone_and_keeps_the_gradient():
    g = np.array([3.0, 4.0, 0.3, 0.4])
    w = np.zeros(4)
    SGD(1.0, clipnorm=1.0).step(w, g, [slice(0, 2), slice(2, 4)])
    np.testing.assert_allclose(w, [-0.6, -0.8, -0.3, -0.4])
    np.testing.assert_array_equal(g, [3.0, 4.0, 0.3, 0.4])


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_blocks_do_not_show(name, dtype, monkeypatch):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=100).astype(dtype), rng.normal(size=(5, 100)).astype(dtype)
    results = []
    for block in (7, 1000):
        monkeypatch.setattr(ours.base, "BLOCK", block)
        w, optimizer = start.copy(), get_optimizer(name)
        for g in gradients:
            optimizer.step(w, g)
        results.append(w)
    np.testing.assert_allclose(results[0], results[1], rtol=4 * np.finfo(dtype).eps)
    assert results[0].dtype == dtype and not np.array_equal(results[0], start)


@pytest.mark.parametrize("name", OPTIMIZERS)
@given(size=st.integers(1, 40), seed=st.integers(0, 99))
def test_float32_follows_float64(name, size, seed):
    rng = np.random.default_rng(seed)
    start, gradients = rng.normal(size=size), rng.normal(size=(3, size))
    single, double = start.astype(np.float32), start.copy()
    in_single, in_double = get_optimizer(name), get_optimizer(name)
    for g in gradients:
        in_single.step(single, g.astype(np.float32))
        in_double.step(double, g)
    np.testing.assert_allclose(single, double, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_saved_state_goes_on_exactly(name):
    rng = np.random.default_rng(1)
    gradients = rng.normal(size=(8, 5))
    whole = rng.normal(size=5)
    parted = whole.copy()
    first = get_optimizer(name)
    for g in gradients[:4]:
        first.step(parted, g)
    second = get_optimizer(name)
    second.set_state(first.get_state())
    for g in gradients[4:]:
        second.step(parted, g)
    straight = get_optimizer(name)
    for g in gradients:
        straight.step(whole, g)
    np.testing.assert_allclose(parted, whole, rtol=1e-14)
    assert second.t == straight.t == 8


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_reset_starts_anew(name):
    optimizer, w = get_optimizer(name), np.ones(4)
    optimizer.step(w, np.arange(4.0))
    optimizer.reset()
    again, fresh = np.ones(4), np.ones(4)
    optimizer.step(again, np.arange(4.0))
    get_optimizer(name).step(fresh, np.arange(4.0))
    np.testing.assert_array_equal(again, fresh)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_never_becomes_subnormal_when_a_gradient_dies(name):
    optimizer, w = get_optimizer(name), np.ones(2, np.float32)
    optimizer.step(w, np.ones(2, np.float32))
    for _ in range(1500):
        optimizer.step(w, np.array([1e-3, 0.0], np.float32))
    tiny = np.finfo(np.float32).tiny
    for vector in optimizer.state.values():
        assert not np.any((vector != 0) & (np.abs(vector) < tiny))


def test_long_run_with_a_dead_gradient_matches_torch():
    dead = np.array([1.0, 0.0])
    w, tensor = np.ones(2), torch.ones(2, dtype=torch.float64, requires_grad=True)
    mine, other = Adam(0.01), T.Adam([tensor], 0.01)
    for step in range(9000):
        g = np.ones(2) if step == 0 else dead
        tensor.grad = torch.tensor(g)
        mine.step(w, g)
        other.step()
    np.testing.assert_allclose(w, tensor.detach().numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(-0.1), r"learning_rate must lie in 0 <= learning_rate, got -0.1"),
        (lambda: SGD(float("nan")), r"learning_rate must"),
        (lambda: SGD(0.1, momentum=1.0), r"momentum must lie in 0 <= momentum < 1, got 1"),
        (lambda: SGD(0.1, nesterov=True), r"nesterov needs a momentum > 0"),
        (lambda: Adam(beta_2=1.5), r"beta_2 must lie in"),
        (lambda: Adam(epsilon=-1), r"epsilon must lie in"),
        (lambda: Adam(clipvalue=0.0), r"clipvalue must lie in 0 < clipvalue"),
        (lambda: Adam(clipvalue=1.0, clipnorm=1.0), r"at most one kind of clipping, got clipvalue and clipnorm"),
        (lambda: Adam(clip_norm=1.0), r"unknown argument of Adam 'clip_norm'; did you mean 'clipnorm'"),
        (lambda: get_optimizer("amda"), r"did you mean 'adam'"),
    ],
)
def test_wrong_settings_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_class_instead_of_object_is_named():
    with pytest.raises(TypeError, match=r"write Adam\(\), not Adam"):
        get_optimizer(Adam)


@pytest.mark.parametrize(
    ("w", "g", "message"),
    [
        (np.ones(3), np.ones(4), r"float64\(3,\) and float64\(4,\)"),
        (np.ones(3), np.ones(3, np.float32), "one shape and dtype"),
        (np.ones((3, 1)), np.ones((3, 1)), "flat float vectors"),
        (np.ones(3, int), np.ones(3, int), "flat float vectors"),
    ],
)
def test_wrong_vectors_are_named(w, g, message):
    with pytest.raises(ValueError, match=message):
        Adam().step(w, g)


def test_read_only_parameters_are_refused():
    w = np.ones(3)
    w.flags.writeable = False
    with pytest.raises(ValueError, match="must be writable"):
        SGD().step(w, np.ones(3))


def test_optimizer_of_another_network_is_refused():
    optimizer = Adam()
    optimizer.step(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="one optimizer per network"):
        optimizer.step(np.ones(4), np.ones(4))


def test_state_of_another_kind_is_refused():
    optimizer = SGD(momentum=0.9)
    optimizer.step(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="load it into the kind of optimizer that saved it"):
        Adam().set_state(optimizer.get_state())


def test_negative_rate_from_a_schedule_is_refused():
    with pytest.raises(ValueError, match="learning_rate must"):
        SGD(lambda step: -1.0).step(np.ones(2), np.ones(2))
