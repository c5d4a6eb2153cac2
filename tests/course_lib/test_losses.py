"""Losses and gradients against PyTorch, Keras and scikit-learn, at the extremes, and against the decks."""

import os

import numpy as np
import pytest
import sklearn.metrics
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from course_lib.reference.activations import sigmoid, softmax
from course_lib.reference.derivatives import central_difference
from course_lib.reference.losses import (
    LOSSES,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    Huber,
    KLDivergence,
    Loss,
    MeanSquaredError,
    Poisson,
    SparseCategoricalCrossentropy,
    get_loss,
    log_sum_exp,
    one_hot,
)

EPS = np.finfo(np.float64).eps


# what goes in: (y, a) for n rows of k from a generator


def reals(rng, n, k):
    return rng.normal(size=(n, k)) * 3, rng.normal(size=(n, k)) * 3


def positives(rng, n, k):
    return rng.gamma(2, size=(n, k)), rng.gamma(2, size=(n, k)) + 0.01


def chances(rng, n, k):
    return rng.uniform(size=(n, k)), rng.uniform(0.01, 0.99, (n, k))


def soft_rows(rng, n, k):
    return rng.dirichlet(np.ones(k), n), rng.dirichlet(np.ones(k), n) * 0.98 + 0.02 / k


def soft_logits(rng, n, k):
    return rng.dirichlet(np.ones(k), n), rng.normal(size=(n, k)) * 5


def labelled(rng, n, k):
    return rng.integers(0, k, n), rng.dirichlet(np.ones(k), n) * 0.98 + 0.02 / k


def labelled_logits(rng, n, k):
    return rng.integers(0, k, n), rng.normal(size=(n, k)) * 5


def signs(rng, n, k):
    return rng.choice([-1, 1], (n, k)), rng.normal(size=(n, k)) * 2


def hot_rows(rng, n, k):
    return np.eye(k)[rng.integers(0, k, n)], rng.normal(size=(n, k)) * 2


def smoothed_bce(epsilon):
    return lambda y, a: F.binary_cross_entropy(a, y * (1 - epsilon) + epsilon / 2)


# name: (ours, theirs(y, a) -> mean, inputs)
TORCH = {
    "mse": (LOSSES["mse"], lambda y, a: F.mse_loss(a, y), reals),
    "mae": (LOSSES["mae"], lambda y, a: F.l1_loss(a, y), reals),
    "huber": (Huber(), lambda y, a: F.huber_loss(a, y), reals),
    "huber 0.3": (Huber(0.3), lambda y, a: F.huber_loss(a, y, delta=0.3), reals),
    "log cosh": (LOSSES["log_cosh"], lambda y, a: torch.log(torch.cosh(a - y)).mean(), reals),
    "mape": (LOSSES["mape"], lambda y, a: 100 * ((a - y) / y).abs().mean(), positives),
    "msle": (LOSSES["msle"], lambda y, a: F.mse_loss(torch.log1p(a), torch.log1p(y)), positives),
    "poisson": (Poisson(), lambda y, a: F.poisson_nll_loss(a, y, log_input=False, eps=0), positives),
    "bce": (BinaryCrossentropy(), lambda y, a: F.binary_cross_entropy(a, y), chances),
    "bce smooth": (BinaryCrossentropy(label_smoothing=0.2), smoothed_bce(0.2), chances),
    "bce logits": (
        BinaryCrossentropy(from_logits=True),
        lambda y, s: F.binary_cross_entropy_with_logits(s, y),
        lambda rng, n, k: (rng.uniform(size=(n, k)), rng.normal(size=(n, k)) * 5),
    ),
    "ce": (CategoricalCrossentropy(), lambda y, a: -(y * a.log()).sum(-1).mean(), soft_rows),
    "ce logits": (CategoricalCrossentropy(from_logits=True), lambda y, s: F.cross_entropy(s, y), soft_logits),
    "ce logits smooth": (
        CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        lambda y, s: F.cross_entropy(s, y, label_smoothing=0.1),
        soft_logits,
    ),
    "sparse ce": (SparseCategoricalCrossentropy(), lambda y, a: F.nll_loss(a.log(), y.long()), labelled),
    "sparse ce logits": (
        SparseCategoricalCrossentropy(from_logits=True),
        lambda y, s: F.cross_entropy(s, y.long()),
        labelled_logits,
    ),
    "kl": (KLDivergence(), lambda y, a: F.kl_div(a.log(), y, reduction="batchmean"), soft_rows),
    "hinge": (Hinge(), lambda y, a: torch.relu(1 - y * a).mean(), signs),
    "squared hinge": (LOSSES["squared_hinge"], lambda y, a: (torch.relu(1 - y * a) ** 2).mean(), signs),
    "categorical hinge": (
        CategoricalHinge(),
        lambda y, a: torch.relu(((1 - y) * a).amax(-1) - (y * a).sum(-1) + 1).mean(),
        hot_rows,
    ),
    "cosine": (CosineSimilarity(), lambda y, a: -F.cosine_similarity(y, a, -1).mean(), reals),
}
sizes = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 5))


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    return keras


