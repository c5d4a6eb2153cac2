"""Item analysis against SciPy, pandas, and what the definitions say by other roads."""

from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest
from graded_class import SQUARES, record
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.stats import pearsonr

from autograder import analysis
from autograder.analysis import Statistic
from autograder.gradebook import Score

POINTS = np.random.default_rng(5).integers(0, 7, (30, 6)).astype(float) + np.arange(30)[:, None] / 6


def test_item_rest_matches_scipy():
    for item in range(POINTS.shape[1]):
        rest = np.delete(POINTS, item, axis=1).sum(axis=1)
        assert analysis.item_rest(POINTS, item).value == pytest.approx(pearsonr(POINTS[:, item], rest)[0], abs=1e-12)


def test_quartiles_match_pandas():
    values = POINTS.sum(axis=1)
    assert analysis.quartiles(values) == pytest.approx(tuple(pd.Series(values).quantile([0.25, 0.5, 0.75])), abs=1e-12)


def test_alpha_is_the_mean_of_all_split_halves():
    """Cronbach 1951: α is the mean of Flanagan's and Rulon's coefficient over all splits into halves."""
    k, total = POINTS.shape[1], POINTS.sum(axis=1)
    halves = []
    for chosen in combinations(range(k), k // 2):
        a = POINTS[:, chosen].sum(axis=1)
        halves.append(4 * np.cov(a, total - a)[0, 1] / total.var(ddof=1))
    assert analysis.cronbach_alpha(POINTS).value == pytest.approx(np.mean(halves), abs=1e-12)


def test_alpha_of_right_and_wrong_is_kuder_richardson_20():
    right = (POINTS > 4).astype(float)
    p, k = right.mean(axis=0), right.shape[1]
    kr20 = k / (k - 1) * (1 - (p * (1 - p)).sum() / right.sum(axis=1).var())
    assert analysis.cronbach_alpha(right).value == pytest.approx(kr20, abs=1e-12)


def test_alpha_by_hand():
    """Items with variances 2.5 and 2.5, sum with 9: α = 2·(1 − 5/9)."""
    table = np.array([[1, 1], [2, 3], [3, 2], [4, 5], [5, 4]], dtype=float)
    assert analysis.cronbach_alpha(table).value == pytest.approx(2 * (1 - 5 / 9), abs=1e-12)


def test_alpha_interval_covers_as_often_as_it_says():
    """Parallel normal items of error variance 2 have α = 5/(5 + 2); 1000 classes of 20."""
    rng, true = np.random.default_rng(7), 5 / 7
    covered = 0
    for _ in range(1000):
        table = rng.normal(size=(20, 1)) + rng.normal(scale=np.sqrt(2), size=(20, 5))
        low, high = analysis.alpha_interval(analysis.cronbach_alpha(table).value, 20, 5)
        covered += low < true < high
    assert 950 - 3 * np.sqrt(1000 * 0.95 * 0.05) < covered < 950 + 3 * np.sqrt(1000 * 0.95 * 0.05)


def test_upper_lower_by_hand():
    """Ten students, so groups of three: shares 1, 1, .5 above and 0, .5, 0 below."""
    item = np.array([2, 2, 1, 0, 1, 2, 0, 0, 1, 0], dtype=float)
    points = np.column_stack([item, np.arange(100, 0, -10) - item])
    assert analysis.upper_lower(points, 0, 2.0).value == pytest.approx((2.5 - 0.5) / 3, abs=1e-12)


def test_upper_lower_is_the_mean_over_all_ways_to_break_ties():
    item = np.array([1, 0, 1, 1, 0, 0, 1, 0, 0, 0], dtype=float)
    totals = np.array([9, 8, 8, 8, 8, 5, 3, 3, 3, 1], dtype=float)
    found = []
    for best in permutations((1, 2, 3, 4), 2):
        for worst in permutations((6, 7, 8), 2):
            found.append((item[[0, *best]].sum() - item[[9, *worst]].sum()) / 3)
    points = np.column_stack([item, totals - item])
    assert analysis.upper_lower(points, 0, 1.0).value == pytest.approx(np.mean(found), abs=1e-12)


@pytest.mark.parametrize("order", [np.arange(30)[::-1], np.random.default_rng(2).permutation(30)])
def test_statistics_do_not_depend_on_the_order_of_students(order):
    tied = np.round(POINTS)
    for statistic in (
        lambda p: analysis.upper_lower(p, 1, 6.0),
        lambda p: analysis.item_rest(p, 1),
        analysis.cronbach_alpha,
    ):
        assert statistic(tied[order]).value == pytest.approx(statistic(tied).value, abs=1e-12)


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (np.zeros((0, 3)), "at least"),
        (np.ones((1, 3)), "at least"),
        (np.ones((30, 3)), "same"),
        (np.arange(30.0)[:, None], "at least two questions"),
    ],
    ids=["nobody", "one student", "no variance", "one question"],
)
def test_degenerate_classes_get_a_reason_instead_of_a_number(points, reason):
    for statistic in (analysis.item_rest(points, 0), analysis.cronbach_alpha(points)):
        assert statistic.value is None and reason in statistic.reason
    assert analysis.upper_lower(np.ones((30, 3)), 0, 1.0) == Statistic(
        None, "everyone has the same total, so there is no upper and lower group"
    )
    assert analysis.quartiles([]) is None and analysis.difficulty(np.zeros((0, 3))) == []


