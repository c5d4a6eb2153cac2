"""Numbers of the decks on derivatives, activations, losses and initial weights: reproduced, or shown to be wrong.

Decks: A = UW ML530 (2021), B = Computing Lab II (2021), C = USC EE599 (2020), D = Columbia W4995, E = LaSalle (2021).
Each erratum is settled by something the slide did not use: a difference quotient, torch, or counting.
"""

import binascii
import math
import struct

import numpy as np
import pytest
import torch

from course_lib import search
from course_lib.checks.gradients import check_backward
from course_lib.reference.activations import sigmoid, softmax, softplus, tanh
from course_lib.reference.derivatives import central_difference, forward_difference
from course_lib.reference.graph import Tensor
from course_lib.reference.layers import Activation, Dense, Dropout
from course_lib.reference.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from course_lib.reference.network import Network
from course_lib.reference.optimizers import Adam, RMSprop
from course_lib.schedules import Chain, ExponentialDecay, PiecewiseConstantDecay
from course_lib.training import Batches
from course_lib.training.inputs import split

# A: derivatives


def loss_of_deck_a(w_hat, x=3.0, w=10.0):
    return (w * x - w_hat * x) ** 2


def test_a_difference_quotients_of_the_table():
    deltas = [-0.1, -0.01, -0.001, 0.001, 0.01, 0.1]
    quotients = [forward_difference(loss_of_deck_a, 8.0, delta) for delta in deltas]
    np.testing.assert_allclose(quotients, [-36.9, -36.09, -36.009, -35.991, -35.91, -35.1], atol=1e-9)
    assert central_difference(loss_of_deck_a, 8.0) == pytest.approx(-36, abs=1e-8)


def test_a_gradient_is_the_product_of_three_factors():
    # (2(ŵx - wx)) · 1 · x, one factor a function of the chain
    w_hat, x = Tensor(8.0), 3.0
    loss = (30.0 - w_hat * x) ** 2
    loss.backward()
    assert w_hat.grad == (2 * (8 * x - 30)) * 1 * x == -36


@pytest.mark.parametrize(("x", "slope_at_8"), [(2.0, -16), (3.0, -36), (4.0, -64)])
def test_a_tangents_of_the_three_panels(x, slope_at_8):
    slopes = [central_difference(lambda w: loss_of_deck_a(w, x), float(w)) for w in range(8, 13)]
    np.testing.assert_allclose(slopes, slope_at_8 * np.array([1, 0.5, 0, -0.5, -1]), atol=1e-7)


def test_a_partial_derivatives_of_the_product_are_the_other_factor():
    x, w = Tensor(3.0), Tensor(8.0)
    (x * w).backward()
    assert (w.grad, x.grad) == (3, 8)


# A: floating point


def test_a_float32_square_of_a_tenth_has_a_stray_digit():
    assert str(np.float32(0.1) * np.float32(0.1)) == "0.010000001"


def test_a_bits_of_a_tenth_are_3dcccccd_and_the_slide_lost_a_digit():
    right = binascii.b2a_hex(struct.pack(">f", np.float32(0.1)))
    assert right == b"3dcccccd"
    on_the_slide = b"3dccccd"
    assert len(on_the_slide) == 7  # 28 bits cannot be a 32-bit number


def test_a_exponent_and_fraction_give_a_tenth_and_the_slide_lost_four_bits():
    bits = f"{struct.unpack('>I', struct.pack('>f', 0.1))[0]:032b}"
    sign, exponent, fraction = bits[0], bits[1:9], bits[9:]
    assert (sign, exponent, int(exponent, 2)) == ("0", "01111011", 123)
    assert fraction == "10011001100110011001101"
    on_the_slide = "1001100110011001101"
    assert len(on_the_slide) == 19 and len(fraction) == 23
    # the sum in the slide's code has all of them
    places = np.array([1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 23])
    assert [i + 1 for i, bit in enumerate(fraction) if bit == "1"] == places.tolist()
    assert (1 + np.sum(1.0 / 2**places)) * 2.0 ** (123 - 127) == np.float32(0.1)


