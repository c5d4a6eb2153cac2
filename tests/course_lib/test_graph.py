"""The tensor autodiff against torch.autograd: every operation, random shapes, random compositions."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, mutually_broadcastable_shapes

from course_lib.figures import show
from course_lib.figures.graph import draw_graph, lay_out, rank_nodes
from course_lib.reference.graph import Tensor, topological_order

numbers = st.floats(-3, 3).map(lambda v: round(v, 3))
positive = st.floats(0.1, 3).map(lambda v: round(v, 3))


def check_against_torch(f, *inputs):
    """f is written once and run on both; a random upstream gradient makes every entry count differently."""
    ours = [Tensor(x) for x in inputs]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in inputs]
    a, b = f(*ours), f(*theirs)
    np.testing.assert_allclose(a.data, b.detach().numpy(), rtol=1e-12, atol=1e-12)
    G = np.random.default_rng(0).normal(size=a.shape)
    (a * G).sum().backward()
    (b * torch.tensor(G)).sum().backward()
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.grad.shape == mine.data.shape
        expected = np.zeros(mine.shape) if other.grad is None else other.grad.numpy()
        np.testing.assert_allclose(mine.grad, expected, rtol=1e-10, atol=1e-12)


@st.composite
def broadcastable(draw, first, second):
    shapes = draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)).input_shapes
    return tuple(
        draw(arrays(np.float64, shape, elements=elements))
        for shape, elements in zip(shapes, (first, second), strict=True)
    )


@given(broadcastable(numbers, numbers))
@pytest.mark.parametrize("f", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a * b + a - b])
def test_arithmetic_broadcasts_like_torch(f, pair):
    check_against_torch(f, *pair)


@given(broadcastable(numbers, positive))
def test_division_matches_torch(pair):
    check_against_torch(lambda a, b: a / b, *pair)


@given(broadcastable(positive, numbers))
def test_power_with_tensors_on_both_sides_matches_torch(pair):
    check_against_torch(lambda a, b: a**b, *pair)


@given(arrays(np.float64, array_shapes(min_dims=0, max_side=4), elements=numbers), st.sampled_from([0, 1, 2, 3]))
def test_power_with_a_number_matches_torch_at_zero_and_below(x, n):
    check_against_torch(lambda a: a**n, x)


@given(arrays(np.float64, array_shapes(min_dims=0, max_side=4), elements=positive))
@pytest.mark.parametrize(
    "f",
    [
        lambda a: 2 + a, lambda a: 2 - a, lambda a: 2 * a, lambda a: 2 / a, lambda a: 2**a, lambda a: a**0.5,
        lambda a: a - 1, lambda a: a / 3, lambda a: -a,
        lambda a: a.exp(), lambda a: a.log(), lambda a: a.tanh(), lambda a: a.sigmoid(), lambda a: (a - 1).relu(),
    ],
)  # fmt: skip
def test_numbers_on_either_side_and_functions_match_torch(f, x):
    check_against_torch(f, x)


@pytest.mark.parametrize(
    ("left", "right"),
    [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
     ((5, 1, 2, 3), (4, 3, 2)), ((3,), (5, 3, 2)), ((5, 2, 3), (3,)), ((0, 3), (3, 2)), ((1, 1), (1, 1))],
)  # fmt: skip
def test_matrix_product_matches_torch(left, right):
    rng = np.random.default_rng(1)
    check_against_torch(lambda a, b: a @ b, rng.normal(size=left), rng.normal(size=right))


@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1, (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_sum_and_mean_match_torch(axis, keepdims):
    x = np.random.default_rng(2).normal(size=(2, 3, 4))
    for name in ("sum", "mean"):
        check_against_torch(
            lambda a, name=name: getattr(a, name)(axis, keepdims)
            if isinstance(a, Tensor)
            else getattr(torch, name)(a, axis, keepdim=keepdims) if axis is not None or keepdims is False
            else getattr(torch, name)(a, (0, 1, 2), keepdim=True),
            x,
        )  # fmt: skip


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_max_matches_torch_amax_with_ties_shared(axis, keepdims):
    x = np.array([[1.0, 3.0, 3.0], [3.0, 0.0, 3.0]])

    def f(a):
        if isinstance(a, Tensor):
            return a.max(axis, keepdims)
        return torch.amax(a, (0, 1) if axis is None else axis, keepdim=keepdims)

    check_against_torch(f, x)


@pytest.mark.parametrize(
    "index", [1, (0, 2), slice(None, None, 2), (slice(None), 1), [0, 0, 1], ([0, 1, 1], [2, 2, 2]), (..., None), -1]
)
def test_indexing_matches_torch_and_adds_where_an_entry_is_taken_twice(index):
    x = np.random.default_rng(3).normal(size=(2, 3))
    check_against_torch(lambda a: a[index], x)


def test_boolean_index_and_reshape_and_transpose_match_torch():
    x = np.random.default_rng(4).normal(size=(2, 3, 4))
    check_against_torch(lambda a: a[(x > 0) if isinstance(a, Tensor) else torch.tensor(x > 0)], x)
    check_against_torch(lambda a: a.reshape(4, -1), x)
    check_against_torch(lambda a: a.transpose(2, 0, 1) if isinstance(a, Tensor) else a.permute(2, 0, 1), x)
    check_against_torch(lambda a: a.T, x[0])


STEPS = [
    lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b, lambda a, b: a.tanh(), lambda a, b: a.sigmoid(),
    lambda a, b: (a * 0.1).exp(), lambda a, b: a.relu() + b, lambda a, b: a @ b.T @ a, lambda a, b: a / (b * b + 1),
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8))
def test_random_graphs_with_shared_nodes_match_torch(program):
    def run(a, b):
        made = [a, b]
        for step, i, j in program:
            made.append(step(made[i % len(made)], made[j % len(made)]).tanh())
        return made[-1] + made[len(made) // 2]

    rng = np.random.default_rng(5)
    check_against_torch(run, rng.normal(size=(2, 3)), rng.normal(size=(2, 3)))


def test_softmax_cross_entropy_built_from_operations_matches_torch():
    rng = np.random.default_rng(6)
    s, labels = rng.normal(size=(5, 4)) * 3, np.array([0, 3, 1, 1, 2])

    def ours(logits):
        shifted = logits - logits.max(1, True)
        return -(shifted - shifted.exp().sum(1, keepdims=True).log())[np.arange(5), labels].mean()

    logits = Tensor(s)
    loss = ours(logits)
    loss.backward()
    t = torch.tensor(s, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(t, torch.tensor(labels))
    expected.backward()
    assert loss.data == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(logits.grad, t.grad.numpy(), rtol=1e-10, atol=1e-14)


# accumulation, order, depth


def test_gradients_add_over_paths_and_over_backward_calls():
    x = Tensor(3.0)
    y = x * x + x
    y.backward()
    assert x.grad == 7
    y.backward()
    assert (x.grad, y.grad) == (14, 2)
    x.zero_grad()
    (x + x).backward()
    assert x.grad == 2


def test_backward_leaves_the_gradient_of_other_tensors_alone():
    x, other = Tensor(1.0), Tensor(1.0)
    _ = x * other
    (x * 2).backward()
    assert other.grad == 0


def test_topological_order_puts_every_tensor_after_its_parents_and_once():
    x = Tensor(0.5)
    a = x.exp()
    b = a * x + a
    c = (b + x) * a
    order = topological_order(c)
    place = {id(t): i for i, t in enumerate(order)}
    assert len(place) == len(order)
    assert order[-1] is c
    assert all(place[id(p)] < place[id(t)] for t in order for p in t.parents)


def test_a_hundred_thousand_nodes_do_not_meet_the_recursion_limit():
    x = Tensor(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1e-5
    y.backward()
    assert x.grad == 1


def test_float32_stays_float32_through_a_network():
    x = Tensor(np.float32([[1, 2]]))
    y = (((x @ np.float32([[1], [2]])).tanh() * 2).max(0) ** 2).mean()
    y.backward()
    assert y.data.dtype == x.grad.dtype == np.float32


def test_integers_and_arrays_on_the_left_become_constants():
    x = Tensor([1, 2])
    y = np.array([3, 4]) * x
    assert isinstance(y, Tensor)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 4])
    assert y.parents[0].constant


def test_backward_needs_a_scalar():
    with pytest.raises(ValueError, match=r"shape \(2,\): take .sum\(\) or .mean\(\) first"):
        Tensor([1.0, 2.0]).backward()


@pytest.mark.parametrize(("left", "right"), [((2, 3), (2, 3)), ((3,), (2, 3)), ((2, 3), (2,)), ((2,), (3, 3, 2))])
def test_shapes_of_a_matrix_product_that_do_not_fit_are_named(left, right):
    with pytest.raises(ValueError, match="as many columns in A as rows in B, got shapes"):
        Tensor(np.ones(left)) @ Tensor(np.ones(right))
    with pytest.raises(ValueError, match=r"write \* for a number"):
        Tensor(np.ones(left)) @ 2.0


def test_text_is_refused():
    with pytest.raises(TypeError, match="data must hold real numbers"):
        Tensor("one")


# the decks


def deck_graphs():
    """f = (x + y)z of Computing Lab II (2021) and f = xy + z of Columbia W4995, at -2, 5, -4."""
    x, y, z = Tensor(-2.0, "x"), Tensor(5.0, "y"), Tensor(-4.0, "z")
    return (x, y, z), {"(x+y)z": ((x + y) * z, -12, (-4, -4, 3)), "xy+z": (x * y + z, -14, (5, -2, 1))}


@pytest.mark.parametrize("name", ["(x+y)z", "xy+z"])
def test_the_graphs_of_the_decks_have_their_values_and_gradients(name):
    leaves, graphs = deck_graphs()
    f, value, gradients = graphs[name]
    f.backward()
    assert f.data == value
    assert tuple(t.grad for t in leaves) == gradients


# the drawing


def test_the_drawing_lists_each_node_with_its_place_value_and_gradient():
    _, graphs = deck_graphs()
    f = graphs["(x+y)z"][0]
    f.backward()
    figure = draw_graph(f)
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"1: x", "2: y", "3: +", "4: z", "5: ×", "−12", "∂ −4", "∂ 3"} <= texts
    assert "3: +, value 3, gradient −4" in figure.get_label()
    assert "<svg" in show(figure)._repr_html_()


def test_boxes_of_a_drawing_do_not_overlap_and_arrows_lead_onward():
    x = Tensor(0.5, "x")
    deep = ((x * 2.0).tanh() * 3.0).exp() + x
    result = deep * x + Tensor(1.0, "b")
    order = topological_order(result)
    ranks = rank_nodes(order)
    places, (width, height) = lay_out(order, ranks)
    boxes = [places[id(t), ranks[id(t)]] for t in order]
    for (ax, ay), (bx, by) in itertools.combinations(boxes, 2):
        assert abs(ax - bx) >= 78 or abs(ay - by) >= 58
    assert all(39 <= px <= width - 39 and 29 <= py <= height - 29 for px, py in boxes)
    assert all(ranks[id(p)] < ranks[id(t)] for t in order for p in t.parents)


def test_a_graph_too_large_for_a_picture_is_refused():
    y = Tensor(1.0)
    for _ in range(40):
        y = y.tanh()
    with pytest.raises(ValueError, match="41 nodes cannot be read"):
        draw_graph(y)
