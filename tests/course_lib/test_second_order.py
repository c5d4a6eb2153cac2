"""Second-order methods against SciPy, scikit-learn and PyTorch."""

import itertools

import numpy as np
import pytest
import scipy.optimize
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.reference.layers import Activation, Dense
from course_lib.reference.losses import MeanSquaredError, SparseCategoricalCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.optimizers import SGD
from course_lib.reference.second_order import (
    KFAC,
    bfgs,
    bfgs_update,
    kronecker_factors,
    lbfgs,
    lbfgs_direction,
    network_objective,
    newton,
    newton_step,
    strong_wolfe,
)


def rosenbrock(w):
    return float(scipy.optimize.rosen(w)), scipy.optimize.rosen_der(w)


def beale(w):
    x, y = w
    terms = np.array([1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3])
    dx, dy = np.array([y - 1, y**2 - 1, y**3 - 1]), np.array([x, 2 * x * y, 3 * x * y**2])
    return float(terms @ terms), np.array([2 * terms @ dx, 2 * terms @ dy])


def quadratic(seed, size=6):
    """A random convex parabola: its function, its Hessian, its minimum."""
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.normal(size=(size, size)))
    H, b = Q @ np.diag(np.geomspace(1, 100, size)) @ Q.T, rng.normal(size=size)
    return lambda w: (float(0.5 * w @ H @ w - b @ w), H @ w - b), H, np.linalg.solve(H, b)


METHODS = {
    "bfgs": lambda f, w, tolerance: bfgs(f, w, tolerance=tolerance),
    "lbfgs": lambda f, w, tolerance: lbfgs(f, w, tolerance=tolerance),
}


# Single steps


def test_newton_reaches_the_minimum_of_a_parabola_in_one_step():
    function, H, minimum = quadratic(0)
    found = newton_step(lambda w: function(w)[1], lambda w: H, np.ones(6))
    np.testing.assert_allclose(found, minimum, rtol=1e-10, atol=1e-12)


def test_newton_step_runs_to_a_saddle_where_the_hessian_is_indefinite():
    # f = x² − y²: from anywhere one step to the origin, uphill in y.
    found = newton_step(lambda w: np.array([2, -2]) * w, lambda w: np.diag([2.0, -2.0]), np.array([3, 1]))
    np.testing.assert_array_equal(found, [0, 0])


def pairs(rng, count, size):
    """Steps and changes of the gradient of a convex parabola."""
    root = rng.normal(size=(size, size))
    steps = rng.normal(size=(count, size))
    return list(steps), list(steps @ (root @ root.T + 0.1 * np.eye(size)))


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 5))
def test_bfgs_update_matches_scipys_inverse_hessian(seed, size, count):
    steps, changes = pairs(np.random.default_rng(seed), count, size)
    theirs = scipy.optimize.BFGS(init_scale=1.0, min_curvature=1e-300)
    theirs.initialize(size, "inv_hess")
    ours = np.eye(size)
    for s, y in zip(steps, changes, strict=True):
        theirs.update(s, y)
        ours = bfgs_update(ours, s, y)
    expected = theirs.get_matrix()
    np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


@given(st.integers(0, 10**6), st.integers(1, 8))
def test_bfgs_update_satisfies_the_secant_equation(seed, size):
    (s,), (y,) = pairs(np.random.default_rng(seed), 1, size)
    np.testing.assert_allclose(bfgs_update(np.eye(size), s, y) @ y, s, rtol=1e-8, atol=1e-9)


@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 5))
def test_two_loop_recursion_matches_a_dense_bfgs_matrix(seed, size, count):
    rng = np.random.default_rng(seed)
    steps, changes = pairs(rng, count, size)
    g = rng.normal(size=size)
    s, y = steps[-1], changes[-1]
    H = (s @ y) / (y @ y) * np.eye(size)
    for s, y in zip(steps, changes, strict=True):
        H = bfgs_update(H, s, y)
    expected = -H @ g
    atol = 1e-9 * np.abs(H).max() * np.abs(g).max()
    np.testing.assert_allclose(lbfgs_direction(g, steps, changes), expected, rtol=1e-9, atol=atol)