def test_a_differences_break_in_float32_where_they_work_in_float64():
    # an h of 1e-8 is lost beside 8 in float32, and fine in float64
    assert forward_difference(loss_of_deck_a, np.float32(8), 1e-8) == 0
    assert forward_difference(loss_of_deck_a, 8.0, 1e-8) == pytest.approx(-36, abs=1e-4)


# C: losses


def test_c_squared_error_has_slope_2_a_minus_y_not_2_y_minus_a():
    y, a = 1.0, 3.0
    measured = central_difference(lambda a: (y - a) ** 2, a)
    assert measured == pytest.approx(2 * (a - y))
    assert measured == pytest.approx(-1 * (2 * (y - a)))  # the slide's, times -1
    np.testing.assert_allclose(MeanSquaredError().gradient([y], [a]), measured)


@pytest.mark.parametrize(("y", "a"), [(1.0, 3.0), (3.0, 1.0)])
def test_c_absolute_error_has_slope_sgn_a_minus_y_as_its_cases_say_and_its_formula_does_not(y, a):
    measured = central_difference(lambda a: abs(y - a), a)
    cases = 1 if a > y else -1
    assert measured == pytest.approx(cases) == MeanAbsoluteError().gradient([y], [a])[0]
    assert np.sign(y - a) == -cases


def test_c_sum_and_mean_of_squares_have_one_minimum_but_not_one_gradient():
    # the slide calls them equivalent: a step with the same learning rate is M times as long for the sum
    y, a = np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.5, 1.0])
    of_sum = central_difference(lambda a: ((y - a) ** 2).sum(), a)
    np.testing.assert_allclose(of_sum, 3 * MeanSquaredError().gradient(y, a), atol=1e-8)


def test_c_numpy_line_below_the_first_cross_entropy_lacks_a_minus():
    on_the_slide = (np.log(0.9) + np.log(0.89) + np.log(0.94)) / 3
    assert on_the_slide == pytest.approx(-0.09458991187728844)
    a = [[0.9, 0.05, 0.05], [0.05, 0.89, 0.06], [0.05, 0.01, 0.94]]
    assert SparseCategoricalCrossentropy()([0, 1, 2], a) == pytest.approx(-on_the_slide)
    assert f"{-on_the_slide:.4f}" == "0.0946"  # .0945 is cut, not rounded


def test_c_a_second_numpy_call_on_a_number_fails():
    # the slide ends in .numpy().numpy()
    assert not hasattr(torch.tensor(1.0).numpy(), "numpy")


@pytest.mark.parametrize(("y", "s"), [(1, 3.0), (1, -3.0), (0, 3.0), (0, -3.0)])
def test_c_binary_loss_from_logits_is_softplus_of_plus_y_bar_s(y, s):
    # the slide: ln(1 + e^{-ȳs}) with ȳ = (-1)^y, which is the loss of the opposite label
    y_bar = (-1) ** y
    right = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor(s, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)
    ).item()
    on_the_slide = math.log(1 + math.exp(-y_bar * s))
    assert softplus(y_bar * s) == pytest.approx(right)
    assert BinaryCrossentropy(from_logits=True)([y], [s]) == pytest.approx(right)
    assert on_the_slide == pytest.approx(BinaryCrossentropy(from_logits=True)([1 - y], [s]))
    assert abs(on_the_slide - right) == pytest.approx(3)


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_c_one_minus_a_stands_where_one_minus_y_belongs(y):
    s = 2.0
    a = float(sigmoid(s))
    right = BinaryCrossentropy()([y], [a])
    assert -y * math.log(a) - (1 - y) * math.log(1 - a) == pytest.approx(right)
    first_line = -y * math.log(a) - (1 - a) * math.log(1 - a)
    third_line = y * math.log(1 + math.exp(-s)) - (1 - a) * math.log(1 + math.exp(s))
    corrected = y * math.log(1 + math.exp(-s)) + (1 - y) * math.log(1 + math.exp(s))
    assert corrected == pytest.approx(right)
    assert abs(first_line - right) > 0.1
    assert abs(third_line - right) > 0.1


