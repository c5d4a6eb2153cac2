"""Figures of chapter 07: what they say is true. Oracles: SymPy, SciPy, PyTorch, NumPy's root finder, simulation."""

import numpy as np
import pytest
import sympy
import torch
from scipy import optimize, signal

from course_lib.figures import filters, optimizers, schedules, trajectories
from course_lib.filters import nesterov, unit_dc_ar1, unit_input_ar1
from course_lib.filters.table import NAMES, row
from course_lib.schedules import LinearDecay

SURFACES = trajectories.SURFACES
VALLEY = SURFACES["valley"]
CURVES = {name: np.array([[0.5, 0.4 - 0.01 * i], [0.6, 0.42]]) for i, name in enumerate(NAMES)}
GROUPS = {"filters": NAMES[:3], "others": NAMES[3:6]}
FIGURES = {
    "noise_ball": optimizers.noise_ball(steps=200),
    "distances": (optimizers.distances({"constant": lambda k: 0.5, "falling": lambda k: 0.5 / (k + 1)}, 100),),
    "steps_of_a_slope": optimizers.steps_of_a_slope([{"Adam": optimizers.step_lengths("Adam", 5)}], ["one"]),
    "adam_forms": (optimizers.adam_forms(),),
    "progress": (optimizers.progress({"a": ([1, 2], [1.0, 0.1])}, "steps", "loss of it"),),
    "learning_curves": optimizers.learning_curves(
        CURVES, CURVES | {"SGD": CURVES["SGD"] + 1}, GROUPS, "validation loss"
    ),
    "rate_scans": optimizers.rate_scans({n: {0.1: 0.5, 1.0: 0.4, 10.0: 1e9} for n in NAMES}, GROUPS, "loss"),
    "weights": (filters.weights_of_the_past(),),
    "steps": filters.step_responses(),
    "compensation": filters.compensation(),
    "plane": filters.pole_plane({"momentum": unit_input_ar1(0.9), "Nesterov": nesterov(0.9)}),
    "responses": (filters.frequency_responses({"momentum": unit_input_ar1(0.9)}),),
    "contraction": (filters.contraction(),),
    "gallery": schedules.gallery({"down": {"linear": LinearDecay(0.1, 50)}}, 100),
    "plateau": schedules.plateau([1.0, 0.5, 0.5, 0.2], [0.1, 0.1, 0.01, 0.01]),
    "finals": (schedules.final_losses(["a", "b"], {"a": [1.0, 2.0], "b": [0.5, 0.7]}, "validation loss"),),
    "paths": (trajectories.paths_on(VALLEY, {"SGD": trajectories.trajectory(VALLEY, row("SGD").make(), 20)}),),
}


def label(name: str, panel: int = 0) -> str:
    return str(FIGURES[name][panel].get_label())


# ---------------------------------------------------------------- noise


def test_mean_square_is_what_a_simulation_finds() -> None:
    rates = np.linspace(0.5, 0.05, 30)
    rng, w = np.random.default_rng(0), np.full(40_000, 3.0)
    for rate in rates:
        w = w - rate * (2.0 * w + 0.7 * rng.normal(size=w.shape))
    expected = optimizers.mean_square(rates, 2.0, 0.7, 3.0)[-1]
    assert np.mean(w**2) == pytest.approx(expected, rel=4 * np.sqrt(2 / w.size))  # four standard errors


@pytest.mark.parametrize("rate", [0.05, 0.5, 1.5])
def test_mean_square_settles_where_the_text_says(rate: float) -> None:
    settled = optimizers.mean_square(np.full(2000, rate), 1.0, 1.0, 5.0)[-1]
    assert settled == pytest.approx(rate / (2 - rate), rel=1e-10)


def test_noisy_descent_without_noise_is_plain_descent() -> None:
    path = optimizers.noisy_descent([0.5, 0.5], 1.0, 0.0, np.array([4.0]))
    np.testing.assert_allclose(path[:, 0], [4, 2, 1], rtol=1e-12)


# ---------------------------------------------------------------- filters


@pytest.mark.parametrize("nesterovs", [False, True])
@pytest.mark.parametrize("mu", [0.3, 0.9])
@pytest.mark.parametrize("c", [0.01, 0.4, 1.2])
def test_poles_are_the_eigenvalues_of_two_coupled_steps(mu: float, c: float, nesterovs: bool) -> None:
    """The pair (velocity, weight) goes through a matrix; its eigenvalues are the poles."""
    plain, ahead = (
        [[mu, -c], [mu, 1 - c]],
        [[mu, -c], [mu * mu, 1 - c - mu * c]],
    )  # v ← μv − cw; w ← w + v, or + μv − cw
    matrix = np.array(ahead if nesterovs else plain)
    expected = np.sort_complex(np.linalg.eigvals(matrix))
    np.testing.assert_allclose(np.sort_complex(filters.heavy_ball_poles(c, mu, nesterovs)), expected, atol=1e-12)