def test_one_question_without_variance_does_not_silence_the_others():
    points = np.column_stack([np.ones(30), POINTS])
    assert analysis.item_rest(points, 0) == Statistic(None, "everyone earned the same points in it")
    assert analysis.item_rest(points, 1).value is not None


@given(
    arrays(
        np.float64, array_shapes(min_dims=2, max_dims=2, max_side=14), elements=st.sampled_from([0.0, 0.33, 1.0, 2.0])
    )
)
def test_no_class_gives_nan_or_a_value_out_of_range(points):
    for item in range(points.shape[1]):
        for found in (analysis.item_rest(points, item), analysis.upper_lower(points, item, 2.0)):
            assert (found.value is None) == bool(found.reason)
            assert found.value is None or -1 <= found.value <= 1
    alpha = analysis.cronbach_alpha(points)
    assert alpha.value is None or alpha.value <= 1 + 1e-12


def test_points_come_from_the_gradebook_where_it_has_them():
    scores = [Score("ada", None, 8.5, 9.0, parts={"double": 1.5, "halve": 4.0, "why": 3.0})]
    table = analysis.class_table([record("ada"), record("eve", quarantine="broken")], scores)
    assert table.students == ("ada",) and table.questions == ("double", "halve", "why")
    np.testing.assert_array_equal(table.points, [[1.5, 4.0, 3.0]])
    np.testing.assert_array_equal(table.shares, [[0.75, 1.0, 1.0]])


def test_answers_in_words_are_left_out_until_all_are_graded():
    scores = [Score("ada", None, 9, 9.0, parts={"why": 3.0}), Score("bob", None, 6, 9.0, waiting=frozenset({"why"}))]
    table = analysis.class_table([record("ada"), record("bob")], scores)
    assert table.questions == ("double", "halve") and table.left_out == ("why",)


def test_misconceptions_are_counted_by_question_with_their_students():
    found = analysis.misunderstood([record("ada"), record("bob", double=0), record("cem", double=1)])
    assert [(row.question, row.misconception, row.students) for row in found] == [("double", SQUARES, ("bob", "cem"))]


def test_missed_cases_are_sorted_by_share():
    rows = analysis.missed_cases([record("ada"), record("bob", double=0)])
    assert [(row.description, row.hidden, row.missed, row.of) for row in rows] == [
        ("double(x) with x = 3", False, 1, 2), ("a hidden test (a negative number)", True, 1, 2)]  # fmt: skip