def test_c_output_delta_a_minus_y_holds_for_softmax_and_for_sigmoid():
    s, y = np.array([[0.3, -1.0, 2.0]]), np.array([[0.2, 0.5, 0.3]])
    by_softmax = central_difference(lambda s: CategoricalCrossentropy()(y, softmax(s)), s)
    np.testing.assert_allclose(by_softmax, softmax(s) - y, atol=1e-9)
    by_sigmoid = central_difference(lambda s: BinaryCrossentropy()(y, sigmoid(s)), s)
    np.testing.assert_allclose(by_sigmoid * 3, sigmoid(s) - y, atol=1e-9)


def test_c_most_of_the_soft_example_is_the_entropy_of_its_labels():
    # "how do these two numerical examples compare?": .0946 is all error; of 1.224, .762 is there for any network
    a = np.array([[0.9, 0.05, 0.05], [0.05, 0.89, 0.06], [0.05, 0.01, 0.94]])
    soft = np.array([[0.7, 0.2, 0.1], [0.05, 0.9, 0.05], [0.3, 0.3, 0.4]])
    entropy = -(soft * np.log(soft)).sum(1).mean()
    loss = CategoricalCrossentropy()(soft, a)
    assert loss == pytest.approx(1.2243, abs=5e-5)
    assert entropy == pytest.approx(0.7617, abs=5e-5)
    assert KLDivergence()(soft, a) == pytest.approx(loss - entropy)


# C: zero initialization


def zero_network(hidden, X, y):
    """Gradients of a network with all weights 0: (dW1, dW2, db2), by the tensor autodiff."""
    W1, b1 = Tensor(np.zeros((3, 4))), Tensor(np.zeros(4))
    W2, b2 = Tensor(np.zeros((4, 1))), Tensor(np.zeros(1))
    a = getattr(X @ W1 + b1, hidden)() @ W2 + b2
    ((a - y) ** 2).mean().backward()
    return W1.grad, W2.grad, b2.grad


@pytest.mark.parametrize("hidden", ["tanh", "relu", "sigmoid"])
def test_c_with_zero_weights_the_hidden_deltas_are_zero_but_the_output_delta_is_not(hidden):
    # the slide: "all linear activations are 0 … the deltas will be 0 too"; the last one is not, its bias learns
    rng = np.random.default_rng(0)
    dW1, dW2, db2 = zero_network(hidden, rng.normal(size=(8, 3)), rng.normal(size=(8, 1)))
    assert not dW1.any()
    assert db2.any()
    # tanh and ReLU give 0 outputs, so W2 stands still too; the sigmoid gives ½, and every unit the same gradient
    assert dW2.any() == (hidden == "sigmoid")
    assert np.ptp(dW2) == 0


# D: backpropagation


def test_d_recursion_has_the_index_of_the_sending_unit_on_both_sides():
    # δ_i^(l-1) = h′(s_i) Σ_j w_ij δ_j; the slide's last line writes δ_j^(l-1) on the left
    rng = np.random.default_rng(1)
    s, W, delta = rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=2)
    recursion = tanh.derivative(s) * (W @ delta)
    measured = central_difference(lambda s: np.tanh(s) @ W @ delta, s)
    assert recursion.shape == s.shape != delta.shape
    np.testing.assert_allclose(recursion, measured, atol=1e-9)


def test_d_mini_batch_of_m_samples_ends_at_k_plus_m_minus_one():
    k, m = 10, 4
    assert len(range(k, (k + m) + 1)) == m + 1  # the slide's Σ from j = k to k + m
    assert len(range(k, (k + m - 1) + 1)) == m


def test_d_gradient_descent_need_not_end_in_a_minimum():
    # "converges to a local minimum": on a saddle's ridge it ends in the saddle, with a large rate nowhere
    w = np.array([1.0, 0.0])
    for _ in range(200):
        w = w - 0.1 * central_difference(lambda v: v[0] ** 2 - v[1] ** 2 + v[1] ** 4, w)
    np.testing.assert_allclose(w, 0, atol=1e-6)  # (0, 0) is a saddle, the minima are at (0, ±1/√2)
    w = 1.0
    for _ in range(50):
        w = w - 1.1 * central_difference(lambda v: v**2, w)
    assert abs(w) > 1e3


# E: activations and the matrix rules