@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 5))
def test_two_loop_recursion_matches_scipys_operator(seed, size, count):
    # SciPy's operator starts from the identity: with γ = 1 (s·y = y·y for the newest pair) both agree.
    rng = np.random.default_rng(seed)
    steps, changes = pairs(rng, count, size)
    steps[-1] = changes[-1].copy()
    operator = scipy.optimize.LbfgsInvHessProduct(np.array(steps), np.array(changes))
    g = rng.normal(size=size)
    expected = -operator.matvec(g)
    atol = 1e-9 * np.abs(operator.todense()).max() * np.abs(g).max()
    np.testing.assert_allclose(lbfgs_direction(g, steps, changes), expected, rtol=1e-9, atol=atol)


def test_lbfgs_without_pairs_is_steepest_descent_and_changes_nothing():
    g = np.array([1, -2])
    np.testing.assert_array_equal(lbfgs_direction(g, [], []), [-1, 2])
    np.testing.assert_array_equal(g, [1, -2])


# The line search


@settings(deadline=None)
@given(st.integers(0, 10**6), st.floats(1e-3, 100))
def test_line_search_satisfies_the_strong_wolfe_conditions(seed, first):
    rng = np.random.default_rng(seed)
    w = rng.uniform(-2, 2, 4)
    value, gradient = rosenbrock(w)
    point, _ = strong_wolfe(rosenbrock, w, -gradient, value, gradient, first, c1=1e-4, c2=0.9)
    slope = -gradient @ gradient
    new_value, new_gradient = rosenbrock(w - point.t * gradient)
    assert new_value <= value + 1e-4 * point.t * slope
    assert abs(new_gradient @ -gradient) <= 0.9 * abs(slope)


def test_line_search_needs_about_as_many_evaluations_as_scipys():
    ours = theirs = 0
    for seed in range(50):
        w = np.random.default_rng(seed).uniform(-2, 2, 4)
        value, g = rosenbrock(w)
        d = -g / np.linalg.norm(g)
        ours += strong_wolfe(rosenbrock, w, d, value, g)[1]
        theirs += scipy.optimize.line_search(lambda w: rosenbrock(w)[0], lambda w: rosenbrock(w)[1], w, d)[1]
    assert ours <= 1.25 * theirs


def test_line_search_steps_back_from_infinity_and_nan():
    def wall(w):
        with np.errstate(invalid="ignore"):
            return float((w - np.log(2 - w)).sum()), 1 + 1 / (2 - w)

    w = np.array([1.9])
    value, gradient = wall(w)
    down = lambda w: (lambda v, g: (-v, -g))(*wall(w))  # noqa: E731
    point, _ = strong_wolfe(down, w, np.array([1.0]), -value, -gradient, first=5.0)
    assert point is None or np.isfinite(point.value)
    steep = lambda w: (float(np.where(w > 1, np.nan, (w - 0.9) ** 2)[0]), 2 * (w - 0.9))  # noqa: E731
    point, _ = strong_wolfe(steep, np.zeros(1), np.ones(1), *steep(np.zeros(1)), first=64.0)
    assert point.value < 0.81


def test_line_search_refuses_to_climb():
    with pytest.raises(ValueError, match="direction must point downhill"):
        strong_wolfe(rosenbrock, np.zeros(2), np.array([-1.0, 0.0]), *rosenbrock(np.zeros(2)))


