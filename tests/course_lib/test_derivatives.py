"""Differences and complex steps against torch.autograd, against exact error terms, and against the decks."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course_lib.reference.derivatives import (
    central_difference,
    complex_step,
    forward_difference,
    fourth_order_difference,
    hessian,
    jacobian,
)

EPS = np.finfo(np.float64).eps
DIFFERENCES = [forward_difference, central_difference, fourth_order_difference, complex_step]
points = arrays(np.float64, array_shapes(min_dims=0, max_dims=3, max_side=3), elements=st.floats(-2, 2))


def waves(x):
    """A smooth scalar of an array of any shape, for NumPy and torch alike; derivatives of every order are below 8."""
    lib = torch if isinstance(x, torch.Tensor) else np
    return (lib.sin(x) * lib.exp(x / 4)).sum() + (x * x).sum() / 2


def gradient_by_torch(f, x):
    t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    f(t).backward()
    return t.grad.numpy()


# the step given is the step used: the error terms of powers are exact


def test_forward_difference_of_a_square_is_off_by_exactly_h():
    assert forward_difference(lambda x: x**2, 3.0, h=0.5) == 2 * 3 + 0.5


def test_central_difference_of_a_cube_is_off_by_exactly_h_squared():
    assert central_difference(lambda x: x**3, 2.0, h=0.5) == 3 * 4 + 0.25


def test_fourth_order_difference_of_a_fifth_power_is_off_by_exactly_four_h_to_the_fourth():
    assert fourth_order_difference(lambda x: x**5, 2.0, h=0.5) == 5 * 16 - 4 * 0.0625


def test_complex_step_of_a_cube_is_off_by_exactly_h_squared():
    assert complex_step(lambda x: x * x * x, 2.0, h=0.5) == 3 * 4 - 0.25


def test_hessian_of_a_fourth_power_is_off_by_exactly_four_h_squared():
    # (f(x+2h) - 2f(x) + f(x-2h)) / 4h² = 12x² + 8h² for x⁴
    assert hessian(lambda x: x**4, 2.0, h=0.25) == 12 * 4 + 8 * 0.0625


def test_a_negative_step_looks_backward():
    assert forward_difference(lambda x: x**2, 3.0, h=-0.5) == 2 * 3 - 0.5


# against torch.autograd


@pytest.mark.parametrize(
    ("method", "h", "tolerance"),
    [
        (forward_difference, 1e-8, 8 * 1e-8 / 2 + 80 * EPS / 1e-8),
        (central_difference, 1e-5, 8 * 1e-10 / 6 + 80 * EPS / 1e-5),
        (fourth_order_difference, 1e-3, 8 * 1e-12 / 30 + 120 * EPS / 1e-3),
        (complex_step, 1e-20, 40 * EPS),
    ],
)
@given(x=points)
def test_gradient_matches_torch_within_truncation_and_rounding(method, h, tolerance, x):
    gradient = method(waves, x, h)
    assert gradient.shape == x.shape
    np.testing.assert_allclose(gradient, gradient_by_torch(waves, x), rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("method", "order"), [(forward_difference, 1), (central_difference, 2), (fourth_order_difference, 4)]
)
def test_error_falls_with_the_order_that_the_table_says(method, order):
    coarse, fine = (abs(method(np.exp, 1.0, h) - math.e) for h in (0.1, 0.05))
    assert math.log2(coarse / fine) == pytest.approx(order, abs=0.1)


@given(x=arrays(np.float64, st.tuples(st.integers(1, 4)), elements=st.floats(-2, 2)))
def test_jacobian_matches_torch(x):
    def f(v):
        lib = torch if isinstance(v, torch.Tensor) else np
        return lib.outer(lib.sin(v), v) if lib is np else torch.outer(torch.sin(v), v)

    expected = torch.autograd.functional.jacobian(f, torch.tensor(x)).numpy()
    np.testing.assert_allclose(jacobian(f, x), expected, rtol=0, atol=8 * 1e-10 + 80 * EPS / 1e-5)


@given(x=arrays(np.float64, array_shapes(min_dims=0, max_dims=2, max_side=3), elements=st.floats(-2, 2)))
def test_hessian_matches_torch_and_has_the_shape_twice(x):
    def f(v):
        lib = torch if isinstance(v, torch.Tensor) else np
        return lib.sin(v.sum()) + (v**3).sum()

    expected = torch.autograd.functional.hessian(f, torch.tensor(x)).numpy()
    result = hessian(f, x)
    assert result.shape == x.shape * 2
    np.testing.assert_allclose(result, expected, rtol=0, atol=30 * 1e-8 + 400 * EPS / 1e-8)


def test_jacobian_by_a_scalar_and_of_a_scalar_have_the_shapes_that_are_left():
    assert jacobian(lambda x: np.array([x, x**2]), 3.0).shape == (2,)
    assert jacobian(lambda x: x @ x, np.ones(3)).shape == (3,)
    assert jacobian(lambda x: x**2, 3.0).shape == ()


# inputs


@pytest.mark.parametrize("method", DIFFERENCES)
@pytest.mark.parametrize("dtype", [np.int8, np.int64, bool])
def test_integers_are_read_as_float64(method, dtype):
    gradient = method(lambda x: (x * x).sum(), np.array([0, 1], dtype))
    assert gradient.dtype == np.float64
    np.testing.assert_allclose(gradient, [0, 2], atol=1e-7)


@pytest.mark.parametrize("method", [*DIFFERENCES, jacobian, hessian])
def test_x_is_untouched_even_by_an_f_that_writes_into_its_argument(method):
    x = np.arange(6.0).reshape(2, 3).T[::-1]
    x.flags.writeable = False
    before = x.copy()

    def f(v):
        value = (v * v).sum()
        v[...] = 7
        return value

    result = method(f, x)
    np.testing.assert_array_equal(x, before)
    if method is not hessian:
        np.testing.assert_allclose(result, 2 * x, atol=1e-6)


def test_float32_stays_float32():
    x = np.float32([1.0, 2.0])
    for method in (forward_difference, central_difference, fourth_order_difference, jacobian):
        assert method(lambda v: (v * v).sum(), x, 1e-2).dtype == np.float32


def test_scalar_input_reaches_f_as_a_scalar():
    assert central_difference(math.sin, 0.0) == pytest.approx(1)


@pytest.mark.parametrize("method", [*DIFFERENCES, hessian])
def test_empty_x_has_an_empty_gradient(method):
    assert method(lambda x: x.sum(), np.zeros((0, 3))).size == 0


@pytest.mark.parametrize("method", DIFFERENCES)
def test_nan_gives_nan(method):
    assert np.isnan(method(lambda x: (x * x).sum(), np.array([np.nan, 1.0]))[0])


# errors


@pytest.mark.parametrize("h", [0.0, np.nan, np.inf])
@pytest.mark.parametrize("method", DIFFERENCES)
def test_an_impossible_step_is_refused(method, h):
    with pytest.raises(ValueError, match="h must"):
        method(lambda x: x, 1.0, h)


def test_a_vector_valued_f_is_sent_to_jacobian():
    with pytest.raises(ValueError, match=r"one number, got shape \(2,\): sum it, or use jacobian"):
        central_difference(lambda x: x, np.ones(2))


def test_complex_step_refuses_an_f_that_drops_the_imaginary_part():
    with pytest.raises(TypeError, match="analytic f"):
        complex_step(abs, -1.0)


def test_complex_x_is_refused():
    with pytest.raises(TypeError, match="x must hold real numbers, got dtype complex128"):
        central_difference(abs, 1 + 2j)
