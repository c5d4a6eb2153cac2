"""Schedules against Keras, PyTorch and optax, and against the decks.

Keras and optax compute in float32 here: they are held to its precision. PyTorch computes in Python floats.
"""

import math
import os

import numpy as np
import optax
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.schedules import (
    Chain,
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    LinearDecay,
    LinearWarmup,
    PiecewiseConstantDecay,
    ReduceOnPlateau,
    Triangular,
)

STEPS = range(0, 61)
FLOAT32 = 8 * np.finfo(np.float32).eps


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    return keras


def ours(schedule, steps=STEPS):
    return np.array([schedule(k) for k in steps])


def pytorch(make, lr, steps=STEPS, **settings):
    """The rates that a PyTorch scheduler sets, step by step."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr)
    scheduler = make(optimizer, **settings)
    rates = []
    for _ in steps:
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(rates)


def close(actual, expected, rtol=1e-12, atol=1e-15):
    np.testing.assert_allclose(actual, np.asarray(expected, dtype=float), rtol=rtol, atol=atol)


PAIRS = {
    "exponential": (
        ExponentialDecay(0.3, 7, 0.6),
        lambda S: S.ExponentialDecay(0.3, 7, 0.6),
        lambda: optax.exponential_decay(0.3, 7, 0.6),
    ),
    "step": (
        ExponentialDecay(0.3, 7, 0.6, staircase=True),
        lambda S: S.ExponentialDecay(0.3, 7, 0.6, staircase=True),
        lambda: optax.exponential_decay(0.3, 7, 0.6, staircase=True),
    ),
    "fractional": (InverseTimeDecay(0.3, 7, 0.6), lambda S: S.InverseTimeDecay(0.3, 7, 0.6), None),
    "fractional, staircase": (
        InverseTimeDecay(0.3, 7, 0.6, staircase=True),
        lambda S: S.InverseTimeDecay(0.3, 7, 0.6, staircase=True),
        None,
    ),
    "linear": (
        LinearDecay(0.3, 40),
        lambda S: S.PolynomialDecay(0.3, 40, end_learning_rate=0.003),
        lambda: optax.linear_schedule(0.3, 0.003, 40),
    ),
    "linear to 0": (
        LinearDecay(0.3, 40, final_fraction=0),
        lambda S: S.PolynomialDecay(0.3, 40, end_learning_rate=0.0),
        lambda: optax.linear_schedule(0.3, 0.0, 40),
    ),
    "cosine": (
        CosineDecay(0.3, 40, alpha=0.1),
        lambda S: S.CosineDecay(0.3, 40, alpha=0.1),
        lambda: optax.cosine_decay_schedule(0.3, 40, alpha=0.1),
    ),
    "piecewise": (
        PiecewiseConstantDecay([10, 30], [1.0, 0.5, 0.1]),
        lambda S: S.PiecewiseConstantDecay([10, 30], [1.0, 0.5, 0.1]),
        None,
    ),
    "restarts": (
        CosineDecayRestarts(0.3, 8, t_mul=1.5, m_mul=0.8, alpha=0.1),
        lambda S: S.CosineDecayRestarts(0.3, 8, t_mul=1.5, m_mul=0.8, alpha=0.1),
        None,
    ),
    "equal restarts": (
        CosineDecayRestarts(0.3, 16, t_mul=1.0, alpha=0.1),
        lambda S: S.CosineDecayRestarts(0.3, 16, t_mul=1.0, alpha=0.1),
        None,
    ),
    "warm-up": (
        LinearWarmup(CosineDecay(0.3, 40), steps=10, start=0.05),
        lambda S: S.CosineDecay(0.05, 40, warmup_target=0.3, warmup_steps=10),
        lambda: optax.warmup_cosine_decay_schedule(0.05, 0.3, 10, 50),
    ),
}


# 8, 8 + 12, 8 + 12 + 18: there Keras' logarithm, in float32, puts the step on one side or the other, by machine
RESTARTS = (8, 20, 38)


@pytest.mark.parametrize("name", PAIRS)
def test_matches_keras(name, keras):
    schedule, make, _ = PAIRS[name]
    theirs = make(keras.optimizers.schedules)
    steps = [k for k in STEPS if name != "restarts" or k not in RESTARTS]
    close([schedule(k) for k in steps], [float(theirs(k)) for k in steps], rtol=FLOAT32, atol=FLOAT32)


def test_each_restart_is_back_up_and_its_period_longer_by_t_mul():
    schedule, *_ = PAIRS["restarts"]
    close([schedule(k) for k in RESTARTS], [0.3 * (0.1 + 0.9 * 0.8**i) for i in (1, 2, 3)])
    close(schedule(RESTARTS[1] - 1e-9), 0.03, atol=1e-12)


@pytest.mark.parametrize("name", [name for name, (_, _, make) in PAIRS.items() if make])
def test_matches_optax(name):
    schedule, _, make = PAIRS[name]
    close(ours(schedule), [float(make()(k)) for k in STEPS], rtol=FLOAT32, atol=FLOAT32)


def test_exponential_and_step_decay_match_pytorch():
    lr = torch.optim.lr_scheduler
    close(ours(ExponentialDecay(0.3, 1, 0.9)), pytorch(lr.ExponentialLR, 0.3, gamma=0.9))
    step = ExponentialDecay(0.3, 7, 0.6, staircase=True)
    close(ours(step), pytorch(lr.StepLR, 0.3, step_size=7, gamma=0.6))


def test_linear_decay_and_warm_up_match_pytorch():
    linear = torch.optim.lr_scheduler.LinearLR
    close(ours(LinearDecay(0.3, 40)), pytorch(linear, 0.3, start_factor=1, end_factor=0.01, total_iters=40))
    ramp = LinearWarmup(lambda k: 0.3, steps=10, start=0.03)
    close(ours(ramp), pytorch(linear, 0.3, start_factor=0.1, end_factor=1, total_iters=10))


def test_piecewise_matches_pytorch_one_step_earlier():
    # MultiStepLR changes the rate at the milestone, Keras (and we) after the boundary.
    theirs = pytorch(torch.optim.lr_scheduler.MultiStepLR, 1.0, milestones=[11, 31], gamma=0.2)
    close(ours(PiecewiseConstantDecay([10, 30], [1.0, 0.2, 0.04])), theirs)


@pytest.mark.parametrize(("t_mul", "period"), [(1, 10), (2, 10), (3, 4)])
def test_restarts_match_pytorch(t_mul, period):
    make = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts
    theirs = pytorch(make, 0.3, T_0=period, T_mult=t_mul, eta_min=0.03)
    close(ours(CosineDecayRestarts(0.3, period, t_mul=t_mul, alpha=0.1)), theirs)


def test_restarts_match_optax():
    cycles = [
        {"init_value": 0.0, "peak_value": 0.3, "decay_steps": n, "warmup_steps": 0, "end_value": 0.0}
        for n in (10, 20, 40)
    ]
    theirs = optax.sgdr_schedule(cycles)
    close(ours(CosineDecayRestarts(0.3, 10)), [float(theirs(k)) for k in STEPS], rtol=FLOAT32, atol=FLOAT32)


@pytest.mark.parametrize(("decay", "mode"), [(1.0, "triangular"), (0.5, "triangular2")])
def test_triangular_matches_pytorch(decay, mode):
    make = torch.optim.lr_scheduler.CyclicLR
    theirs = pytorch(make, 0.1, base_lr=0.1, max_lr=0.5, step_size_up=7, mode=mode, cycle_momentum=False)
    close(ours(Triangular(0.1, 0.5, 7, decay=decay)), theirs, rtol=1e-11)


def test_chain_matches_optax():
    theirs = optax.join_schedules(
        [optax.linear_schedule(0.0, 1.0, 10), optax.exponential_decay(1.0, 5, 0.5)], boundaries=[12]
    )
    ramp = LinearWarmup(lambda k: 1.0, steps=10)
    chain = Chain([ramp, ExponentialDecay(1.0, 5, 0.5)], [12])
    close(ours(chain), [float(theirs(k)) for k in STEPS], rtol=FLOAT32, atol=FLOAT32)


# The decks


def test_deck_b_linear_decay_reaches_one_percent_at_tau_and_stays():
    rate = LinearDecay(0.4, 200)
    assert rate(0) == 0.4
    close([rate(100), rate(200), rate(201), rate(10**9)], [0.202, 0.004, 0.004, 0.004])


def test_deck_c_formulas():
    k = np.arange(50)
    close(ours(LinearDecay(0.2, 50, final_fraction=0), k), 0.2 * (1 - k / 50))
    close(ours(ExponentialDecay(0.2, 7, 0.5, staircase=True), k), 0.2 * 0.5 ** (k // 7))
    close(ours(InverseTimeDecay(0.2, 1, 0.3), k), 0.2 / (1 + 0.3 * k))


def test_deck_c_reduction_to_a_fifth_at_half_and_three_quarters():
    rate = PiecewiseConstantDecay([49, 74], [0.1, 0.1 * 0.2, 0.1 * 0.2**2])
    close(ours(rate, [0, 49, 50, 74, 75, 99]), [0.1, 0.1, 0.02, 0.02, 0.004, 0.004])


def test_inverse_time_decay_satisfies_robbins_and_monro_and_exponential_decay_does_not():
    # Σε must diverge, Σε² converge: doubling the horizon adds log 2 to the first sum of 1/(1+k).
    def total(schedule, n, power):
        return sum(schedule(k) ** power for k in range(n))

    inverse, exponential = InverseTimeDecay(1.0, 1, 1.0), ExponentialDecay(1.0, 1, 0.9)
    assert math.isclose(total(inverse, 20000, 1) - total(inverse, 10000, 1), math.log(2), rel_tol=1e-4)
    assert total(inverse, 20000, 2) < math.pi**2 / 6
    assert math.isclose(total(exponential, 20000, 1), 10)


# The assignment's definitions (set 07)


@given(st.integers(0, 10**6), st.integers(1, 1000))
def test_assignment_cosine_is_back_at_the_top_at_each_period(step, period):
    rate = CosineDecayRestarts(0.5, period, t_mul=1.0, alpha=0.1)
    expected = 0.05 + 0.45 * (1 + math.cos(math.pi * (step % period) / period)) / 2
    assert math.isclose(rate(step), expected, rel_tol=1e-12)
    assert rate(period) == 0.5


@given(st.integers(0, 10**6), st.integers(1, 1000))
def test_assignment_triangular_starts_at_the_bottom(step, half_period):
    rate = Triangular(0.1, 0.7, half_period)
    distance = abs((step + half_period) % (2 * half_period) - half_period)
    assert math.isclose(rate(step), 0.1 + 0.6 * distance / half_period, rel_tol=1e-12)


# Reduce on plateau

LOSSES = [5, 4, 4, 4, 4, 3.99999, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2.5, 2.5, 2.5, 2.5, math.nan, 2.5, 2.5, 1]


@pytest.mark.parametrize("patience", [1, 2, 3])
@pytest.mark.parametrize("cooldown", [0, 1, 3])
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")  # Keras on torch
def test_reduce_on_plateau_matches_keras(patience, cooldown, keras):
    settings = {"factor": 0.5, "patience": patience, "cooldown": cooldown, "min_delta": 1e-3, "min_lr": 0.06}
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss="mse")
    callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", mode="min", **settings)
    callback.set_model(model)
    callback.on_train_begin()
    ours = ReduceOnPlateau(1.0, **settings)
    for epoch, loss in enumerate(LOSSES):
        callback.on_epoch_end(epoch, {"loss": loss})
        assert math.isclose(ours.update(loss), float(model.optimizer.learning_rate), rel_tol=1e-6), epoch


@pytest.mark.parametrize("patience", [1, 2, 4])
def test_reduce_on_plateau_matches_pytorch_whose_patience_is_one_less(patience):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=patience - 1, threshold=1e-3, threshold_mode="abs", min_lr=0.06
    )
    ours = ReduceOnPlateau(1.0, factor=0.5, patience=patience, min_delta=1e-3, min_lr=0.06)
    for loss in LOSSES:
        theirs.step(loss)
        assert ours.update(loss) == optimizer.param_groups[0]["lr"]


# Errors


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinearDecay(0.1, 10)(-1), "step must lie in 0 <= step, got -1"),
        (lambda: LinearDecay(-0.1, 10), "must lie in 0 <= initial_learning_rate, got -0.1"),
        (lambda: CosineDecay(0.1, 0), "decay_steps must lie in 0 < decay_steps, got 0"),
        (lambda: ExponentialDecay(0.1, 10, 1.5), "decay_rate must lie in 0 < decay_rate <= 1, got 1.5"),
        (lambda: InverseTimeDecay(0.1, 10, -1), "decay_rate must lie in 0 < decay_rate, got -1"),
        (lambda: PiecewiseConstantDecay([1, 2], [1, 2]), "1 boundaries belong to 2 values, got 2"),
        (lambda: PiecewiseConstantDecay([2, 1], [1, 2, 3]), "boundaries must increase"),
        (lambda: Triangular(0.5, 0.1, 3), "maximum must lie in 0.5 <= maximum, got 0.1"),
        (lambda: Triangular(0.1, 0.5, 0), "half_period must lie in 0 < half_period"),
        (lambda: CosineDecayRestarts(0.1, 10, t_mul=0.5), "t_mul must lie in 1 <= t_mul, got 0.5"),
        (lambda: LinearWarmup(lambda k: 1.0, 0), "steps must lie in 1 <= steps, got 0"),
        (lambda: Chain([lambda k: 1.0], [3]), "0 boundaries belong to 1 schedules, got 1"),
        (lambda: Chain([], []), "a chain needs at least one schedule"),
        (lambda: LinearDecay(0.1, 10, -0.5), "final_fraction must lie in 0 <= final_fraction, got -0.5"),
        (lambda: PiecewiseConstantDecay([1], [1, -2]), r"values\[1\] must lie in 0 <= "),
        (lambda: CosineDecay(0.1, 10, -0.1), "alpha must lie in 0 <= alpha, got -0.1"),
        (lambda: CosineDecayRestarts(0.1, 10, m_mul=-1), "m_mul must lie in 0 <= m_mul, got -1"),
        (lambda: Triangular(0.1, 0.5, 3, decay=-1), "decay must lie in 0 <= decay, got -1"),
        (lambda: ReduceOnPlateau(0.1, factor=1.0), "factor must lie in 0 < factor < 1, got 1.0"),
        (lambda: ReduceOnPlateau(0.1, patience=0), "patience must lie in 1 <= patience, got 0"),
    ],
)
def test_a_wrong_argument_is_named_with_its_rule(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("make", [lambda: LinearWarmup(0.1, 5), lambda: Chain([0.1, 0.2], [3])])
def test_a_number_in_place_of_a_schedule_is_refused(make):
    with pytest.raises(TypeError, match=r"a callable that maps a step to a rate, got 0\.1"):
        make()