# Whole minimizations


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    ("function", "start", "minimum"),
    [
        (rosenbrock, [-1.2, 1.0], [1.0, 1.0]),
        (rosenbrock, [-1.2, 1.0, -0.5, 0.8, 1.5], [1.0] * 5),
        (beale, [1.0, 1.0], [3.0, 0.5]),
    ],
    ids=["rosenbrock 2", "rosenbrock 5", "beale"],
)
def test_quasi_newton_finds_the_minimum_that_scipy_finds(name, function, start, minimum):
    start = np.array(start)
    found = METHODS[name](function, start, 1e-9)
    theirs = scipy.optimize.minimize(
        function, start, jac=True, method={"bfgs": "BFGS", "lbfgs": "L-BFGS-B"}[name], options={"gtol": 1e-7}
    )
    assert found.converged
    np.testing.assert_allclose(found.w, minimum, atol=1e-7)
    np.testing.assert_allclose(found.w, theirs.x, atol=1e-4)
    assert found.evaluations <= 2 * theirs.nfev


def test_newton_matches_scipys_and_needs_few_iterations():
    start = np.array([-1.2, 1.0, -0.5, 0.8])  # leads to the local minimum, f = 3.7014
    found = newton(rosenbrock, scipy.optimize.rosen_hess, start)
    theirs = scipy.optimize.minimize(rosenbrock, start, jac=True, hess=scipy.optimize.rosen_hess, method="trust-exact")
    assert found.converged and found.iterations < 40 and round(found.value, 4) == 3.7014
    np.testing.assert_allclose(found.w, theirs.x, atol=1e-6)


def test_newton_with_a_line_search_leaves_a_saddle():
    # f = x² − y² + y⁴: a saddle at the origin, minima at y = ±1/√2.
    function = lambda w: (float(w[0] ** 2 - w[1] ** 2 + w[1] ** 4), np.array([2 * w[0], 4 * w[1] ** 3 - 2 * w[1]]))  # noqa: E731
    found = newton(function, lambda w: np.diag([2.0, 12 * w[1] ** 2 - 2]), np.array([1.0, 0.1]))
    np.testing.assert_allclose(np.abs(found.w), [0, np.sqrt(0.5)], atol=1e-8)


def test_newton_converges_quadratically():
    # Each iteration near the minimum squares the error: the number of right digits doubles.
    errors = []
    newton(rosenbrock, scipy.optimize.rosen_hess, np.array([1.1, 1.1]), callback=lambda w, v: errors.append(w - 1))
    sizes = np.linalg.norm(errors, axis=1)
    late = [(a, b) for a, b in itertools.pairwise(sizes) if 1e-7 < a < 1e-1]
    assert len(late) >= 2 and all(b < 20 * a**2 for a, b in late[-2:])


@pytest.mark.parametrize("name", METHODS)
def test_a_minimization_reports_what_it_did_and_leaves_the_start_alone(name):
    function, _, minimum = quadratic(1)
    seen, start = [], np.ones(6)
    calls = []

    def counted(w):
        calls.append(1)
        return function(w)

    found = {"bfgs": bfgs, "lbfgs": lbfgs}[name](counted, start, callback=lambda w, v: seen.append(v))
    np.testing.assert_array_equal(start, 1)
    np.testing.assert_allclose(found.w, minimum, atol=1e-5)
    assert tuple(seen) == found.values and len(seen) == found.iterations + 1
    assert found.evaluations == len(calls)
    assert (np.diff(found.values) <= 1e-15).all()
    assert found.value == function(found.w)[0]


def test_lbfgs_with_all_its_memory_is_as_quick_as_bfgs_on_a_parabola():
    function, _, _ = quadratic(2, size=8)
    short = lbfgs(function, np.ones(8), memory=1, tolerance=1e-8).iterations
    assert lbfgs(function, np.ones(8), memory=20, tolerance=1e-8).iterations < short


@pytest.mark.parametrize("name", METHODS)
def test_a_start_at_the_minimum_is_left_alone(name):
    found = METHODS[name](rosenbrock, np.ones(3), 1e-8)
    assert found.converged and found.iterations == 0 and found.evaluations == 1


