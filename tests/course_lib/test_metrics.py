"""Metrics against scikit-learn's, in one go and batch by batch."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics as oracle

from course_lib.metrics import (
    AUC,
    F1,
    METRICS,
    R2,
    Accuracy,
    MeanLoss,
    Metric,
    Precision,
    Recall,
    TopKAccuracy,
    confusion_matrix,
    get_metric,
)
from course_lib.reference.losses import BinaryCrossentropy, MeanSquaredError

SEEDS = st.integers(0, 999)


def detector(seed, n=30):
    """Labels of two classes and scores with ties."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, n), rng.integers(0, 8, n) / 8


@given(seed=SEEDS)
def test_accuracy_matches_sklearn_for_labels_one_hot_rows_and_single_outputs(seed):
    rng = np.random.default_rng(seed)
    a, y = rng.random((20, 4)), rng.integers(0, 4, 20)
    expected = oracle.accuracy_score(y, a.argmax(axis=1))
    assert Accuracy()(y, a) == Accuracy()(np.eye(4)[y], a) == pytest.approx(expected, abs=1e-12)
    y, scores = detector(seed)
    expected = oracle.accuracy_score(y, scores > 0.5)
    assert Accuracy()(y, scores) == Accuracy()(y[:, None], scores[:, None]) == pytest.approx(expected, abs=1e-12)


@given(seed=SEEDS, k=st.integers(1, 5))
def test_top_k_matches_sklearn(seed, k):
    rng = np.random.default_rng(seed)
    a, y = rng.random((20, 6)), rng.integers(0, 6, 20)
    assert TopKAccuracy(k)(y, a) == pytest.approx(oracle.top_k_accuracy_score(y, a, k=k, labels=range(6)), abs=1e-12)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (Precision, lambda y, a: oracle.precision_score(y, a > 0.5, zero_division=0)),
        (Recall, lambda y, a: oracle.recall_score(y, a > 0.5, zero_division=0)),
        (F1, lambda y, a: oracle.f1_score(y, a > 0.5, zero_division=0)),
    ],
)
@given(seed=SEEDS, n=st.integers(1, 12))
def test_detector_metrics_match_sklearn(metric, expected, seed, n):
    y, a = detector(seed, n)
    assert metric()(y, a) == pytest.approx(expected(y, a), abs=1e-12)


@given(seed=SEEDS)
def test_auc_matches_sklearn_ties_included(seed):
    y, a = detector(seed)
    assume(0 < y.sum() < len(y))
    assert AUC()(y, a) == pytest.approx(oracle.roc_auc_score(y, a), abs=1e-12)
    assert AUC()(y, np.column_stack([1 - a, a])) == pytest.approx(oracle.roc_auc_score(y, a), abs=1e-12)


@given(seed=SEEDS, offset=st.sampled_from([0.0, 1e6]))
def test_r2_matches_sklearn_far_from_zero_too(seed, offset):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=25) + offset
    a = y + rng.normal(size=25)
    assert R2()(y, a[:, None]) == pytest.approx(oracle.r2_score(y, a), abs=1e-7 if offset else 1e-12)


@given(seed=SEEDS)
def test_confusion_matrix_matches_sklearn(seed):
    y, said = np.random.default_rng(seed).integers(0, 4, (2, 30))
    np.testing.assert_array_equal(confusion_matrix(y, said, 4), oracle.confusion_matrix(y, said, labels=range(4)))


@pytest.mark.parametrize("kind", [*METRICS.values(), lambda: MeanLoss("mae")])
def test_batches_of_any_size_give_the_number_of_the_whole(kind):
    rng = np.random.default_rng(0)
    y, a = rng.integers(0, 2, 50), rng.random((50, 2))
    a = a[:, 1] if kind in (R2, AUC) or not isinstance(kind, type) else a
    whole, parted = kind(), kind()
    if isinstance(whole, TopKAccuracy):
        whole, parted = TopKAccuracy(1), TopKAccuracy(1)
    expected = whole(y, a)
    for part in np.split(np.arange(50), [3, 20, 21]):
        parted.update(y[part], a[part])
    assert parted.result() == pytest.approx(expected, abs=1e-12)
    parted.reset()
    parted.update(y, a)
    assert parted.result() == pytest.approx(expected, abs=1e-12)


def test_threshold_for_logits_is_zero():
    assert get_metric("accuracy", BinaryCrossentropy(from_logits=True)).threshold == 0
    assert get_metric("accuracy", BinaryCrossentropy()).threshold == 0.5
    assert get_metric("accuracy", BinaryCrossentropy(from_logits=True))([0, 1], [-0.1, 0.1]) == 1.0


def test_undefined_metrics_are_nan_not_an_error():
    assert np.isnan(AUC()([1, 1], [0.2, 0.3]))
    assert np.isnan(R2()([1.0, 1.0], [0.2, 0.3]))
    assert all(np.isnan(kind().result()) for kind in METRICS.values())
    nothing = np.zeros(0, int), np.zeros((0, 2))
    assert all(np.isnan(kind()(*nothing)) for name, kind in METRICS.items() if name != "r2")
    assert np.isnan(R2()(np.zeros((0, 2)), np.zeros((0, 2))))


def test_losses_serve_as_metrics():
    assert get_metric("mse").name == "mean_squared_error"
    assert get_metric(MeanSquaredError())([1.0, 2.0], [1.0, 4.0]) == 2.0


def test_metric_of_ones_own():
    class Largest(Metric):
        name = "largest"

        def sums(self, y, a):
            return a.max() * len(a)

    assert get_metric(Largest())([0, 0], [[1.0, 3.0], [2.0, 0.0]]) == 3.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: get_metric("recal"), ValueError, "did you mean 'recall'"),
        (lambda: Accuracy()([0, 1], [[1.0, 0.0]]), ValueError, "got 2 targets and 1 outputs"),
        (lambda: TopKAccuracy(0), ValueError, "k must be a whole number >= 1"),
        (lambda: TopKAccuracy(2.5), ValueError, "k must be a whole number >= 1, got 2.5"),
        (lambda: TopKAccuracy()([0], [0.5]), ValueError, r"outputs must have shape \(n, k\)"),
        (lambda: Accuracy()([0, 2], np.ones((2, 2))), ValueError, r"labels must lie in 0..1 .* got 2 at row 1"),
        (lambda: Accuracy()(np.eye(3), np.ones((3, 2))), ValueError, "one-hot targets and outputs must have one shape"),
        (lambda: R2()([1.0, 2.0], np.ones((2, 2))), ValueError, "targets and outputs must have one shape"),
        (lambda: confusion_matrix([0, 3], [0, 1], 3), ValueError, "labels must lie in 0..2"),
        (lambda: Metric()([0], [0.0]), NotImplementedError, "must define sums"),
    ],
)
def test_wrong_use_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