def test_e_sigmoid_lacks_its_minus_sign():
    x = np.linspace(-5, 5, 11)
    on_the_slide = 1 / (1 + np.exp(x))
    np.testing.assert_allclose(on_the_slide, 1 - torch.sigmoid(torch.tensor(x)).numpy(), rtol=1e-12)
    np.testing.assert_allclose(sigmoid(x), torch.sigmoid(torch.tensor(x)).numpy(), rtol=1e-12)
    assert np.all(np.diff(on_the_slide) < 0)  # it falls: large inputs would mean small probabilities


def test_e_two_linear_layers_collapse_with_the_output_weights_in_the_bias_too():
    # the slide's ŵ_i contains x_i and meets it again, and its b̂ leaves out the w_j
    rng = np.random.default_rng(2)
    x, W1, b1, w2, b2 = rng.normal(size=3), rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=4), 0.7
    two_layers = (x @ W1 + b1) @ w2 + b2
    w_hat, b_hat = W1 @ w2, b1 @ w2 + b2
    assert two_layers == pytest.approx(x @ w_hat + b_hat)
    on_the_slide = ((W1 @ w2) * x) @ x + b1.sum() + b2
    assert on_the_slide != pytest.approx(two_layers, rel=0.1)


def test_e_weight_gradient_has_no_norm_of_x_in_it():
    # the cheat sheet: 1/‖X‖ · Xᵀ × ∂L/∂[X × W + b]; its own slide before had Xᵀ × … , which is right
    rng = np.random.default_rng(3)
    X, W = rng.normal(size=(5, 3)), rng.normal(size=(3, 2))
    assert check_backward(lambda W: X @ W, lambda W, G: X.T @ G, W).ok
    report = check_backward(lambda W: X @ W, lambda W, G: X.T @ G / np.linalg.norm(X), W)
    assert "times what it should be" in report.cause
    # nor has it 1/n: a mean's 1/n is already in G
    assert "1/5 times" in check_backward(lambda W: X @ W, lambda W, G: X.T @ G / len(X), W).cause


def test_e_cheat_sheet_rules_for_inputs_and_sigmoid_are_right():
    rng = np.random.default_rng(4)
    X, W = rng.normal(size=(5, 3)), rng.normal(size=(3, 2))
    assert check_backward(lambda X: X @ W, lambda X, G: G @ W.T, X).ok
    assert check_backward(sigmoid, lambda s, G: G * sigmoid(s) * (1 - sigmoid(s)), X).ok


# Sizes that the decks print


@pytest.mark.parametrize(
    ("deck", "units", "sizes", "total"),
    [
        ("USC EE599 (2020), Fashion-MNIST", (128, 10), [100_480, 1_290], 101_770),
        ("Columbia W4995 (2021), MNIST", (32, 10), [25_120, 330], 25_450),
    ],
)
def test_c_d_summaries_count_the_parameters_of_the_slides(deck, units, sizes, total):
    hidden, output = units
    layers = [Dense(hidden), Activation("relu"), Dropout(0.15), Dense(output)]  # dropout has none
    network = Network(layers, input_shape=784)
    assert [sum(p.value.size for p in layer.parameters.values()) for layer in layers] == [sizes[0], 0, 0, sizes[1]]
    assert len(network.parameters) == total
    for number in (*sizes, total):
        assert f"{number:,}" in network.summary()


@pytest.mark.parametrize(
    ("samples", "batch", "steps"),
    [(60_000, 128, 469), (54_000, 128, 422)],  # all of MNIST, and what a validation split of .1 leaves
)
def test_d_progress_bars_count_the_batches(samples, batch, steps):
    # Columbia W4995: 469/469 and 422/422, the last batch smaller than the others
    assert len(Batches(samples, batch)) == steps
    assert sum(len(rows) for rows in Batches(samples, batch, shuffle=False)) == samples


def test_c_validation_split_of_a_tenth_leaves_54000_and_6000():
    # USC EE599: Train on 54000 samples, validate on 6000 samples
    X, y = np.zeros((60_000, 1), np.int8), np.zeros(60_000, int)
    X_train, y_train, _, (X_validation, y_validation) = split(X, y, None, 0.1)
    assert (len(X_train), len(y_train), len(X_validation), len(y_validation)) == (54_000, 54_000, 6_000, 6_000)


