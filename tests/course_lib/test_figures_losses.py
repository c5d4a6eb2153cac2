"""Figures and widgets of chapter 04: words and numbers. Oracles: SciPy, scikit-learn, PyTorch, linear programs."""

import numpy as np
import pytest
import torch
from scipy import optimize, stats
from sklearn.linear_model import LinearRegression

from course_lib.figures import logits, losses
from course_lib.reference.losses import Huber
from course_lib.widgets.losses import (
    POINTS,
    LogitGradient,
    OutlierFit,
    Overflow,
    absolute_lines,
    cross_entropy_by_steps,
    huber_lines,
    squared_lines,
    words,
)

X = np.arange(11.0)
Y = np.append(POINTS[:-1], -6.0)
WAITS = [52, 54, 55, 58, 60, 61, 610]
S = np.arange(0.0, 20.0)
FIGURES = {
    "best_constant": losses.best_constant(WAITS),
    "regression_shapes": losses.regression_shapes(),
    "robust_lines": (losses.robust_lines(X, Y, {"squared": (0.4, 0.8), "absolute": (0.3, 1.0)}, 10),),
    "relative_losses": losses.relative_losses(),
    "poisson_losses": (losses.poisson_losses(),),
    "noise_models": losses.noise_models(),
    "square_or_entropy": logits.square_or_entropy(),
    "entropy_and_divergence": (logits.entropy_and_divergence({"hard": (0.0, 0.09), "soft": (0.76, 0.46)}),),
    "margins": (logits.margins(),),
    "soft_maximum": (logits.soft_maximum(),),
    "lost_digits": (logits.lost_digits(S, {"one": S * 1e-8, "other": np.where(S > 9, np.inf, 1e-7)}, "error"),),
    "training_curves": (logits.training_curves({"fused": [2.3, 1.0, 0.5], "unfused": [2.3, 9.0, np.nan]}),),
}


def label(name: str, panel: int = 0) -> str:
    return str(FIGURES[name][panel].get_label())


def test_best_constants_are_what_scipy_finds() -> None:
    for panel, power in ((0, 2), (1, 1)):
        y = np.array(WAITS)
        found = optimize.minimize_scalar(lambda c, y=y, power=power: np.mean(np.abs(c - y) ** power), (50, 60, 700))
        assert f"Its minimum is at {found.x:.0f}," in label("best_constant", panel)


def test_density_figure_quotes_scipy() -> None:
    gauss, laplace = -stats.norm.logpdf(5), -stats.laplace.logpdf(5)
    assert f"At an error of 5 they are {gauss:.1f} and {laplace:.1f}." in label("noise_models", 1)


def test_largest_slope_of_squared_error_through_a_sigmoid_is_that_of_autograd() -> None:
    s = torch.linspace(-8, 4, 121, dtype=torch.float64, requires_grad=True)
    ((torch.sigmoid(s) - 1) ** 2).sum().backward()
    assert f"at most {s.grad.abs().max():.2f} in size, and {s.grad[0].abs():.4f} at" in label("square_or_entropy", 1)


def test_figure_says_where_an_error_is_total_and_where_a_run_breaks() -> None:
    assert "one is right everywhere; other fails from 10 on." in label("lost_digits")
    assert "fused runs to the end; unfused breaks off early" in label("training_curves")


def test_squared_lines_are_those_of_scikit_learn() -> None:
    weights = np.linspace(0.1, 2, 11)
    fit = LinearRegression().fit(X[:, None], Y, sample_weight=weights)
    np.testing.assert_allclose(squared_lines(X, [Y], [weights]), [[fit.coef_[0], fit.intercept_]], rtol=1e-12)


@pytest.mark.parametrize("place", [5, 10])
@pytest.mark.parametrize("height", [-8.0, 0.5, 5.0, 16.0])
def test_absolute_lines_cost_what_linear_programming_finds(place: int, height: float) -> None:
    y = POINTS.copy()
    y[place] = height
    n = len(X)
    A = np.column_stack([X, np.ones(n)])
    constraints = np.block([[A, -np.eye(n)], [-A, -np.eye(n)]])
    cost = np.concatenate([[0, 0], np.ones(n)])
    bounds = [(None, None)] * 2 + [(0, None)] * n
    program = optimize.linprog(cost, constraints, np.concatenate([y, -y]), bounds=bounds)
    ((slope, intercept),) = absolute_lines(X, [y])
    assert np.abs(slope * X + intercept - y).sum() == pytest.approx(program.fun, abs=1e-10)


@pytest.mark.parametrize("height", [-8.0, 3.0, 16.0])
def test_huber_lines_are_where_the_gradient_is_zero_and_cost_what_scipy_finds(height: float) -> None:
    y = np.append(POINTS[:-1], height)
    ((slope, intercept),) = huber_lines(X, [y], 0.5)
    G = Huber(0.5).gradient(y, slope * X + intercept)
    np.testing.assert_allclose([G @ X, G.sum()], 0, atol=1e-9)
    found = optimize.minimize(lambda p: Huber(0.5)(y, p[0] * X + p[1]), [0, 0], tol=1e-12)
    assert Huber(0.5)(y, slope * X + intercept) == pytest.approx(found.fun, abs=1e-9)


def test_outlier_beyond_the_threshold_moves_the_huber_line_no_further() -> None:
    widget = OutlierFit()
    fits = widget.fits["at the end, x = 10"]
    low, lower = widget.heights.index(-4.0), widget.heights.index(-8.0)
    assert fits["huber"][low] == fits["huber"][lower]
    assert fits["absolute"][low] == fits["absolute"][lower]
    assert fits["squared"][low] != fits["squared"][lower]


@pytest.mark.parametrize("name", LogitGradient.choices)
def test_targets_of_the_logit_widget_are_distributions(name: str) -> None:
    assert sum(LogitGradient().targets[name]) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize("true", [0, 1, 2])
@pytest.mark.parametrize("scale", [0, 10, 50, 90, 130])
def test_stable_column_is_the_cross_entropy_of_torch(true: int, scale: int) -> None:
    s = torch.tensor([Overflow.directions], dtype=torch.float64) * scale
    expected = torch.nn.functional.cross_entropy(s, torch.tensor([true])).item()
    shown = float(Overflow().studies[str(true + 1)][scale // 5]["stable"][3])
    assert shown == pytest.approx(expected, rel=5e-3, abs=1e-7)  # three digits of float32


def test_naive_column_is_right_while_small_and_breaks_three_ways() -> None:
    studies = Overflow().studies
    assert studies["2"][2]["naive"][3] == studies["2"][2]["stable"][3] == "5.01"  # c = 10
    assert studies["2"][18]["naive"] == ["inf, 3.49e+19, 8.19e-40", "inf", "0", "inf"]  # overflow at 90
    assert studies["1"][18]["naive"][2:] == ["nan", "nan"]  # right, and not a number
    assert studies["3"][10]["naive"][3] == "100" and studies["3"][11]["naive"][3] == "inf"  # underflow at 55


def test_steps_read_as_words_and_widgets_as_names() -> None:
    assert cross_entropy_by_steps([2.0, 1.0, 0.0], 1)["naive"][2:] == ["0.245", "1.41"]
    assert words([np.float32(np.inf), -0.0]) == "inf, 0"
    assert [repr(widget()) for widget in (OutlierFit, LogitGradient, Overflow)] == [
        "OutlierFit()",
        "LogitGradient()",
        "Overflow()",
    ]
