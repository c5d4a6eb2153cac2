"""Chapter 05 in a browser: widgets compute what NumPy computes; the text is true of its outputs and records."""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from book_site import printed
from book_visit import report

from course_lib.widgets.initialization import SymmetryBreaking, variances_by_layer

CHAPTER = "05_initialization"
RECORDS = Path(__file__).parents[2] / "book" / "studies" / "records"
NUMBER = r"([\d.]+)(?: · 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?"

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def variance(chapter: Any) -> Any:
    """Return the widget of variances, at tanh, scale 0.5 and 50 layers."""
    widget = chapter.get_by_role("group", name="Variance through the layers")
    choose(widget, "tanh", 0.5, 50)
    return widget


@pytest.fixture
def crowd(chapter: Any) -> Any:
    """Return the widget of six units, at equal weights before training."""
    widget = chapter.get_by_role("group", name="Who leaves the crowd")
    widget.get_by_label("Weights at the start").select_option("all equal")
    widget.get_by_label("Steps of training").fill("0")
    return widget


def choose(widget: Any, activation: str, scale: float, depth: int) -> None:
    widget.get_by_label("Activation").select_option(activation)
    widget.get_by_label("Scale κ of the weights").fill(str(scale))
    widget.get_by_label("Depth").fill(str(depth))


def numbers(text: str, pattern: str) -> list[float]:
    """Return the numbers that stand where the pattern has ``#``: 0.27, or 9.8 · 10⁻¹³."""
    found = re.search(pattern.replace("#", NUMBER), text)
    assert found, text
    groups = found.groups()
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    return [
        float(a) * 10.0 ** int((b or "⁰").translate(raised)) for a, b in zip(groups[::2], groups[1::2], strict=True)
    ]


@pytest.mark.parametrize("depth", [10, 50])
@pytest.mark.parametrize("scale", [0.5, 1.41])
@pytest.mark.parametrize("name", ["linear", "tanh", "sigmoid", "relu", "leaky_relu", "selu"])
def test_variance_widget_computes_what_numpy_computes(variance: Any, name: str, scale: float, depth: int) -> None:
    choose(variance, name, scale, depth)
    expected = variances_by_layer(name, scale, depth)
    forward = numbers(report(variance), rf"variance # in layer 1, # in layer {depth}\.")
    backward = numbers(report(variance), rf"mean square # in layer {depth}, # in layer 1\.")
    shown = {"rel": 0.06, "abs": 0.006}  # two digits, or two decimals, are shown
    tiny = {"rel": 0.06, "abs": 0.0}
    for value, exact in zip(
        [*forward, *backward],
        [expected["forward"][0], expected["forward"][-1], expected["backward"][-1], expected["backward"][0]],
        strict=True,
    ):
        assert value == pytest.approx(exact, **(shown if exact >= 0.01 else tiny))


def test_buttons_set_the_scales_of_the_rules(variance: Any) -> None:
    variance.get_by_label("Activation").select_option("relu")
    variance.get_by_role("button", name="He").click()
    assert variance.get_by_label("Scale κ of the weights").get_attribute("aria-valuetext") == "1.41 / √n"
    assert "the variance keeps its size" in report(variance)
    variance.get_by_role("button", name="LeCun").click()
    assert variance.get_by_label("Scale κ of the weights").get_attribute("aria-valuetext") == "1.00 / √n"
    assert "the variance shrinks" in report(variance)


def test_new_weights_give_new_numbers_near_the_old_ones(variance: Any) -> None:
    choose(variance, "relu", 1.0, 10)
    was = report(variance)
    variance.get_by_role("button", name="Draw new weights").click()
    assert report(variance) != was
    first, last = numbers(report(variance), r"variance # in layer 1, # in layer 10\.")
    assert 0.1 < (last / first) / 2.0**-9 < 10


def test_arrow_keys_change_the_depth(variance: Any) -> None:
    slider = variance.get_by_label("Depth")
    slider.focus()
    slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "49 layers"