def test_d_grid_of_epochs_and_widths_has_the_nine_rows_of_the_table():
    # Columbia W4995: epochs 1, 5, 10 and 32, 64, 256 units
    rows = search.grid({"epochs": [1, 5, 10], "hidden_size": [32, 64, 256]})
    assert [tuple(row.values()) for row in rows] == [(e, h) for e in (1, 5, 10) for h in (32, 64, 256)]


@pytest.mark.parametrize(
    ("rolled", "unrolled", "unchecked", "printed"),
    [
        (0.6841716, 0.2353421, 0.197472, (65.6, 16.1)),
        (0.697136, 0.2353696, 0.1964736, (66.2, 16.5)),
        (0.6741987, 0.237367, 0.1954762, (64.8, 17.6)),
    ],
)
def test_a_reductions_of_the_unrolled_loop_follow_from_its_seconds(rolled, unrolled, unchecked, printed):
    # UW ML530: the second reduction is that over the unrolled loop, not over the rolled one
    reductions = 100 * (1 - unrolled / rolled), 100 * (1 - unchecked / unrolled)
    np.testing.assert_allclose(reductions, printed, atol=0.05)


def test_a_the_compiled_loops_differ_by_rounding_alone():
    # UW ML530: 45.12804 rolled, 45.12801 unrolled: four partial sums are added in another order
    for rolled, unrolled in ((45.12804, 45.12801), (-4.605535, -4.605533), (34.96746, 34.96748)):
        assert 0 < abs(rolled / unrolled - 1) < 10 * np.finfo(np.float32).eps


def test_c_soft_decisions_of_the_ankle_boot_are_a_softmax():
    # USC EE599: ten probabilities, the last one the hard decision; from the logits that have them, up to a constant
    printed = np.array([
        2.6553041449633996e-12, 6.97358803014681e-19, 3.6388213541524786e-14, 4.071454019874453e-15,
        1.663703490294502e-14, 1.0153004950552713e-05, 1.480168378975577e-07, 0.0003396416432224214,
        1.170382454146468e-11, 0.9996500015258789,
    ])  # fmt: skip
    assert printed.sum() == pytest.approx(1, abs=1e-7) and printed.argmax() == 9
    np.testing.assert_allclose(softmax(np.log(printed) + 7.0), printed, rtol=1e-6)


def test_c_adam_of_the_slide_is_the_one_of_its_paper():
    # USC EE599: the defaults .001, .9, .999, and an Adam with .002, .92, .99, 1e-9
    default = Adam()
    assert (default.learning_rate, default.beta_1, default.beta_2) == (0.001, 0.9, 0.999)
    rng = np.random.default_rng(0)
    w = rng.normal(size=5)
    theirs = torch.nn.Parameter(torch.tensor(w))
    oracle, ours = torch.optim.Adam([theirs], 0.002, (0.92, 0.99), 1e-9), Adam(0.002, 0.92, 0.99, 1e-9)
    for _ in range(50):
        g = rng.normal(size=5)
        theirs.grad = torch.tensor(g)
        oracle.step()
        ours.step(w, g)
    np.testing.assert_allclose(w, theirs.detach().numpy(), rtol=1e-12)


def test_c_rate_of_the_callback_stays_for_ten_epochs_and_then_falls_by_e_in_ten():
    # USC EE599: 0.001 below epoch 10, then 0.001·exp(0.1·(10 - epoch))
    def rate(epoch):
        return 0.001 if epoch < 10 else 0.001 * math.exp(0.1 * (10 - epoch))

    decay = Chain([PiecewiseConstantDecay([], [0.001]), ExponentialDecay(0.001, 10, 1 / math.e)], [10])
    np.testing.assert_allclose([decay(epoch) for epoch in range(100)], [rate(epoch) for epoch in range(100)])


def test_a_running_mean_square_weighs_the_past_with_nine_tenths():
    # UW ML530: MeanSquare(w, t) = .9 MeanSquare(w, t-1) + .1 (∂E/∂w)²
    gradients, mean_square = np.random.default_rng(0).normal(size=20), 0.0
    optimizer, w = RMSprop(0.01, rho=0.9), np.zeros(1)
    for g in gradients:
        mean_square = 0.9 * mean_square + 0.1 * g**2
        optimizer.step(w, np.array([g]))
    assert optimizer.state["s"][0] == pytest.approx(mean_square, rel=1e-12)