def test_a_function_that_is_not_finite_at_the_start_is_refused():
    with pytest.raises(ValueError, match="must be finite at the start, got nan"):
        lbfgs(lambda w: (np.nan, w), np.ones(2))
    with pytest.raises(ValueError, match="memory must be a whole number >= 1, got 0"):
        lbfgs(rosenbrock, np.ones(2), memory=0)
    with pytest.raises(ValueError, match=r"w must be a flat vector, got shape \(2, 1\)"):
        bfgs(rosenbrock, np.ones((2, 1)))
    with pytest.raises(ValueError, match=r"the gradient of shape \(2,\), got \(1,\)"):
        lbfgs(lambda w: (1.0, w[:1]), np.ones(2))
    with pytest.raises(ValueError, match="tolerance must lie in 0 <= tolerance, got -1"):
        bfgs(rosenbrock, np.ones(2), tolerance=-1)


def test_float32_stays_float32():
    found = lbfgs(lambda w: (float(w @ w), 2 * w), np.ones(4, dtype=np.float32))
    assert found.w.dtype == np.float32 and found.converged


def test_lbfgs_fits_logistic_regression_like_scikit_learn():
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression

    X, y = load_breast_cancer(return_X_y=True)
    X = np.hstack([(X - X.mean(0)) / X.std(0), np.ones((len(X), 1))])

    def objective(w):
        z = X @ w
        loss = np.logaddexp(0, -np.where(y, z, -z)).sum() + 0.5 * w @ w
        return float(loss), X.T @ (1 / (1 + np.exp(-z)) - y) + w

    theirs = LogisticRegression(C=1.0, fit_intercept=False, solver="newton-cholesky", tol=1e-10).fit(X, y)
    found = lbfgs(objective, np.zeros(31), tolerance=1e-6)
    np.testing.assert_allclose(found.w, theirs.coef_[0], atol=1e-6)


def test_a_network_is_minimized_through_its_flat_vector():
    X = np.linspace(-3, 3, 40)[:, None]
    network = Network([Dense(8), Activation("tanh"), Dense(1)], input_shape=1, dtype="float64")
    objective = network_objective(network, X, np.sin(X), MeanSquaredError())
    start = network.parameters.copy()
    found = lbfgs(objective, start, max_iterations=100)
    theirs = scipy.optimize.minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 100})
    assert found.value < 2 * theirs.fun < 1e-3
    numeric = scipy.optimize.approx_fprime(start, lambda w: objective(w)[0], 1e-7)
    np.testing.assert_allclose(objective(start)[1], numeric, atol=1e-5)


# K-FAC


def small_network(features=4, classes=3, hidden=5):
    layers = [Dense(hidden, bias_initializer="random_normal"), Activation("tanh"), Dense(classes)]
    return Network(layers, input_shape=features, seed=1, dtype="float64")


def log_likelihood_gradients(network, x):
    """Gradients of −log p(y | x) for each class y by torch.autograd: {layer: [[dW; db] of each class]}, and p."""
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    weights = [torch.tensor(np.vstack([d.W, d.b]), requires_grad=True) for d in dense]
    a = torch.from_numpy(x)
    for i, W in enumerate(weights):
        a = torch.cat([torch.tanh(a) if i else a, torch.ones(1, dtype=torch.float64)]) @ W
    log_p = torch.log_softmax(a, dim=0)
    by_class = [torch.autograd.grad(-log_p[k], weights, retain_graph=True) for k in range(len(log_p))]
    return [[g[i].numpy() for g in by_class] for i in range(len(weights))], np.exp(log_p.detach().numpy())


def test_the_kronecker_factors_of_one_sample_give_its_exact_fisher_matrix():
    network, x = small_network(), np.random.default_rng(0).normal(size=(1, 4))
    gradients, p = log_likelihood_gradients(network, x[0])
    by_class = [kronecker_factors(network, x, np.array([k])) for k in range(3)]
    for layer, per_class in enumerate(gradients):
        exact = sum(p[k] * np.outer(g.ravel(), g.ravel()) for k, g in enumerate(per_class))
        ours = sum(p[k] * np.kron(by_class[k][layer].A, by_class[k][layer].S) for k in range(3))
        np.testing.assert_allclose(ours, exact, rtol=1e-10, atol=1e-12)


