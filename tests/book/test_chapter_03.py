"""Chapter 03 in a browser: the widgets work without a kernel and show NumPy's numbers; the deck's numbers stand."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from book_site import printed
from book_visit import report

from course_lib.figures.expressiveness import bump_sum, nielsen
from course_lib.widgets.activations import GradientByDepth, gradients_by_layer

CHAPTER = "03_activations"
RECORDS = Path(__file__).parents[2] / "book" / "studies" / "records"

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def depth(chapter: Any) -> Any:
    """Return the first widget, at the sigmoid and scale 1."""
    widget = chapter.get_by_role("group", name="Gradient norm by depth")
    widget.get_by_label("Activation").select_option("sigmoid")
    widget.get_by_label("Scale of the weights").fill("2")
    return widget


@pytest.fixture
def bumps(chapter: Any) -> Any:
    """Return the second widget, at five bumps of Nielsen's function, w = 100."""
    widget = chapter.get_by_role("group", name="Bumps build a function")
    widget.get_by_role("combobox", name="Function").select_option("Nielsen's function")
    widget.get_by_label("Number of bumps").fill("5")
    widget.get_by_label("Weight w of the steps").fill("2")
    return widget


def first_number(text: str) -> float:
    """Return the first number after the word "has": 0.27, or 9.8 · 10⁻¹³."""
    found = re.search(r"has ([\d.]+)(?: · 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", text)
    assert found, text
    power = (found[2] or "⁰").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return float(found[1]) * 10.0 ** int(power)


@pytest.mark.parametrize("choice", [2, 6])
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "linear"])
def test_depth_widget_tells_the_norm_that_numpy_finds(depth: Any, name: str, choice: int) -> None:
    depth.get_by_label("Activation").select_option(name)
    depth.get_by_label("Scale of the weights").fill(str(choice))
    expected = gradients_by_layer(name, GradientByDepth.all_scales[choice])["norm"][0]
    assert first_number(report(depth)) == pytest.approx(expected, rel=0.06)  # two digits are shown


def test_depth_widget_says_when_gradients_vanish_explode_and_last(depth: Any) -> None:
    assert "The gradient vanishes." in report(depth)
    depth.get_by_label("Activation").select_option("relu")
    depth.get_by_label("Scale of the weights").fill("4")
    assert "The gradient keeps its size" in report(depth)
    assert depth.get_by_label("Scale of the weights").get_attribute("aria-valuetext") == "1.41 / √n"
    depth.get_by_label("Scale of the weights").fill("8")
    assert "The gradient explodes." in report(depth)


def test_depth_widget_keeps_the_choice_before_in_view(depth: Any) -> None:
    curve, before = depth.locator("path.blue").first, depth.locator("svg[role=img] path.grey:not(.dashed)")
    was = curve.get_attribute("d")
    depth.get_by_label("Activation").select_option("tanh")
    assert before.get_attribute("d") == was
    assert curve.get_attribute("d") != was


def test_arrow_keys_change_the_scale(depth: Any) -> None:
    slider = depth.get_by_label("Scale of the weights")
    slider.focus()
    slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "1.2 / √n"


@pytest.mark.parametrize(("n_bumps", "power"), [(1, 2), (5, 2), (20, 2), (20, 3), (60, 3)])
def test_bumps_widget_tells_the_error_that_numpy_finds(bumps: Any, n_bumps: int, power: int) -> None:
    bumps.get_by_label("Number of bumps").fill(str(n_bumps))
    bumps.get_by_label("Weight w of the steps").fill(str(power))
    grid = np.linspace(0, 1, 401)
    error = np.sqrt(np.mean((bump_sum(nielsen, n_bumps, 10.0**power, grid) - nielsen(grid)) ** 2))
    found = re.search(r"(\d+) hidden units, w = (\d+): root mean squared error ([\d.]+)\.", report(bumps))
    assert found and int(found[1]) == 2 * n_bumps and int(found[2]) == 10**power
    assert float(found[3]) == pytest.approx(error, abs=1.5e-4)  # four digits; f is linear between grid points there


def test_even_numbers_of_bumps_find_the_jump(bumps: Any) -> None:
    bumps.get_by_role("combobox", name="Function").select_option("a jump")
    bumps.get_by_label("Weight w of the steps").fill("4")
    errors = {}
    for number in (15, 16):
        bumps.get_by_label("Number of bumps").fill(str(number))
        errors[number] = float(report(bumps).split()[-1].rstrip("."))
    assert errors[16] < errors[15] / 4


def test_arrow_keys_add_a_bump(bumps: Any) -> None:
    slider = bumps.get_by_label("Number of bumps")
    slider.focus()
    slider.press("ArrowRight")
    assert report(bumps).startswith("6 bumps, 12 hidden units")


def test_printed_outputs_hold_what_the_text_builds_on(site: object) -> None:
    text = printed(CHAPTER)
    assert "best linear outputs:  [0.5 0.5 0.5 0.5]" in text
    assert "with two ReLU units:  [0. 1. 1. 0.]" in text
    assert "five factors at best: 0.000977" in text  # 1/1024
    assert "all ten equal to 10 digits:  True" in text
    assert "side by side, as printed: dL/dw₁ = -1.717e-10" in text  # the slide counts every δ again
    assert "13 of 13 agree to 14 digits" in text  # course_lib.accelerated


def test_records_tell_the_story_of_the_text(site: object) -> None:
    """What the chapter says in words about the studies is true of their records."""
    results = {
        name: json.loads((RECORDS / f"activations-{name}.json").read_text("utf-8"))["result"]
        for name in ("depth", "dying", "nielsen", "width")
    }
    deep = [depth >= 4 for depth in results["depth"]["depths"]]
    medians = {name: np.median(rows, axis=1) for name, rows in results["depth"]["accuracy"].items()}
    assert medians["sigmoid"][deep].max() < 0.2
    assert min(medians[name].min() for name in ("tanh", "relu", "elu")) > 0.9
    silent = {name: np.median(rows, axis=1) for name, rows in results["dying"]["silent"].items()}
    assert silent["relu"][-1] > 0.8 and silent["leaky_relu"][-1] < 0.4
    errors = {name: np.median(run["rmse"]) for name, run in results["nielsen"]["runs"].items()}
    assert errors["no dropout"] < errors["20 % dropout"] < errors["100 sigmoids, trained"]
    curve, digits = (
        [np.median(row["errors"]) for row in results["width"]["tasks"][task]] for task in ("nielsen", "digits")
    )
    assert curve[-1] < curve[0] / 4 and digits[0] == min(digits) and digits[-1] > 2 * digits[0]