@pytest.mark.parametrize("start", ["all zeros", "all equal", "equal, noise 10⁻³", "random"])
def test_crowd_widget_tells_what_python_found(crowd: Any, start: str) -> None:
    study, steps = SymmetryBreaking().studies[start], SymmetryBreaking().steps
    crowd.get_by_label("Weights at the start").select_option(start)
    for moment in (0, 25, len(steps) - 1):
        crowd.get_by_label("Steps of training").fill(str(moment))
        told = report(crowd)
        assert told.startswith(f"After {steps[moment]} steps")
        assert f"Loss {study['loss'][moment]:.3f}" in told
        places = study["places"][moment]
        assert ("all six units are the same" if places == 1 else f"{places} of six units are different") in told


def test_dots_of_the_crowd_part_where_python_says_so(crowd: Any) -> None:
    def places() -> int:
        circles = crowd.locator("svg[role=img] circle").all()
        return len({(circle.get_attribute("cx"), circle.get_attribute("cy")) for circle in circles})

    crowd.get_by_label("Steps of training").fill("50")
    assert places() == 1
    crowd.get_by_label("Weights at the start").select_option("random")
    assert places() == 6


def test_printed_outputs_hold_what_the_text_builds_on(site: object) -> None:
    text = printed(CHAPTER)
    assert re.search(r"zeros +different units  1, loss 2\.30", text)
    assert re.search(r"Glorot uniform +different units 32", text)
    assert re.search(r"layer 4\.b: largest gradient 0\.00[1-9]", text)  # the one delta that is not zero
    assert len(re.findall(r"layer \d\.[Wb]: largest gradient 0\.0000", text)) == 5
    assert "by the general formula: 1, 1.47, 4.00" in text
    glorot = re.search(r"50 layers, Glorot normal +(\S+) +(\S+)", text)
    assert glorot
    for ratio in glorot.groups():
        assert 0.1 < float(ratio) / 2**-24.5 < 10


def test_records_tell_the_story_of_the_text(site: object) -> None:
    """What the chapter says in words about the studies is true of their records."""
    deep, shallow = (
        json.loads((RECORDS / f"initialization-{name}.json").read_text("utf-8"))["result"]["runs"]
        for name in ("deep", "mnist")
    )
    final = {
        (kind, name): np.median([run["loss"][-1] for run in row["runs"]])
        for kind, rows in deep.items()
        for name, row in rows.items()
    }
    for stuck in (("relu", "Glorot uniform"), *((kind, name) for kind in deep for name in ("N(0, 0.01²)", "U(±0.1)"))):
        assert final[stuck] == pytest.approx(math.log(10), abs=0.02)
    assert final["relu", "He normal"] < 1.5 and final["tanh", "Glorot uniform"] < 0.3
    for kind, name in (("relu", "orthogonal, gain √2"), ("tanh", "orthogonal, gain 1")):
        assert final[kind, name] == min(value for (other, _), value in final.items() if other == kind)
    right = {name: np.median([run["accuracy"][-1] for run in row["runs"]]) for name, row in shallow.items()}
    assert right.pop("zeros") < 0.12 and right.pop("N(0, 1)") < 0.97
    assert min(right.values()) > 0.97
    weights = {name: row["weights"] for name, row in shallow.items() if name not in ("zeros", "N(0, 1)")}
    ends = [row["second"]["std"][1] for row in weights.values()]
    assert min(ends) > 0.27 and max(ends) < 0.30
    moves = [row["first"]["moved"] for row in weights.values()]
    assert min(moves) > 0.035 and max(moves) < 0.038
    assert weights["LeCun normal"]["first"]["std"][0] == pytest.approx(0.036, abs=0.001)  # as far as it moves
    assert all(row["first"]["std"][0] > max(moves) for name, row in weights.items() if name[:2] in ("Gl", "He"))
    large = shallow["N(0, 1)"]["weights"]["first"]["std"]
    assert large[1] == pytest.approx(large[0], rel=0.01)
