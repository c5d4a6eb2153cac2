"""Chapter 01 in a browser: the widgets work without a kernel, by mouse and by keyboard; the deck's numbers stand."""

import re
from typing import Any

import numpy as np
import pytest
from book_site import printed
from book_visit import report

CHAPTER = "01_derivatives"


@pytest.fixture
def tangent(chapter: Any) -> Any:
    """Return the first widget, back at ŵ = 8, x = 3, η = 0.02."""
    widget = chapter.get_by_role("group", name="Loss, tangent and gradient step")
    widget.get_by_label("Input").select_option("3")
    widget.get_by_label("Learning rate η").fill("0.02")
    widget.get_by_role("button", name="Back to ŵ = 8").click()
    return widget


@pytest.fixture
def steps(chapter: Any) -> Any:
    """Return the second widget, at the forward difference in float64 and h = 0.01."""
    widget = chapter.get_by_role("group", name="Step size and error")
    widget.get_by_label("Method").select_option("forward difference, float64")
    widget.get_by_label("Step size h").fill("-2")
    return widget


def numbers(text: str) -> list[float]:
    """Return all numbers of a text, in order; a number may end the sentence."""
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", text.replace("−", "-"))]


pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_tangent_widget_shows_the_gradient_of_the_deck(tangent: Any) -> None:
    assert "ŵ = 8.00, loss 36.00, gradient −36.00" in report(tangent)
    assert "slope −36.00" in tangent.get_by_role("img").get_attribute("aria-label")


def test_arrow_keys_move_the_weight_and_redraw_the_tangent(tangent: Any) -> None:
    line = tangent.locator("path.orange")
    before = line.get_attribute("d")
    slider = tangent.get_by_label("Estimated weight ŵ")
    slider.focus()
    for _ in range(20):
        slider.press("ArrowRight")
    assert "ŵ = 9.00, loss 9.00, gradient −18.00" in report(tangent)
    assert slider.get_attribute("aria-valuetext") == "9.00"
    assert line.get_attribute("d") != before


def test_dragging_the_weight_moves_the_point(tangent: Any, chapter: Any) -> None:
    slider = tangent.get_by_label("Estimated weight ŵ")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    chapter.mouse.move(box["x"] + box["width"] / 6, middle)
    chapter.mouse.down()
    chapter.mouse.move(box["x"] + box["width"] / 2, middle, steps=5)
    chapter.mouse.up()
    assert float(slider.input_value()) == pytest.approx(10, abs=0.3)
    assert numbers(report(tangent))[0] == float(slider.input_value())


def test_steps_follow_gradient_descent(tangent: Any) -> None:
    w_hat = 8.0
    for taken in range(1, 4):
        tangent.get_by_role("button", name="Take a step").click()
        w_hat -= 0.02 * 2 * 9 * (w_hat - 10)
        shown = numbers(report(tangent))
        assert shown[0] == taken
        assert shown[1] == pytest.approx(w_hat, abs=0.005)
        assert shown[2] == pytest.approx(9 * (w_hat - 10) ** 2, abs=0.005)


def test_too_large_a_rate_diverges_and_says_so(tangent: Any) -> None:
    tangent.get_by_label("Learning rate η").fill("0.13")
    for _ in range(8):
        tangent.get_by_role("button", name="Take a step").click()
    assert "The point has left the picture." in report(tangent)


def test_other_input_makes_another_parabola(tangent: Any) -> None:
    tangent.get_by_label("Input").select_option("4")
    assert "gradient −64.00" in report(tangent)


def test_truncation_and_rounding_trade_places(steps: Any) -> None:
    assert "Truncation is the larger: a smaller h would help." in report(steps)
    assert "the quotient is 2.731918656, the derivative 2.718281828" in report(steps)
    steps.get_by_label("Step size h").fill("-12")
    assert "Rounding is the larger: a smaller h would not help." in report(steps)


def test_complex_step_has_no_rounding_branch(steps: Any) -> None:
    steps.get_by_label("Method").select_option("complex step, float64")
    steps.get_by_label("Step size h").fill("-20")
    assert "the quotient is 2.718281828, the derivative 2.718281828" in report(steps)


def test_single_precision_loses_everything_earlier(steps: Any) -> None:
    steps.get_by_label("Step size h").fill("-8")
    assert "the quotient is 2.7182818" in report(steps)
    steps.get_by_label("Method").select_option("forward difference, float32")
    assert "the quotient is 0," in report(steps)


RGB = "(element, name) => getComputedStyle(element)[name].match(/[\\d.]+/g).slice(0, 3).map(Number)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_widget_lines_stand_out_from_the_page(chapter: Any, scheme: str) -> None:
    chapter.evaluate("scheme => { document.documentElement.dataset.theme = scheme; }", scheme)
    chapter.wait_for_timeout(400)  # the theme fades from one colour to the other
    ground = np.array(chapter.evaluate(f"({RGB})(document.body, 'backgroundColor')"))
    for color in ("blue", "orange", "green", "grey"):
        query = f"document.querySelector('.descent-widget path.{color}')"
        line = np.array(chapter.evaluate(f"({RGB})({query}, 'stroke')"))
        assert np.abs(line - ground).max() > 100


def test_printed_outputs_hold_the_numbers_of_the_deck(site: object) -> None:
    text = printed(CHAPTER)
    for number in ("-36.900", "-36.090", "-36.009", "-35.991", "-35.910", "-35.100"):
        assert number in text
    assert "\n0.010000001\n" in text
    assert "as bytes: 3dcccccd" in text
