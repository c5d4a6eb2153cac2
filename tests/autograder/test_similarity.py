"""Similarity of submissions: what it sees, what it must not see, and its definition."""

import math

import pytest

from autograder.similarity import LENGTH, MIN_FRAGMENTS, fragments, similar_pairs

LOOP = """
def fit(x, y, rate, steps):
    w = b = 0.0
    for _ in range(steps):
        error = w * x + b - y
        w, b = w - rate * 2 * np.mean(error * x), b - rate * 2 * np.mean(error)
    return w, b
"""
RENAMED = """
def fit(x, y, lr, n):
    # my very own solution
    slope = icept = 0.0

    for k in range(n):
        '''one step'''
        r = slope * x + icept - y
        slope, icept = (slope - lr * 2 * np.mean(r * x),
                        icept - lr * 2 * np.mean(r))
    return slope, icept
"""
MATRIX = """
def fit(x, y, rate, steps):
    X = np.stack([x, np.ones(len(x))], axis=1)
    theta = np.zeros(2)
    while steps:
        theta -= rate * 2 / len(y) * X.T @ (X @ theta - y)
        steps -= 1
    return tuple(theta)
"""
LISTS = """
def fit(x, y, rate, steps):
    total = [0, 0]
    for s, t in zip(x, y, strict=True):
        total[0] += (t - s) ** 2 if t > s else abs(s - t)
        total[1] = max(total[1], sum(v for v in total if v))
    return {key: value / rate for key, value in zip("wb", total, strict=False)}, steps
"""


def test_renaming_layout_and_comments_make_no_difference():
    assert fragments(LOOP) == fragments(RENAMED) and len(fragments(LOOP)) >= MIN_FRAGMENTS


def test_another_algorithm_is_not_alike():
    pairs = similar_pairs({"ada": [LOOP], "bob": [RENAMED], "cem": [MATRIX], "dia": [LISTS]})
    assert [(pair.first, pair.second, pair.similarity) for pair in pairs] == [("ada", "bob", 1.0)]


def test_similarity_is_the_weighted_jaccard_index_of_its_definition():
    answers = {"ada": [LOOP], "bob": [LOOP, MATRIX], "cem": [LISTS]}
    sets = {student: set().union(*map(fragments, cells)) for student, cells in answers.items()}

    def weight(chosen):
        return sum(math.log(4 / sum(one in found for found in sets.values())) for one in chosen)

    pairs = similar_pairs(answers, threshold=0.0)
    assert pairs
    for pair in pairs:
        a, b = sets[pair.first], sets[pair.second]
        assert pair.similarity == pytest.approx(weight(a & b) / weight(a | b), abs=1e-12)
        assert pair.shared == len(a & b)


def test_short_or_broken_answers_are_not_compared():
    assert similar_pairs({"ada": ["def f(x):\n    return x"], "bob": ["def f(x):\n    return x"]}) == []
    assert similar_pairs({"ada": ["def f(:"], "bob": ["\0"], "cem": ["(" * 5000], "dia": []}) == []
    assert similar_pairs({"ada": [LOOP]}) == similar_pairs({}) == []


def test_a_broken_cell_does_not_hide_the_others():
    pairs = similar_pairs({"ada": [LOOP, "def f(:"], "bob": [RENAMED], "cem": [LISTS + "d = '\\d'"]})
    assert [(pair.first, pair.second) for pair in pairs] == [("ada", "bob")]


def test_a_constant_matters():
    changed = fragments(LOOP.replace("* 2 *", "* 3 *"))
    assert changed != fragments(LOOP) and len(changed ^ fragments(LOOP)) <= 4 * LENGTH


def test_what_the_whole_class_writes_is_no_hint():
    assert similar_pairs({f"s{i}": [LOOP] for i in range(30)}) == []


def test_a_large_class_lists_a_bounded_number_of_pairs():
    pairs = similar_pairs({f"s{i}": [(LOOP, MATRIX, LISTS)[i % 3]] for i in range(120)}, most=7)
    assert len(pairs) == 7 and all(pair.similarity == pytest.approx(1.0, abs=1e-12) for pair in pairs)