def test_contraction_figure_names_the_stability_limits() -> None:
    for mu in (0.0, 0.5, 0.9):
        limit = optimize.brentq(lambda c, m=mu: np.abs(filters.heavy_ball_poles(c, m)).max() - 1, 1.5, 4.3)
        assert f"μ = {mu:g} up to {limit:.3g}" in label("contraction")


def test_responses_quote_scipy() -> None:
    _, H = signal.freqz([1.0], [1.0, -0.9], worN=[0.0, np.pi])
    assert f"momentum from {abs(H[0]):.3g} to {abs(H[1]):.2g}" in label("responses")


def test_plane_quotes_the_roots_of_numpy() -> None:
    assert f"zero at {np.roots([1.9, -0.9])[0]:.2f}" in label("plane", 1)


def test_compensated_average_of_the_figure_starts_at_the_first_value() -> None:
    _, noisy = filters.noisy_cosine()
    assert f"the average at {noisy[0]:.2f};" in label("compensation", 1)
    assert f"the average at {0.1 * noisy[0]:.2f};" in label("compensation", 0)


# ---------------------------------------------------------------- surfaces


@pytest.mark.parametrize("name", SURFACES)
def test_gradient_and_hessian_are_those_of_sympy(name: str) -> None:
    surface, symbols = SURFACES[name], sympy.symbols("x y")
    formula = surface.value(*symbols)
    for point in ((0.3, -0.7), (1.9, 0.4), (-1.0, 0.0)):
        at = dict(zip(symbols, point, strict=True))
        gradient = [float(formula.diff(s).subs(at)) for s in symbols]
        hessian = [[float(formula.diff(s, t).subs(at)) for s in symbols] for t in symbols]
        np.testing.assert_allclose(surface.gradient(np.array(point)), gradient, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(surface.hessian(np.array(point)), hessian, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["valley", "Beale", "Rosenbrock"])
def test_minimum_is_where_scipy_finds_it(name: str) -> None:
    surface = SURFACES[name]
    found = optimize.minimize(lambda w: surface.value(*w), surface.start, jac=surface.gradient, tol=1e-12)
    np.testing.assert_allclose(found.x, surface.minimum, atol=1e-6)


def test_trajectory_of_momentum_is_that_of_torch() -> None:
    w = torch.tensor(VALLEY.start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.01, momentum=0.9)
    for _ in range(30):
        optimizer.zero_grad()
        VALLEY.value(*w).backward()
        optimizer.step()
    path = trajectories.trajectory(VALLEY, row("Momentum").make(lr=0.01), 30)
    np.testing.assert_allclose(path[-1], w.detach().numpy(), rtol=1e-10)


def test_trajectory_that_flies_away_is_cut() -> None:
    path = trajectories.trajectory(VALLEY, row("SGD").make(lr=1.0), 100)
    assert len(path) < 100
    assert np.abs(path).max() < trajectories.FAR


def test_best_rate_keeps_every_point_on_the_map() -> None:
    low, high, bottom, top = VALLEY.window
    for name in ("SGD", "Adam"):
        rate = trajectories.best_rate(VALLEY, name, 100)
        path = trajectories.trajectory(VALLEY, row(name).make(lr=rate), 100)
        assert path[:, 0].min() >= low and path[:, 0].max() <= high
        assert path[:, 1].min() >= bottom and path[:, 1].max() <= top


def test_contour_lines_lie_on_their_levels() -> None:
    for name in ("saddle", "valley"):
        surface = SURFACES[name]
        for line in trajectories.contour_lines(surface):
            heights = surface.value(*np.array(line).T)
            nearest = min(surface.levels, key=lambda level, h=heights: abs(level - h.mean()))
            np.testing.assert_allclose(heights, nearest, atol=0.02 + 0.02 * abs(nearest))


# ---------------------------------------------------------------- step lengths


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Momentum", unit_input_ar1(0.9).step_response(20)),
        ("Nesterov", nesterov(0.9).step_response(20)),
        ("Adagrad", 1 / np.sqrt(np.arange(1, 21))),
        ("RMSprop", 1 / np.sqrt(unit_dc_ar1(0.9).step_response(20))),
        ("Adam", np.ones(20)),
    ],
)
def test_step_lengths_on_a_slope_are_step_responses(name: str, expected: np.ndarray) -> None:
    np.testing.assert_allclose(optimizers.step_lengths(name, 20), expected, rtol=1e-6)  # ε is 1e-8


def test_form_figure_names_the_gradients_at_which_half_a_step_is_left() -> None:
    w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    w.grad = torch.tensor([1e-8], dtype=torch.float64)
    torch.optim.Adam([w], lr=1.0).step()
    assert -w.item() == pytest.approx(0.5, rel=1e-6)
    assert "a gradient of 1e-08 with ε and already at 3e-07 with ε̂" in label("adam_forms")


def test_plateau_figure_names_its_drops() -> None:
    assert "drops after the epochs 2." in label("plateau", 1)


def test_learning_curves_quote_the_means_of_the_last_epoch() -> None:
    assert "SGD 0.410 (default rate 1.410); Momentum 0.405;" in label("learning_curves")