def test_every_loss_is_compared_below():
    assert {type(ours) for ours, _, _ in TORCH.values()} == {type(loss) for loss in LOSSES.values()}


@pytest.mark.parametrize("name", TORCH)
@given(sizes)
def test_loss_and_gradient_match_torch(name, size):
    seed, n, k = size
    ours, theirs, inputs = TORCH[name]
    y, a = inputs(np.random.default_rng(seed), n, k)
    t = torch.tensor(a, requires_grad=True)
    expected = theirs(torch.tensor(y, dtype=torch.float64), t)
    expected.backward()
    assert ours(y, a) == pytest.approx(expected.item(), rel=1e-10, abs=1e-12)
    gradient = ours.gradient(y, a)
    assert gradient.shape == a.shape
    np.testing.assert_allclose(gradient, t.grad.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", TORCH)
def test_weights_multiply_each_sample_and_the_mean_still_divides_by_n(name):
    ours, theirs, inputs = TORCH[name]
    y, a = inputs(np.random.default_rng(3), 5, 3)
    w = np.array([0.0, 1.0, 2.0, 0.5, 3.0])
    t = torch.tensor(a, requires_grad=True)
    rows = [theirs(torch.tensor(y[i : i + 1], dtype=torch.float64), t[i : i + 1]) for i in range(5)]
    expected = sum(row * weight for row, weight in zip(rows, w, strict=True)) / 5
    expected.backward()
    assert ours(y, a, weights=w) == pytest.approx(expected.item(), rel=1e-10)
    np.testing.assert_allclose(ours.gradient(y, a, weights=w), t.grad.numpy(), rtol=1e-10, atol=1e-14)


KERAS = {
    "mean_squared_error": reals, "mean_absolute_error": reals, "huber": reals, "log_cosh": reals,
    "mean_absolute_percentage_error": reals, "mean_squared_logarithmic_error": reals, "hinge": signs,
    "squared_hinge": signs, "categorical_hinge": hot_rows, "cosine_similarity": reals,
    "categorical_crossentropy": soft_rows, "sparse_categorical_crossentropy": labelled,
    "binary_crossentropy": chances, "poisson": positives, "kl_divergence": soft_rows,
}  # fmt: skip


@pytest.mark.parametrize("name", KERAS)
def test_loss_matches_keras(keras, name):
    y, a = KERAS[name](np.random.default_rng(4), 6, 3)
    theirs = getattr(keras.losses, name)(keras.ops.convert_to_tensor(y), keras.ops.convert_to_tensor(a))
    # ops.mean of Keras works in float32 whatever it is given; torch above is the oracle to 1e-10
    tolerance = 1e-6 if name == "poisson" else float(8 * np.finfo(np.float32).eps)  # Poisson: a + 1e-7
    assert LOSSES[name](y, a) == pytest.approx(float(np.mean(np.asarray(theirs))), rel=tolerance)


def test_definitions_that_differ_are_those_of_the_table(keras):
    tensor = keras.ops.convert_to_tensor
    y, a = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert float(keras.losses.BinaryCrossentropy()(y, a)) == pytest.approx(-np.log(1e-7), rel=1e-2)
    assert F.binary_cross_entropy(torch.tensor(a), torch.tensor(y)).item() == 100
    assert BinaryCrossentropy()(y, a) == np.inf
    unnormalized = np.array([[0.5, 0.25]])
    assert float(keras.losses.CategoricalCrossentropy()(y, unnormalized)) == pytest.approx(-np.log(2 / 3), rel=1e-6)
    assert CategoricalCrossentropy()(y, unnormalized) == pytest.approx(-np.log(1 / 2))
    t = torch.tensor([[0.2, 3.0]])
    smooth_l1 = F.smooth_l1_loss(t, torch.zeros(1, 2), beta=0.5).item()
    assert smooth_l1 == pytest.approx(Huber(0.5)(np.zeros((1, 2)), t.numpy()) / 0.5)
    p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.9, 0.1]])
    by_entry = F.kl_div(q.log(), p, reduction="none").mean().item()
    assert by_entry == pytest.approx(KLDivergence()(p.numpy(), q.numpy()) / 2)
    zero_one, score = np.array([[0.0, 1.0]]), np.array([[0.5, 0.5]])
    rewritten = float(np.mean(np.asarray(keras.losses.hinge(tensor(zero_one), tensor(score)))))
    assert rewritten == pytest.approx(Hinge()(2 * zero_one - 1, score))
    embedding = F.cosine_embedding_loss(torch.tensor([[1.0, 2.0]]), torch.tensor([[2.0, 1.0]]), torch.ones(1)).item()
    assert embedding == pytest.approx(1 + CosineSimilarity()([[1.0, 2.0]], [[2.0, 1.0]]), rel=1e-6)
    w, s = torch.tensor([1.0, 3.0]), torch.tensor([[1.0, 0.0], [0.5, 2.0]])
    by_class = F.cross_entropy(s, torch.tensor([0, 1]), weight=w).item()
    ours = SparseCategoricalCrossentropy(from_logits=True)([0, 1], s.numpy(), weights=w.numpy())
    assert by_class == pytest.approx(ours * 2 / 4, rel=1e-6)


