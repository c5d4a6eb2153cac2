"""Numbers and errata of the decks that `filters` and `search` reproduce or correct.

Decks: A = UW ML530 "Deep Learning Introduction"; C = USC EE599 "Training Methods".
"""

import numpy as np
import pytest

from course_lib import filters


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
