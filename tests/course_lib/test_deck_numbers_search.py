"""Numbers and errata of the decks that `filters` and `search` reproduce or correct.

Decks: A = UW ML530 "Deep Learning Introduction"; C = USC EE599 "Training Methods"; D = Columbia W4995.
"""

import math
import os

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from course_lib import data, filters, schedules, search
from course_lib.reference.layers import Activation, Dense, SparseDense
from course_lib.reference.losses import BinaryCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.optimizers import Adam
from course_lib.training import fit


def test_deck_a_weights_of_the_past_for_a_tenth():
    # Deck A: alpha = 0.1 on the new value: 0.100, 0.090, 0.081.
    np.testing.assert_allclose(filters.unit_dc_ar1(0.9).impulse_response(3), [0.1, 0.09, 0.081], rtol=1e-12)


def test_deck_c_step_responses_of_the_two_first_order_filters():
    n, alpha = np.arange(50), 0.9
    np.testing.assert_allclose(filters.unit_dc_ar1(alpha).step_response(50), 1 - alpha ** (n + 1), rtol=1e-12)
    expected = (1 - alpha ** (n + 1)) / (1 - alpha)
    np.testing.assert_allclose(filters.unit_input_ar1(alpha).step_response(50), expected, rtol=1e-12)


def test_deck_c_gains_of_the_two_first_order_filters():
    dc, unit = filters.unit_dc_ar1(0.9), filters.unit_input_ar1(0.9)
    assert dc.dc_gain == pytest.approx(1) and dc.input_gain == pytest.approx(0.1)
    assert unit.dc_gain == pytest.approx(10) and unit.input_gain == 1


def test_deck_c_nesterov_attenuates_high_frequencies_less_than_momentum():
    high = np.linspace(np.pi / 2, np.pi, 20)
    momentum, nesterov = filters.unit_input_ar1(0.9), filters.nesterov(0.9)
    assert (abs(nesterov.frequency_response(high)) > 1.4 * abs(momentum.frequency_response(high))).all()
    assert nesterov.dc_gain == pytest.approx(momentum.dc_gain)


@pytest.mark.parametrize("alpha", [0.5, 0.9, 0.99])
def test_erratum_c_nesterovs_zero_is_at_alpha_over_one_plus_alpha(alpha):
    f = filters.nesterov(alpha)
    printed, right = (1 + alpha) / alpha, alpha / (1 + alpha)
    np.testing.assert_allclose(f.zeros, [right], rtol=1e-12)
    transfer = lambda z: np.polyval(f.b, z) / np.polyval(f.a, z)  # noqa: E731
    assert abs(transfer(right)) < 1e-12 and abs(transfer(printed)) > 0.5


def test_erratum_c_adams_filters_have_unit_dc_gain_not_unit_input_gain():
    adam = filters.optimizer_filters(0.9, 0.999)["Adam"]
    for f, beta in ((adam.gradient, 0.9), (adam.variance, 0.999)):
        assert f.dc_gain == pytest.approx(1)
        assert f.input_gain == pytest.approx(1 - beta)


def test_erratum_c_the_ar1_equation_with_a0_would_not_have_its_transfer_function():
    # Printed: y[n] = −a[0]y[n−1] + b[0]x[n] beside H(z) = b[0]/(1 + a[1]z⁻¹), where a[0] = 1.
    b, a = (0.1,), (1.0, -0.9)
    x = np.random.default_rng(0).normal(size=30)
    right, printed = np.zeros(30), np.zeros(30)
    for n in range(30):
        right[n] = -a[1] * (right[n - 1] if n else 0) + b[0] * x[n]
        printed[n] = -a[0] * (printed[n - 1] if n else 0) + b[0] * x[n]
    np.testing.assert_allclose(filters.Filter(b, a)(x), right, rtol=1e-10)
    assert np.abs(filters.Filter(b, a)(x) - printed).max() > 0.1
    assert not filters.Filter(b, (1.0, a[0])).stable  # the printed recursion never forgets


DECK_A_TABLE = [
    (3, 0, 34, 2),
    (3, 1, 12, 4),
    (3, 2, 4, 11),
    (3, 3, 2, 32),
    (2, 0, 15, 4),
    (2, 1, 5, 11),
    (2, 2, 2, 32),
    (1, 0, 8, 11),
    (1, 1, 3, 32),
    (0, 0, 5, 32),
]


def deck_a_formula(max_epochs, factor):
    """The deck's formula, its logarithms in floats; its brackets from the deck's `int(logeta(max_iter))`."""
    total = math.ceil(1 + math.log(max_epochs, factor))
    return [
        (b, r, math.ceil(total / (b + 1) * factor ** (b - r)), math.ceil(max_epochs / factor ** (b - r)))
        for b in range(int(math.log(max_epochs) / math.log(factor)), -1, -1)
        for r in range(b + 1)
    ]


def test_deck_a_hyperband_table_for_32_epochs_and_factor_3():
    assert search.hyperband_rounds(32, 3) == DECK_A_TABLE
    assert deck_a_formula(32, 3) == DECK_A_TABLE


@pytest.mark.parametrize(("max_epochs", "factor", "power"), [(243, 3, 5), (1000, 10, 3)])
def test_erratum_a_the_float_formula_loses_a_bracket_at_an_exact_power(max_epochs, factor, power):
    exact, floats = search.hyperband_rounds(max_epochs, factor), deck_a_formula(max_epochs, factor)
    assert factor**power == max_epochs
    assert exact[0].bracket == power and floats[0][0] == power - 1
    assert len(exact) == len(floats) + power + 1
    assert exact[0].epochs == 1  # the lost bracket is the one that begins with one epoch


def test_deck_a_bracket_0_is_random_search():
    drawn = search.hyperband(lambda c, e, s: (c["x"], None), {"x": ("uniform", 0.0, 1.0)}, 32, 3, seed=0)
    last = [trial for trial in drawn if trial.key.startswith("0.")]
    assert len(last) == 5 and {trial.epochs for trial in last} == {32}


@pytest.mark.skipif(not os.environ.get("COURSE_DATA"), reason="COURSE_DATA is not set: no MovieLens")
def test_deck_d_movielens_accuracy_is_reached_in_seconds():
    # Columbia W4995, lecture 8: test accuracy .675 for one hidden layer of 100, .713 for the best of four
    # networks, about four minutes each. `python -m tests.benchmarks.movielens` compares with scikit-learn.
    rated = data.movielens()
    X, likes = np.stack([rated.users - 1, rated.items + 942], axis=1), rated.ratings >= 4
    X_dev, X_test, y_dev, y_test = train_test_split(X, likes, test_size=0.2, random_state=42)
    network = Network([SparseDense(100, columns=2625), Activation("relu"), Dense(1)], input_shape=2, seed=0)
    loss = BinaryCrossentropy(from_logits=True)
    rate = schedules.LinearDecay(3e-3, 4 * 80)
    fit(network, X_dev, y_dev[:, None].astype(float), loss, Adam(rate), epochs=4, batch_size=1000)
    assert ((network.predict(X_test)[:, 0] > 0) == y_test).mean() > 0.70