def test_classification_losses_match_scikit_learn():
    rng = np.random.default_rng(5)
    labels, a = labelled(rng, 20, 4)
    expected = sklearn.metrics.log_loss(labels, a, labels=range(4))
    assert SparseCategoricalCrossentropy()(labels, a) == pytest.approx(expected, rel=1e-10)
    y, margins = signs(rng, 20, 1)
    expected = sklearn.metrics.hinge_loss(y[:, 0], margins[:, 0], labels=[-1, 1])
    assert Hinge()(y, margins) == pytest.approx(expected, rel=1e-12)


# from logits: fused and unfused


@given(st.integers(0, 2**32 - 1))
def test_fused_gradient_is_the_unfused_chain_where_both_can_be_computed(seed):
    rng = np.random.default_rng(seed)
    y, s = soft_logits(rng, 4, 3)
    chain = softmax.backward(s, softmax(s), CategoricalCrossentropy().gradient(y, softmax(s)))
    np.testing.assert_allclose(CategoricalCrossentropy(True).gradient(y, s), chain, rtol=1e-9, atol=1e-12)
    chain = sigmoid.backward(s, sigmoid(s), BinaryCrossentropy().gradient(y, sigmoid(s)))
    np.testing.assert_allclose(BinaryCrossentropy(True).gradient(y, s), chain, rtol=1e-7, atol=1e-12)


def test_sparse_and_one_hot_targets_agree():
    labels, s = labelled_logits(np.random.default_rng(6), 7, 4)
    sparse, dense = SparseCategoricalCrossentropy(True), CategoricalCrossentropy(True)
    assert sparse(labels, s) == pytest.approx(dense(one_hot(labels, 4), s), rel=4 * EPS)
    np.testing.assert_allclose(sparse.gradient(labels, s), dense.gradient(one_hot(labels, 4), s), atol=EPS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [89, 1e3, 1e4])
def test_logits_up_to_ten_thousand_stay_finite_and_right(dtype, size):
    s = np.array([[size, -size, 0], [-size, size, 0]], dtype)
    sparse = SparseCategoricalCrossentropy(from_logits=True)
    assert sparse([0, 0], s) == pytest.approx(size)  # first row right: 0; second wrong by 2·size
    np.testing.assert_allclose(sparse.gradient([0, 0], s), np.array([[0, 0, 0], [-0.5, 0.5, 0]]), atol=1e-12)
    assert sparse.gradient([0, 0], s).dtype == dtype
    binary = BinaryCrossentropy(from_logits=True)
    y = np.array([[0, 0, 1], [0, 0, 1]], dtype)
    assert binary(y, s) == pytest.approx((2 * size + 2 * np.log(2)) / 6, rel=1e-6)
    np.testing.assert_allclose(binary.gradient(y, s) * 6, [[1, 0, -0.5], [0, 1, -0.5]], atol=1e-6)


def test_the_unfused_form_fails_where_the_fused_one_does_not():
    s, y = np.float32([[-200.0]]), np.float32([[1.0]])
    a = sigmoid(s)
    assert a == 0 and BinaryCrossentropy()(y, a) == np.inf
    with np.errstate(invalid="ignore"):
        assert np.isnan(sigmoid.backward(s, a, BinaryCrossentropy().gradient(y, a)))
    fused = BinaryCrossentropy(from_logits=True)
    assert (fused(y, s), fused.gradient(y, s)) == (200, -1)


