"""Chapter 04 in a browser: the widgets work without a kernel, by mouse and by keyboard; the deck's numbers stand."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from book_site import printed
from book_visit import report

from course_lib.widgets.losses import POINTS, squared_lines

CHAPTER = "04_losses"
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def outlier(chapter: Any) -> Any:
    """Return the first widget, its point at the end and back in line."""
    widget = chapter.get_by_role("group", name="An outlier under three losses")
    widget.get_by_label("It stands").select_option("at the end, x = 10")
    widget.get_by_label("Height of the point").fill("5")
    return widget


@pytest.fixture
def overflow(chapter: Any) -> Any:
    """Return the second widget, at c = 10 and true class 2."""
    widget = chapter.get_by_role("group", name="Cross-entropy in float32, step by step")
    widget.get_by_label("True class").select_option("2")
    widget.get_by_label("Size c of the logits").fill("10")
    return widget


@pytest.fixture
def logits(chapter: Any) -> Any:
    """Return the third widget, at its first logits with class 2 the true one."""
    widget = chapter.get_by_role("group", name="Logits and their gradient")
    widget.get_by_role("button", name="Start again").click()
    widget.get_by_label("Target y").select_option("class 2 (hard)")
    return widget


def numbers(text: str) -> list[float]:
    """Return all numbers of a text, in order; a number may end the sentence."""
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", text.replace("−", "-"))]


def cross_entropy(s: list[float], y: list[float]) -> tuple[float, list[float]]:
    """Loss and gradient by torch."""
    tensor = torch.tensor([s], dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(tensor, torch.tensor([y], dtype=torch.float64))
    loss.backward()
    return loss.item(), tensor.grad[0].tolist()


@pytest.mark.parametrize("height", ["-8", "0.5", "16"])
def test_lines_follow_the_slider_as_least_squares_says(outlier: Any, height: str) -> None:
    outlier.get_by_label("Height of the point").fill(height)
    ((slope, intercept),) = squared_lines(np.arange(11.0), [np.append(POINTS[:-1], float(height))])
    shown = numbers(report(outlier).split("squared")[1])
    assert shown[:2] == pytest.approx([slope, slope * 5 + intercept], abs=0.0051)


def test_arrow_keys_move_the_point_and_the_lines(outlier: Any) -> None:
    line, slider = outlier.locator("path.blue").first, outlier.get_by_label("Height of the point")
    before = line.get_attribute("d")
    slider.focus()
    for _ in range(4):
        slider.press("ArrowDown")
    assert report(outlier).startswith("Point at y = 3.0.")
    assert slider.get_attribute("aria-valuetext") == "3.0"
    assert line.get_attribute("d") != before


def test_dragging_the_point_itself_leaves_the_absolute_line_alone(outlier: Any, chapter: Any) -> None:
    handle = outlier.locator("circle.handle")
    handle.scroll_into_view_if_needed()
    absolute = outlier.locator("path.orange").first
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    chapter.mouse.move(x, y)
    chapter.mouse.down()
    chapter.mouse.move(x, y + 60, steps=4)
    first = absolute.get_attribute("d")
    chapter.mouse.move(x, y + 120, steps=4)
    chapter.mouse.up()
    height = numbers(report(outlier))[0]
    assert height < -4
    assert absolute.get_attribute("d") == first
    chapter.mouse.move(x, y, steps=2)  # the button is up: nothing follows any more
    assert numbers(report(outlier))[0] == height


def test_point_in_the_middle_lifts_the_line_without_tilting_it(outlier: Any) -> None:
    outlier.get_by_label("It stands").select_option("in the middle, x = 5")
    slopes, heights = [], []
    for height in ("3", "14"):
        outlier.get_by_label("Height of the point").fill(height)
        slope, at_5 = numbers(report(outlier).split("squared")[1])[:2]
        slopes.append(slope)
        heights.append(at_5)
    assert slopes[0] == slopes[1]
    assert heights[1] - heights[0] == pytest.approx(1, abs=0.011)  # 11 higher, one eleventh of it


def test_overflow_breaks_the_naive_form_and_not_the_stable_one(overflow: Any) -> None:
    assert report(overflow) == "Naive: 5.01. Stable: 5.01."
    overflow.get_by_label("Size c of the logits").fill("90")
    assert report(overflow) == "Naive: ∞. Stable: 45, which is right."
    overflow.get_by_label("True class").select_option("1")
    assert report(overflow) == "Naive: not a number. Stable: 0, which is right."
    assert overflow.locator(".lost").count() == 4  # the exponentials, their sum, a, the loss


def test_underflow_comes_first_for_the_smallest_logit(overflow: Any) -> None:
    overflow.get_by_label("True class").select_option("3")
    slider = overflow.get_by_label("Size c of the logits")
    slider.fill("50")
    assert report(overflow) == "Naive: 100. Stable: 100."
    slider.press("ArrowRight")
    assert report(overflow) == "Naive: ∞. Stable: 110, which is right."


def test_stable_form_keeps_a_small_loss(overflow: Any) -> None:
    overflow.get_by_label("True class").select_option("1")
    overflow.get_by_label("Size c of the logits").fill("30")
    loss, _ = cross_entropy([30, 15, -30], [1, 0, 0])
    shown = re.search(r"Stable: ([\d.]+)\s·\s10⁻⁷", report(overflow))
    half_step = 2**-24  # half the distance from 1 to the next float32
    assert shown and float(shown[1]) * 1e-7 == pytest.approx(loss, abs=half_step)


def test_gradient_shown_is_that_of_torch(logits: Any) -> None:
    loss, gradient = cross_entropy([2, 1, 0, -1], [0, 1, 0, 0])
    shown = numbers(report(logits))
    assert shown[0] == pytest.approx(loss, abs=5e-4)
    assert shown[2:6] == pytest.approx(gradient, abs=5e-4)


def test_steps_of_the_widget_follow_gradient_descent(logits: Any) -> None:
    s = [2.0, 1.0, 0.0, -1.0]
    for _ in range(3):
        logits.get_by_role("button", name="Step downhill").click()
        _, gradient = cross_entropy(s, [0, 1, 0, 0])
        s = [each - slope for each, slope in zip(s, gradient, strict=True)]
        assert numbers(report(logits))[0] == pytest.approx(cross_entropy(s, [0, 1, 0, 0])[0], abs=5e-4)


def test_adding_one_to_all_logits_changes_nothing_else(logits: Any) -> None:
    before = report(logits)
    logits.get_by_role("button", name="Add 1 to all logits").click()
    assert report(logits) == before
    assert logits.get_by_label("Logit s₁").input_value() == "3"


def test_slider_of_a_logit_and_a_soft_target(logits: Any) -> None:
    logits.get_by_label("Target y").select_option("soft: 0.4, 0.3, 0.2, 0.1")
    slider = logits.get_by_label("Logit s₄")
    slider.focus()
    slider.press("End")
    loss, _ = cross_entropy([2, 1, 0, 6], [0.4, 0.3, 0.2, 0.1])
    entropy = -sum(p * np.log(p) for p in (0.4, 0.3, 0.2, 0.1))
    assert numbers(report(logits))[:2] == pytest.approx([loss, entropy], abs=5e-4)


def test_printed_outputs_hold_the_numbers_of_the_deck(site: object) -> None:
    text = printed(CHAPTER)
    assert "by hand 0.414932, library 0.414932" in text
    assert "hard labels 0.094590   soft labels 1.224277" in text
    assert "\n1.0\n" in text  # the mean squared error of the slide


def test_errata_are_proved_by_cells(site: object) -> None:
    text = printed(CHAPTER)
    assert "(y − a)², as printed: [  1.     0.    -1.5   -3.75  -7.12 -12.19]" in text
    assert "y = 1, s = 3: right 0.049, with (−1)^y 3.049, with (1 − a) 0.193" in text
    assert "with the minus sign -3.049" in text
    assert "n = 11:  mean 2.996   sum      -709.13" in text
    assert "labels must lie in 0..8 (9 logits), got 9 at row 0" in text


def test_fused_training_survives_where_unfused_does_not(site: object) -> None:
    text = printed(CHAPTER)
    assert "unfused [nan nan nan]" in text
    assert "fused    first loss 2.3026, weights finite: True, more than 95 % right: True" in text
    assert "unfused  first loss 2.3026, weights finite: False" in text


def test_accelerated_losses_have_the_slopes_of_the_text(site: object) -> None:
    assert "15 of 15 gradients agree to 12 digits" in printed(CHAPTER)
