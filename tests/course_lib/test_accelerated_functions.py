"""Functions with a backward pass of their own, against gradcheck, the NumPy reference and torch.nn.functional."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.autograd.gradcheck import GradcheckError

from course_lib.accelerated.functions import HardSigmoidFunction, hard_sigmoid, sign, softmax_crossentropy
from course_lib.reference import activations
from course_lib.reference.losses import SparseCategoricalCrossentropy

S = torch.tensor([[-4.0, -2.4, -0.3], [0.0, 2.4, 9.0]], dtype=torch.float64, requires_grad=True)
LABELS = torch.tensor([2, 0])


def gradient(function, s):
    s = s.detach().requires_grad_()
    function(s).sum().backward()
    return s.grad


@pytest.mark.parametrize("steepness", [0.2, 1 / 6])
def test_hard_sigmoid_passes_gradcheck_of_both_orders(steepness):
    assert gradcheck(lambda s: hard_sigmoid(s, steepness), S)
    assert gradgradcheck(lambda s: hard_sigmoid(s, steepness) ** 2, S)


def test_hard_sigmoid_is_that_of_the_reference_bends_included():
    s = np.linspace(-3, 3, 61)
    assert {-2.5, 2.5} < set(s.round(12))
    bends = torch.tensor(s.round(12))
    np.testing.assert_allclose(hard_sigmoid(bends), activations.hard_sigmoid(bends.numpy()), atol=1e-15)
    expected = activations.hard_sigmoid.derivative(bends.numpy())
    np.testing.assert_array_equal(gradient(hard_sigmoid, bends), expected)


def test_hard_sigmoid_with_steepness_a_sixth_is_torchs():
    s = torch.linspace(-4, 4, 33, dtype=torch.float64)
    expected = torch.nn.functional.hardsigmoid(s)
    torch.testing.assert_close(hard_sigmoid(s, 1 / 6), expected, rtol=0, atol=1e-15)


def test_autograds_own_clamp_has_another_slope_at_the_bends():
    # The reason for a backward pass of one's own, and for the last column of the module's table.
    bends = torch.tensor([-2.5, 2.5])
    assert gradient(hard_sigmoid, bends).tolist() == [0, 0]
    assert gradient(lambda s: (0.2 * s + 0.5).clamp(0, 1), bends).tolist() == pytest.approx([0.2, 0.2])


def test_softmax_crossentropy_passes_gradcheck_of_both_orders():
    assert gradcheck(softmax_crossentropy, (S, LABELS))
    assert gradgradcheck(softmax_crossentropy, (S, LABELS))


def test_softmax_crossentropy_matches_torch_and_the_reference():
    own = softmax_crossentropy(S, LABELS)
    assert own.item() == pytest.approx(torch.nn.functional.cross_entropy(S, LABELS).item(), abs=1e-14)
    reference = SparseCategoricalCrossentropy(from_logits=True)
    assert own.item() == pytest.approx(reference(LABELS.numpy(), S.detach().numpy()), abs=1e-14)
    expected = reference.gradient(LABELS.numpy(), S.detach().numpy())
    np.testing.assert_allclose(gradient(lambda s: softmax_crossentropy(s, LABELS), S), expected, atol=1e-15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_softmax_crossentropy_is_finite_where_exponentials_are_not(dtype):
    s = torch.tensor([[1e4, -1e4]], dtype=dtype)
    assert softmax_crossentropy(s, torch.tensor([1])).item() == 2e4
    torch.testing.assert_close(
        gradient(lambda s: softmax_crossentropy(s, torch.tensor([1])), s), torch.tensor([[1.0, -1.0]], dtype=dtype)
    )


def test_sign_passes_the_gradient_straight_through_between_minus_one_and_one():
    s = torch.tensor([-1.5, -1.0, -0.2, 0.0, 1.0, 1.5], dtype=torch.float64)
    assert sign(s).tolist() == [-1, -1, -1, 1, 1, 1]
    hard_tanh = gradient(torch.nn.functional.hardtanh, s[[0, 2, 3, 5]])
    assert gradient(sign, s[[0, 2, 3, 5]]).tolist() == hard_tanh.tolist()


def test_gradcheck_refuses_the_straight_through_gradient():
    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        gradcheck(sign, torch.tensor([0.5], dtype=torch.float64, requires_grad=True))


def test_binary_units_learn_through_sign():
    torch.manual_seed(0)
    X = torch.randn(64, 8)
    y = sign(X @ torch.randn(8, 1))
    hidden, out = torch.nn.Linear(8, 32), torch.nn.Linear(32, 1)
    optimizer = torch.optim.Adam([*hidden.parameters(), *out.parameters()], 0.01)
    before = hidden.weight.clone()
    for _ in range(300):
        optimizer.zero_grad()
        loss = ((out(sign(hidden(X))) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
    assert not torch.equal(hidden.weight, before)


@pytest.mark.parametrize(
    ("function", "inputs"),
    [(hard_sigmoid, (S,)), (sign, (S,)), (lambda s: softmax_crossentropy(s, LABELS), (torch.stack([S, 2 * S]),))],
)
def test_gradients_of_many_at_once_by_vmap(function, inputs):
    (s,) = inputs
    many = torch.func.vmap(torch.func.grad(lambda row: function(row).sum()))(s.detach())
    one_by_one = torch.stack([gradient(function, row) for row in s])
    torch.testing.assert_close(many, one_by_one, rtol=0, atol=1e-15)


def test_a_wrong_backward_is_found_by_gradcheck():
    class Wrong(HardSigmoidFunction):
        @staticmethod
        def backward(ctx, G):
            return G * ctx.steepness, None  # forgets that the ends are flat

    with pytest.raises(GradcheckError):
        gradcheck(lambda s: Wrong.apply(s, 0.2), S)


@pytest.mark.parametrize(
    ("s", "labels", "message"),
    [
        (torch.zeros(2, 3), torch.zeros(3, dtype=int), r"\(n, k\) and labels \(n,\), got \(2, 3\) and \(3,\)"),
        (torch.zeros(2, 3), torch.zeros(2, 3), r"labels.argmax\(1\) for one-hot rows"),
        (torch.zeros(3), torch.zeros(1, dtype=int), r"\(n, k\)"),
    ],
)
def test_wrong_shapes_are_named(s, labels, message):
    with pytest.raises(ValueError, match=message):
        softmax_crossentropy(s, labels)
