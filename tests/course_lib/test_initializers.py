"""Initializers by their distributions (SciPy), their moments and limits (PyTorch, Keras), and the decks."""

import math
import os

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.reference import initializers
from course_lib.reference.activations import softmax
from course_lib.reference.initializers import (
    INITIALIZERS,
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    Initializer,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    fans,
    get_initializer,
    output_bias,
)

SHAPE = (120, 80)  # 9600 draws
NAMED = {
    "lecun_normal": (LecunNormal, 1 / 120),
    "lecun_uniform": (LecunUniform, 1 / 120),
    "glorot_normal": (GlorotNormal, 2 / 200),
    "glorot_uniform": (GlorotUniform, 2 / 200),
    "he_normal": (HeNormal, 2 / 120),
    "he_uniform": (HeUniform, 2 / 120),
}


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    return keras


def looks_like(draws, distribution):
    """Kolmogorov and Smirnov's test at one in ten thousand; the seeds are fixed, so it cannot flicker."""
    return scipy.stats.kstest(draws.ravel(), distribution.cdf).pvalue > 1e-4


# distributions


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("seed", [0, 1])
def test_named_initializers_draw_their_distribution(name, seed):
    _, variance = NAMED[name]
    W = INITIALIZERS[name](SHAPE, seed)
    limit = math.sqrt(3 * variance)
    if name.endswith("uniform"):
        assert looks_like(W, scipy.stats.uniform(-limit, 2 * limit))
        assert np.abs(W).max() <= limit
    else:
        assert looks_like(W, scipy.stats.norm(0, math.sqrt(variance)))


@pytest.mark.parametrize(
    ("init", "distribution"),
    [
        (RandomNormal(1.0, 0.5), scipy.stats.norm(1, 0.5)),
        (RandomUniform(-1, 3), scipy.stats.uniform(-1, 4)),
        (TruncatedNormal(0.0, 0.1, rescaled=False), scipy.stats.truncnorm(-2, 2, 0, 0.1)),
        (TruncatedNormal(0.5, 0.1), scipy.stats.truncnorm(-2, 2, 0.5, 0.1 / 0.87962566103423978)),
        (HeNormal(truncated=True), scipy.stats.truncnorm(-2, 2, 0, math.sqrt(2 / 120) / 0.87962566103423978)),
        (VarianceScaling(3.0, "fan_out", "untruncated_normal"), scipy.stats.norm(0, math.sqrt(3 / 80))),
        (VarianceScaling(3.0, "fan_out", "uniform"), scipy.stats.uniform(-math.sqrt(9 / 80), 2 * math.sqrt(9 / 80))),
    ],
    ids=["normal", "uniform", "cut", "cut, rescaled", "he, cut", "fan_out, normal", "fan_out, uniform"],
)
def test_other_initializers_draw_their_distribution(init, distribution):
    assert looks_like(init(SHAPE, 3), distribution)


def test_the_test_above_can_tell_clipped_and_unscaled_draws_from_right_ones():
    rng = np.random.default_rng(0)
    right = scipy.stats.truncnorm(-2, 2, 0, 1 / 0.87962566103423978)
    assert not looks_like(np.clip(rng.normal(size=SHAPE), -2, 2) / 0.8796, right)
    assert not looks_like(TruncatedNormal(0, 1, rescaled=False)(SHAPE, 0), right)
    assert not looks_like(GlorotUniform()(SHAPE, 0) * 1.1, scipy.stats.uniform(-math.sqrt(0.03), 2 * math.sqrt(0.03)))


def test_the_constant_of_the_truncated_normal_is_scipys():
    assert scipy.stats.truncnorm(-2, 2).std() == pytest.approx(0.87962566103423978, rel=1e-12)
    W = TruncatedNormal(0.0, 0.1)(SHAPE, 0)
    assert np.abs(W).max() <= 0.2 / 0.8796
    assert W.std() == pytest.approx(0.1, rel=0.03)


# libraries


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (GlorotUniform(), torch.nn.init.xavier_uniform_),
        (GlorotNormal(), torch.nn.init.xavier_normal_),
        (HeUniform(), torch.nn.init.kaiming_uniform_),
        (HeNormal(), torch.nn.init.kaiming_normal_),
        (Orthogonal(), torch.nn.init.orthogonal_),
    ],
    ids=["glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "orthogonal"],
)
def test_draws_and_torchs_come_from_one_distribution(ours, theirs):
    torch.manual_seed(0)
    weight = torch.empty(SHAPE[::-1])  # torch keeps (fan_out, fan_in)
    theirs(weight)
    assert scipy.stats.ks_2samp(ours(SHAPE, 0).ravel(), weight.numpy().ravel()).pvalue > 1e-4