def test_the_kronecker_factors_of_a_batch_are_means_of_those_of_its_samples():
    network, rng = small_network(), np.random.default_rng(1)
    X, labels = rng.normal(size=(6, 4)), rng.integers(0, 3, 6)
    singly = [kronecker_factors(network, X[i : i + 1], labels[i : i + 1]) for i in range(6)]
    for layer, factors in enumerate(kronecker_factors(network, X, labels)):
        np.testing.assert_allclose(factors.A, np.mean([s[layer].A for s in singly], axis=0), rtol=1e-12)
        np.testing.assert_allclose(factors.S, np.mean([s[layer].S for s in singly], axis=0), atol=1e-14)


def test_labels_drawn_from_the_model_give_the_fisher_matrix_on_average():
    # At the logits the Fisher matrix is diag(p) − ppᵀ, averaged over the samples.
    network, X = small_network(), np.random.default_rng(2).normal(size=(50, 4))
    optimizer = KFAC(learning_rate=0.0, decay=0.999)
    for _ in range(400):
        optimizer.train_batch(network, X, np.zeros(50, dtype=int))
    logits = network.forward(X)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    exact = np.mean([np.diag(row) - np.outer(row, row) for row in p], axis=0)
    np.testing.assert_allclose(optimizer.factors[-1].S, exact, atol=4 / np.sqrt(400 * 50))


@pytest.mark.parametrize("use_bias", [True, False])
def test_preconditioning_solves_with_the_damped_kronecker_product(use_bias):
    network = Network([Dense(3, use_bias=use_bias)], input_shape=4, dtype="float64")
    X, labels = np.random.default_rng(3).normal(size=(20, 4)), np.arange(20) % 3
    optimizer = KFAC(damping=0.1)
    (factors,) = kronecker_factors(network, X, labels)
    layer = factors.layer
    network.loss_and_gradient(X, labels, SparseCategoricalCrossentropy(from_logits=True))
    gradient = np.vstack([layer.dW, layer.db]) if use_bias else layer.dW.copy()
    A, S = optimizer.damped(factors)
    expected = np.linalg.solve(np.kron(A, S), gradient.ravel()).reshape(gradient.shape)
    optimizer.precondition(factors)
    np.testing.assert_allclose(network.gradient, expected.ravel(), rtol=1e-10, atol=1e-13)


def test_the_damping_is_shared_so_that_their_product_is_lambda():
    network, X = small_network(), np.random.default_rng(4).normal(size=(9, 4))
    for factors in kronecker_factors(network, X, np.arange(9) % 3):
        A, S = KFAC(damping=0.04).damped(factors)
        added = (A - factors.A)[0, 0], (S - factors.S)[0, 0]
        assert added[0] * added[1] == pytest.approx(0.04)
        ratio = np.diag(factors.A).mean() / np.diag(factors.S).mean()
        assert added[0] / added[1] == pytest.approx(ratio)


def test_kfac_needs_fewer_steps_than_gradient_descent_at_its_best_rate():
    from sklearn.datasets import load_digits

    X, labels = load_digits(return_X_y=True)
    X, labels = X[:600] / 16, labels[:600]
    loss = SparseCategoricalCrossentropy(from_logits=True)

    def network():
        return Network([Dense(20), Activation("tanh"), Dense(10)], input_shape=64, dtype="float64")

    def descend(rate):
        net, optimizer = network(), SGD(rate)
        for _ in range(20):
            outputs = net.train_batch(X, labels, loss, optimizer)
        return loss(labels, outputs)

    natural, net = KFAC(learning_rate=0.5, damping=1e-3), network()
    kfac = [natural.train_batch(net, X, labels) for _ in range(20)][-1]
    assert kfac < 0.5 * min(descend(rate) for rate in (0.1, 0.3, 1.0, 3.0))
