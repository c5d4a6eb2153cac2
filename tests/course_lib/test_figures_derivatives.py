"""Figures and widgets of chapter 01: words, colours, numbers and bytes. Oracles: WCAG 2.1, SymPy, Taylor's formula."""

import re

import numpy as np
import pytest
import sympy

from course_lib.figures import canvas, derivatives, regression, show, style
from course_lib.widgets.derivatives import METHODS, LossTangent, StepSize, step_size_study

X = np.array([1.8, 2.0, 2.3, 3.3, 3.6, 4.1, 4.5, 4.7])
Y = np.array([54.0, 51, 62, 74, 79, 80, 85, 88])
H = 10.0 ** np.arange(-16, 0.1, 1.0)
PATH = np.array([[0.0, 0.0], [11.0, 3.0], [16.0, 5.0]])
FIGURES = {
    "three_losses": derivatives.three_losses(),
    "secants": (derivatives.secants(),),
    "error_curves": (derivatives.error_curves({"forward": (H, H), "central": (H, H**2)}, "float64"),),
    "staircase": (derivatives.staircase(),),
    "float32_bits": (derivatives.float32_bits(0.1),),
    "neurons": regression.neurons(),
    "one_parameter": regression.one_parameter(X, Y, [0.0, 10.0, 19.0]),
    "line_fits": (regression.line_fits(X, Y, 19.4, 10.7, 33.5),),
    "valley": (regression.valley(X, Y, PATH, "as it is"),),
    "sigmoid_and_logit": regression.sigmoid_and_logit(),
    "cross_entropy": regression.cross_entropy(),
    "softmax_jacobian": (regression.softmax_jacobian([2, 1, 0, -1]),),
    "logistic_fit": (regression.logistic_fit(X, (Y > 68) * 1.0, 5.0, -15.0),),
}


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours by the formula of WCAG 2.1."""

    def luminance(color: str) -> float:
        parts = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", style.PALETTE)
def test_every_color_can_be_read_on_light_and_on_dark_pages(name: str) -> None:
    light, dark = style.PALETTE[name]
    assert contrast(light, "#ffffff") >= 4.5
    assert contrast(dark, "#14181e") >= 4.5


def test_same_figure_gives_the_same_bytes() -> None:
    assert show(derivatives.secants())._repr_html_() == show(derivatives.secants())._repr_html_()


def test_show_says_in_words_what_it_shows() -> None:
    assert repr(show(derivatives.float32_bits(0.1))) == (
        "[figure] The 32 bits of 0.1: sign 0, exponent 01111011 which is 123, fraction 10011001100110011001101."
    )


def test_marker_style_written_once_still_colors_the_points() -> None:
    (svg,) = show(regression.line_fits(X, Y, 19.4, 10.7, 33.5)).svgs
    marker = re.search(r'<path id="([\w-]+)"[^>]*style="fill: var\(--descent-blue', svg)
    assert marker
    assert len(re.findall(rf'<use xlink:href="#{marker[1]}"', svg)) == len(X)


@pytest.mark.parametrize("x", [2, 3, 4])
def test_tangents_have_the_slopes_that_sympy_finds(x: int) -> None:
    w_hat = sympy.symbols("w_hat")
    slope = sympy.diff((10 * x - w_hat * x) ** 2, w_hat)
    numbers = ", ".join(str(slope.subs(w_hat, at)) for at in (8, 9, 10, 11, 12)).replace("-", "−")
    assert f"have slopes {numbers}." in FIGURES["three_losses"][x - 2].get_label()


def test_figure_without_words_or_too_wide_for_a_phone_is_refused() -> None:
    with pytest.raises(ValueError, match=r"eight words or more, got 'A curve\.'"):
        canvas(300, 200, alt="A curve.")
    with pytest.raises(ValueError, match="at most 480 pixels, got 900"):
        canvas(900, 200, alt="One two three four five six seven eight.")
    with pytest.raises(ValueError, match="at least one figure"):
        show()


@pytest.mark.parametrize("x", [2, 3, 4])
def test_widget_loss_is_the_polynomial_that_sympy_expands(x: int) -> None:
    w_hat = sympy.symbols("w_hat")
    expanded = sympy.Poly((10 * x - w_hat * x) ** 2, w_hat).all_coeffs()[::-1]
    assert LossTangent().losses[str(x)] == [float(c) for c in expanded]


@pytest.mark.parametrize(
    ("method", "order", "factor"),
    [("forward difference", 1, 1 / 2), ("central difference", 2, 1 / 6), ("complex step", 2, 1 / 6)],
)
def test_truncation_follows_taylor(method: str, order: int, factor: float) -> None:
    study = step_size_study(f"{method}, float64", [-6.0, -4.0, -2.0])
    taylor = [factor * 10.0 ** (order * exponent) for exponent in study["exponent"]]
    np.testing.assert_allclose(study["truncation"], taylor, rtol=6e-3)  # next term h/3 at h = 0.01, three digits kept


@pytest.mark.parametrize("method", METHODS)
def test_errors_add_up_and_rounding_stays_below_its_bound(method: str) -> None:
    study = step_size_study(method, StepSize.exponents)
    error, truncation, rounding = (np.array(study[name]) for name in ("error", "truncation", "rounding"))
    assert np.all(error <= (truncation + rounding) * 1.01)
    if method.startswith("complex"):
        assert rounding.max() < 2e-15
    else:
        u = 2.0**-53 if method.endswith("float64") else 2.0**-24
        h = 10.0 ** np.array(study["exponent"])
        growth = np.exp(h) * 4 * u / h + 4 * u  # two values of f, two shifted arguments, the division
        assert np.all(rounding <= np.maximum(growth, 1) * 1.01)
        assert study["error"][0] == 1.0  # x + h is x: nothing is left