def test_certain_and_right_costs_nothing_and_certain_and_wrong_infinitely_much():
    y = np.array([[1.0, 0.0], [0.0, 1.0]])
    for loss in (BinaryCrossentropy(), CategoricalCrossentropy(), KLDivergence()):
        assert loss(y, y) == 0
        assert loss(y, y[::-1]) == np.inf
    np.testing.assert_array_equal(BinaryCrossentropy().gradient([1.0, 0.0], [1.0, 0.0]), [-0.5, 0.5])
    assert SparseCategoricalCrossentropy()([0], [[0.0, 1.0]]) == np.inf


# edges


@pytest.mark.parametrize("name", TORCH)
def test_one_sample_works_and_an_empty_batch_says_why_not(name):
    ours, _, inputs = TORCH[name]
    y, a = inputs(np.random.default_rng(7), 1, 3)
    assert np.isfinite(ours(y, a))
    with pytest.raises(ValueError, match="the batch is empty"):
        ours(y[:0], a[:0])
    with pytest.raises(ValueError, match="the batch is empty"):
        ours.gradient(y[:0], a[:0])


@pytest.mark.parametrize("name", TORCH)
def test_nan_outputs_give_a_nan_loss_and_no_warning(name):
    ours, _, inputs = TORCH[name]
    y, a = inputs(np.random.default_rng(8), 2, 3)
    assert np.isnan(ours(y, np.full_like(a, np.nan)))


REFUSING = (positives, chances, soft_rows, labelled)  # an infinity is no probability, and no rate


@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [name for name, row in TORCH.items() if row[2] not in REFUSING])
def test_an_infinite_output_is_finite_in_the_loss_where_it_is_in_torch_and_warns_of_nothing(name, dtype, infinity):
    ours, theirs, inputs = TORCH[name]
    y, a = inputs(np.random.default_rng(8), 3, 3)
    a = a.astype(dtype)
    a[1, 0] = infinity
    loss, expected = (
        ours(y, a),
        theirs(torch.tensor(y, dtype=torch.float64), torch.tensor(a, dtype=torch.float64)).item(),
    )
    assert np.isfinite(loss) == np.isfinite(expected)
    assert not np.isfinite(loss) or loss == pytest.approx(expected, rel=1e-5)
    gradient = ours.gradient(y, a)
    assert gradient.dtype == dtype and gradient.shape == a.shape


@pytest.mark.parametrize("name", TORCH)
def test_arguments_are_untouched_and_float32_stays_float32(name):
    ours, _, inputs = TORCH[name]
    y, a = inputs(np.random.default_rng(9), 4, 3)
    a = np.asfortranarray(a.astype(np.float32))
    y.flags.writeable = a.flags.writeable = False
    before = y.copy(), a.copy()
    ours(y, a)
    assert ours.gradient(y, a).dtype == np.float32
    np.testing.assert_array_equal(y, before[0])
    np.testing.assert_array_equal(a, before[1])
    assert isinstance(ours(y, a), float)


def test_one_class_costs_nothing():
    assert CategoricalCrossentropy(True)([[1.0]], [[7.0]]) == 0
    assert SparseCategoricalCrossentropy(True)([0, 0], [[7.0], [-1e4]]) == 0


def test_scalars_vectors_and_higher_arrays_are_batches_too():
    assert MeanSquaredError()(1.0, 3.0) == 4
    assert MeanSquaredError().gradient(1.0, 3.0) == 4
    assert MeanSquaredError()(1.0, 3.0, weights=[2.0]) == 8
    y = np.zeros((2, 3, 4))
    assert MeanSquaredError()(y, y + 2) == 4
    assert CosineSimilarity()(y + 1, y + 2) == pytest.approx(-1)


def test_slopes_at_the_kinks_are_zero_or_those_of_the_lower_side():
    assert LOSSES["mae"].gradient([1.0], [1.0]) == 0
    assert Hinge().gradient([1], [1.0]) == 0
    np.testing.assert_array_equal(Huber(2.0).gradient([0.0, 0.0], [2.0, -2.0]), [1, -1])
    assert CosineSimilarity()([[1.0, 0.0]], [[0.0, 0.0]]) == 0
    np.testing.assert_array_equal(CosineSimilarity().gradient([[1.0, 0.0]], [[0.0, 0.0]]), [[0, 0]])