def test_definitions_that_differ_are_those_of_the_table(keras):
    shape = (400, 100)
    cut = np.asarray(keras.initializers.HeNormal(seed=0)(shape))
    limit = 2 * math.sqrt(2 / 400) / 0.8796
    beyond = [(np.abs(W) > limit).mean() for W in (cut, HeNormal(truncated=True)(shape, 0), HeNormal()(shape, 0))]
    assert beyond[0] < 1e-4  # Keras on torch gives up after four draws, with four in a million beyond
    assert beyond[1] == 0
    assert beyond[2] == pytest.approx(2 * scipy.stats.norm.sf(2 / 0.8796), rel=0.1)
    assert scipy.stats.ks_2samp(cut.ravel(), HeNormal(truncated=True)(shape, 0).ravel()).pvalue > 1e-4
    unscaled = np.asarray(keras.initializers.TruncatedNormal(stddev=1.0, seed=0)(shape))
    assert unscaled.std() == pytest.approx(0.8796, rel=0.02)
    assert TruncatedNormal(stddev=1.0)(shape, 0).std() == pytest.approx(1, rel=0.02)
    torch.manual_seed(0)
    wide = torch.nn.init.trunc_normal_(torch.empty(shape), std=5.0)
    assert wide.abs().max() <= 2  # at ±2, not at ±2 std
    linear = torch.nn.Linear(400, 100)
    for array in (linear.weight, linear.bias):
        assert array.abs().max().item() == pytest.approx(1 / math.sqrt(400), rel=0.05)
    assert keras.layers.Dense(2).kernel_initializer.__class__.__name__ == "GlorotUniform"


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_names_are_those_of_keras(keras, name):
    # Keras knows the name "constant" too, and fails to build it without a value
    theirs = keras.initializers.Constant(0.0) if name == "constant" else keras.initializers.get(name)
    assert theirs.__class__.__name__.removesuffix("Initializer") == type(INITIALIZERS[name]).__name__
    assert get_initializer(name) is INITIALIZERS[name]


# orthogonal matrices


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 1000))
def test_orthogonal_has_orthonormal_columns_or_rows(rows, columns, seed):
    Q = Orthogonal(2.0)((rows, columns), seed) / 2
    gram = Q.T @ Q if rows >= columns else Q @ Q.T
    np.testing.assert_allclose(gram, np.eye(min(rows, columns)), atol=1e-13)


@pytest.mark.parametrize("entry", [(0, 0), (1, 2), (2, 2)])
def test_orthogonal_is_uniform_like_scipys(entry):
    rng = np.random.default_rng(1)
    ours = np.array([Orthogonal()((3, 3), rng)[entry] for _ in range(3000)])
    theirs = scipy.stats.ortho_group(3, seed=2).rvs(3000)[:, *entry]
    assert scipy.stats.ks_2samp(ours, theirs).pvalue > 1e-4
    dets = [np.linalg.det(Orthogonal()((3, 3), rng)) for _ in range(400)]
    assert 150 < sum(det > 0 for det in dets) < 250  # reflections as often as rotations


# shapes, seeds, special matrices


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_same_seed_same_weights_and_a_generator_goes_on(name):
    init = INITIALIZERS[name]
    np.testing.assert_array_equal(init((4, 3), 7), init((4, 3), np.random.default_rng(7)))
    rng = np.random.default_rng(7)
    first, second = init((4, 3), rng), init((4, 3), rng)
    assert first.shape == (4, 3) and first.dtype == np.float64
    assert np.array_equal(first, second) == isinstance(init, (Constant, Identity))


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"identity", "orthogonal"}))
@pytest.mark.parametrize("shape", [(), (5,), (0, 3), (2, 3, 4), (1, 1)])
def test_any_shape_can_be_filled(name, shape):
    assert INITIALIZERS[name](shape, 0).shape == shape


def test_constants_and_the_identity_are_what_they_say():
    np.testing.assert_array_equal(get_initializer("zeros")((2,), 0), [0, 0])
    np.testing.assert_array_equal(get_initializer("ones")((2,), 0), [1, 1])
    np.testing.assert_array_equal(Constant(0.1)((2,), 0), [0.1, 0.1])
    np.testing.assert_array_equal(Identity(2.0)((2, 3), 0), [[2, 0, 0], [0, 2, 0]])


def test_what_is_printed_can_be_typed():
    for init in [*INITIALIZERS.values(), HeNormal(truncated=True), Constant(0.5), VarianceScaling(2.0, "fan_out")]:
        assert vars(eval(repr(init), vars(initializers))) == vars(init)
    assert repr(HeNormal(truncated=True)) == "HeNormal(truncated=True)"