def test_log_cosh_and_huber_do_not_overflow_for_large_errors():
    e = np.float32([1e4, -1e4])
    assert LOSSES["log_cosh"]([0.0, 0.0], e) == pytest.approx(1e4 - np.log(2), rel=1e-6)
    np.testing.assert_array_equal(LOSSES["log_cosh"].gradient([0.0, 0.0], e), [0.5, -0.5])
    assert Huber()([0.0, 0.0], e) == pytest.approx(1e4 - 0.5)


def test_negative_outputs_of_the_logarithmic_error_count_as_epsilon():
    msle = LOSSES["msle"]
    assert msle([0.0], [-5.0]) == 0
    assert msle.gradient([3.0], [-5.0]) == 0


def test_a_percentage_of_nothing_is_taken_of_epsilon():
    assert LOSSES["mape"]([0.0], [1.0]) == pytest.approx(100 / 1e-7)


# errors


@pytest.mark.parametrize(
    ("loss", "y", "a", "message"),
    [
        (MeanSquaredError(), np.zeros(3), np.zeros((3, 1)), r"got y \(3,\) and a \(3, 1\): NumPy would stretch"),
        (MeanSquaredError(), np.zeros((2, 3)), np.zeros((2, 4)), r"got y \(2, 3\) and a \(2, 4\)"),
        (BinaryCrossentropy(), [1.0], [3.0], r"outputs must lie in 0..1, got 3.0 at \(0,\): use from_logits=True"),
        (BinaryCrossentropy(True), [-1.0], [3.0], r"targets must lie in 0..1, got -1.0 at \(0,\)"),
        (CategoricalCrossentropy(), [[0.5, 0.4]], [[0.5, 0.5]], "row of the targets must sum to 1, got 0.9 at"),
        (CategoricalCrossentropy(True), [1.0], 2.0, r"shape \(n, k\) with k >= 1, got \(\)"),
        (SparseCategoricalCrossentropy(True), [0, 12], np.zeros((2, 10)), r"0..9 \(10 logits\), got 12 at row 1"),
        (SparseCategoricalCrossentropy(True), [0, -1], np.zeros((2, 10)), "got -1 at row 1"),
        (SparseCategoricalCrossentropy(True), [0], np.zeros((2, 10)), "one label a row, got 1 labels and 2 rows"),
        (SparseCategoricalCrossentropy(True), np.eye(2, dtype=int), np.eye(2), "use CategoricalCrossentropy for"),
        (SparseCategoricalCrossentropy(True), [0], np.zeros(3), r"outputs must have shape \(n, k\), got \(3,\)"),
        (Hinge(), [0, 1], [0.5, 0.5], r"must be -1 or \+1, got 0.0: write 2\*y - 1"),
        (Poisson(), [1.0], [0.0], "must be > 0, got 0.0: end with an exponential or softplus"),
        (KLDivergence(), [[1.5, -0.5]], [[0.5, 0.5]], "targets must lie in 0..1, got 1.5"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_explained(loss, y, a, message):
    with pytest.raises(ValueError, match=message):
        loss(y, a)
    with pytest.raises(ValueError, match=message):
        loss.gradient(y, a)


def test_wrong_labels_weights_options_and_names_are_explained():
    sparse, mse = SparseCategoricalCrossentropy(True), MeanSquaredError()
    with pytest.raises(TypeError, match=r"labels must be integers, got dtype float64: write labels.astype\(int\)"):
        sparse([0.0], np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"weights must have shape \(2,\), one a sample, got \(3,\)"):
        mse([1.0, 2.0], [1.0, 2.0], weights=np.ones(3))
    with pytest.raises(ValueError, match="weights must be finite and not negative"):
        mse([1.0, 2.0], [1.0, 2.0], weights=[1.0, -1.0])
    with pytest.raises(ValueError, match="delta must lie in 0 < delta, got 0"):
        Huber(0)
    with pytest.raises(ValueError, match="label_smoothing must lie in 0 <= label_smoothing <= 1"):
        CategoricalCrossentropy(label_smoothing=2)
    with pytest.raises(ValueError, match="did you mean 'binary_crossentropy'"):
        get_loss("binary_cross_entropy")
    with pytest.raises(TypeError, match="make an instance of it"):
        get_loss(Huber)
    with pytest.raises(NotImplementedError, match="does not say what its terms are"):
        Loss()([1.0], [1.0])


def test_names_lead_to_losses_and_objects_to_themselves():
    own = Huber(0.5)
    assert get_loss(own) is own
    assert isinstance(get_loss("mse"), MeanSquaredError)
    assert repr(own) == "Huber(delta=0.5)"


# the decks


def test_cross_entropy_examples_of_the_deck():
    # USC EE599 2020: hard labels .0945 (rounded down, .09459 in full), soft labels 1.22, binary .415
    a = [[0.9, 0.05, 0.05], [0.05, 0.89, 0.06], [0.05, 0.01, 0.94]]
    assert CategoricalCrossentropy()(np.eye(3), a) == pytest.approx(0.09458991187728844, rel=1e-14)
    soft = [[0.7, 0.2, 0.1], [0.05, 0.9, 0.05], [0.3, 0.3, 0.4]]
    assert CategoricalCrossentropy()(soft, a) == pytest.approx(1.22, abs=5e-3)
    # the deck adds 1e-10 inside its logarithms
    assert BinaryCrossentropy()([[0, 1, 0]], [[0.6, 0.8, 0.1]]) == pytest.approx(0.41493159945336, abs=1e-9)
    assert MeanSquaredError()([[1, 1, 1], [2, 2, 2]], [[0, 0, 0], [3, 3, 3]]) == 1


def test_soft_cross_entropy_is_the_kl_divergence_plus_the_entropy_of_the_targets():
    # USC EE599 2020: "a constant offset"
    y, a = soft_rows(np.random.default_rng(10), 5, 4)
    entropy = -(y * np.log(y)).sum(-1).mean()
    assert CategoricalCrossentropy()(y, a) == pytest.approx(KLDivergence()(y, a) + entropy, rel=1e-12)


def test_binary_cross_entropy_is_the_categorical_one_of_two_classes():
    # USC EE599 2020: "same as MCE with a0 = a, a1 = 1 - a"
    y, a = chances(np.random.default_rng(11), 6, 1)
    two = CategoricalCrossentropy()(np.hstack([y, 1 - y]), np.hstack([a, 1 - a]))
    assert BinaryCrossentropy()(y, a) == pytest.approx(two, rel=1e-12)


def test_gradient_of_the_binary_cross_entropy_is_the_one_derived_in_the_deck():
    # UW ML530 2021, part 2 of 2: (a - y) / (a (1 - a))
    y, a = chances(np.random.default_rng(12), 6, 1)
    np.testing.assert_allclose(BinaryCrossentropy().gradient(y, a), (a - y) / (a * (1 - a)) / 6, rtol=1e-12)


def test_from_logits_the_loss_is_max_star_minus_the_true_logit():
    # USC EE599 2020: C = max* s - s_m
    labels, s = labelled_logits(np.random.default_rng(13), 5, 4)
    expected = (log_sum_exp(s) - s[np.arange(5), labels]).mean()
    assert SparseCategoricalCrossentropy(True)(labels, s) == pytest.approx(expected, rel=4 * EPS)


@pytest.mark.parametrize("name", ["mse", "mae", "ce"])
def test_losses_are_negative_log_likelihoods(name):
    """Gaussian, Laplace, categorical: scipy's own densities, up to a constant that the fit does not see."""
    import scipy.stats

    rng = np.random.default_rng(14)
    y, a = rng.normal(size=50), rng.normal(size=50)
    if name == "ce":
        labels, p = labelled(rng, 50, 3)
        scores = -np.mean(
            [scipy.stats.multinomial(1, row).logpmf(hot) for row, hot in zip(p, one_hot(labels, 3), strict=True)]
        )
        assert SparseCategoricalCrossentropy()(labels, p) == pytest.approx(scores, rel=1e-10)
        return
    density, factor = {"mse": (scipy.stats.norm, 0.5), "mae": (scipy.stats.laplace, 1.0)}[name]
    likelihood = -density.logpdf(y - a).mean() + density.logpdf(0)
    assert LOSSES[name](y, a) * factor == pytest.approx(likelihood, rel=1e-10)


@pytest.mark.parametrize("name", TORCH)
def test_gradient_is_what_differences_measure(name):
    ours, _, inputs = TORCH[name]
    y, a = inputs(np.random.default_rng(15), 4, 3)
    measured = central_difference(lambda at: ours(y, at), a * 0.999 + 0.0003, 1e-6)
    assert np.abs(measured - ours.gradient(y, a * 0.999 + 0.0003)).max() < 1e-7 * max(1, np.abs(measured).max())