def test_fans_match_torch_for_dense_and_convolution():
    weight = torch.empty(32, 16, 3, 3)  # torch: out, in, window
    fan_in, fan_out = torch.nn.init._calculate_fan_in_and_fan_out(weight)
    assert fans((3, 3, 16, 32)) == (fan_in, fan_out)


# output bias


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_softmax_of_the_output_bias_gives_the_class_frequencies(labels):
    frequencies = np.bincount(labels, minlength=5) / len(labels)
    p = softmax(output_bias(labels, 5))
    np.testing.assert_allclose(p, frequencies, atol=1e-11)
    assert p[4] < 1e-6
    assert np.isfinite(output_bias(labels, 5)).all()


# errors


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: get_initializer("glorot"), ValueError, "unknown initializer 'glorot'"),
        (lambda: get_initializer("he-normal"), ValueError, "did you mean 'he_normal'"),
        (lambda: get_initializer(HeNormal), TypeError, "make an instance of it"),
        (lambda: HeNormal()([3, 2], 0), TypeError, r"tuple of integers >= 0 such as \(fan_in, fan_out\)"),
        (lambda: HeNormal()((3, -2), 0), TypeError, "integers >= 0"),
        (lambda: HeNormal()((3, 2), None), TypeError, "seed must be an integer >= 0 or a numpy.random.Generator"),
        (lambda: HeNormal()((3, 2), np.random), TypeError, "seed must be an integer"),
        (lambda: Orthogonal()((3,), 0), ValueError, r"needs a shape \(fan_in, fan_out\), got \(3,\)"),
        (lambda: Identity()((3,), 0), ValueError, r"needs a shape \(fan_in, fan_out\)"),
        (lambda: RandomNormal(0, -1), ValueError, "stddev must lie in 0 <= stddev, got -1"),
        (lambda: RandomUniform(1, 0), ValueError, "maxval must lie in 1 <= maxval, got 0"),
        (lambda: VarianceScaling(0.0), ValueError, "scale must lie in 0 < scale"),
        (lambda: VarianceScaling(1.0, "fan"), ValueError, "did you mean 'fan_in'"),
        (lambda: VarianceScaling(1.0, "fan_in", "normal"), ValueError, "unknown distribution 'normal'"),
        (lambda: GlorotUniform(truncated=True), ValueError, "only normal draws are truncated"),
        (lambda: output_bias([], 2), TypeError, "labels must be integers"),
        (lambda: output_bias(np.zeros(0, int), 2), ValueError, "labels must not be empty"),
        (lambda: output_bias([0, 2], 2), ValueError, "got 2 at row 1"),
        (lambda: Initializer()((2,), 0), NotImplementedError, "does not say how it draws"),
    ],
)
def test_errors_say_what_is_wrong_and_what_to_do(call, error, message):
    with pytest.raises(error, match=message):
        call()


# the decks


def test_glorot_limits_of_both_decks_are_one():
    # UW ML530 2021: √(3 / ((in + out)/2)); USC EE599 2020: √(6 / (in + out)), a²/3 = 2/(in + out)
    fan_in, fan_out = 784, 200
    limit = math.sqrt(6 / (fan_in + fan_out))
    assert limit == pytest.approx(math.sqrt(3 / ((fan_in + fan_out) / 2)), rel=1e-15)
    assert GlorotUniform().variance((fan_in, fan_out)) == pytest.approx(limit**2 / 3, rel=1e-15)
    W = GlorotUniform()((fan_in, fan_out), 0)
    assert limit * 0.9999 < np.abs(W).max() <= limit


@pytest.mark.parametrize("name", ["lecun_normal", "lecun_uniform"])
def test_a_sum_of_n_products_keeps_the_variance_if_each_weight_has_one_nth(name):
    # USC EE599 2020: Var(y) = N Var(w) Var(x)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 300))
    y = x @ INITIALIZERS[name]((300, 50), rng)
    assert y.var() == pytest.approx(1, rel=0.05)
    back = rng.normal(size=(2000, 50)) @ VarianceScaling(1.0, "fan_out")((300, 50), rng).T
    assert back.var() == pytest.approx(1, rel=0.05)


def test_he_keeps_the_second_moment_through_ten_relu_layers_and_glorot_halves_it_each_time():
    # USC EE599 2020: "Glorot does not account for nonlinear activations (e.g. ReLU)"
    def after_ten(name):
        rng = np.random.default_rng(1)
        a = rng.normal(size=(500, 200))
        for _ in range(10):
            a = np.maximum(a @ INITIALIZERS[name]((200, 200), rng), 0)
        return (a**2).mean()

    assert 0.2 < after_ten("he_normal") < 2
    assert after_ten("glorot_normal") < 4 * 2.0**-10
