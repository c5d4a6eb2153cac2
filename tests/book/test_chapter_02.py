"""Chapter 02 in a browser: the graph is stepped through, the shapes snap; the deck's numbers stand in the outputs."""

from typing import Any

import numpy as np
import pytest
from book_site import printed
from book_visit import report

CHAPTER = "02_backprop"
TWICE = "f = q + q · z with q = x + y"

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def graph(chapter: Any) -> Any:
    """Return the first widget, at the start of (x + y)·z in the right order."""
    widget = chapter.get_by_role("group", name="Steps through a computation graph")
    widget.get_by_label("Way back").select_option("right")
    widget.get_by_role("combobox", name="Graph").select_option("f = (x + y) · z")
    widget.get_by_role("button", name="Start again").click()
    return widget


@pytest.fixture
def shapes(chapter: Any) -> Any:
    """Return the second widget, at dL/dX = G W with n = 4, d = 3, k = 2."""
    widget = chapter.get_by_role("group", name="Matrix shapes")
    choose(widget, "dL/dX", "G", "W")
    for name, size in (("Samples n", "4"), ("Features d", "3"), ("Units k", "2")):
        widget.get_by_label(name).fill(size)
    return widget


def choose(widget: Any, wanted: str, left: str, right: str) -> None:
    """Choose what is wanted and two factors."""
    for label, value in (("Wanted", wanted), ("Left factor", left), ("Right factor", right)):
        widget.get_by_label(label).select_option(value)


def step(widget: Any, times: int = 1) -> None:
    for _ in range(times):
        widget.get_by_role("button", name="Next step").click()


def picture(widget: Any) -> str:
    return widget.get_by_role("img").get_attribute("aria-label")


def test_forward_steps_compute_the_values_of_the_deck(graph: Any) -> None:
    step(graph)
    assert "Forward: q = 3, made from x and y." in report(graph)
    step(graph)
    assert "Forward: f = −12, made from q and z." in report(graph)


def test_backward_steps_gather_the_gradients_of_the_deck(graph: Any) -> None:
    step(graph, 4)
    assert "Done: every gradient is right." in report(graph)
    for words in ("x: −2, gradient so far −4", "y: 5, gradient so far −4", "z: −4, gradient so far 3"):
        assert words in picture(graph)
    assert graph.get_by_role("button", name="Next step").is_disabled()


def test_a_step_back_undoes_a_step(graph: Any) -> None:
    step(graph, 3)
    before = picture(graph)
    step(graph)
    graph.get_by_role("button", name="One step back").click()
    assert picture(graph) == before


def test_gradients_of_a_node_used_twice_add_up(graph: Any) -> None:
    graph.get_by_role("combobox", name="Graph").select_option(TWICE)
    step(graph, 4)
    assert "q receives 1 · 1 = 1 and now has 1" in report(graph)
    step(graph)
    assert "q receives 1 · (−4) = −4 and now has −3" in report(graph)
    step(graph)
    assert "Done: every gradient is right." in report(graph)


def test_a_wrong_order_leaves_wrong_gradients_and_says_which(graph: Any) -> None:
    graph.get_by_role("combobox", name="Graph").select_option(TWICE)
    graph.get_by_label("Way back").select_option("own")
    step(graph, 3)
    for name in "fqr":
        graph.get_by_role("button", name=f"Pass on from {name}").click()
    text = report(graph)
    assert "x has 1 and should have −3; y has 1 and should have −3" in text
    assert "q has" not in text.split("Done")[1]


def test_the_graph_can_be_stepped_through_by_keyboard(graph: Any) -> None:
    button = graph.get_by_role("button", name="Next step")
    button.focus()
    for _ in range(4):
        button.press("Enter")
    assert "Done: every gradient is right." in report(graph)


def test_shapes_that_do_not_meet_are_refused(shapes: Any) -> None:
    assert report(shapes) == "Refused: G has 2 columns, W has 3 rows."
    assert "do not fit" in picture(shapes)


@pytest.mark.parametrize(
    ("wanted", "left", "right", "size"),
    [("dL/dX", "G", "Wᵀ", "4×3"), ("dL/dW", "Xᵀ", "G", "3×2"), ("dL/db", "1ᵀ", "G", "1×2")],
)
def test_the_three_rules_snap_together(shapes: Any, wanted: str, left: str, right: str, size: str) -> None:
    choose(shapes, wanted, left, right)
    assert f"snaps together and is {size}" in report(shapes)
    assert report(shapes).endswith("That is the rule.")


def test_square_sizes_hide_a_wrong_product_and_the_widget_says_so(shapes: Any) -> None:
    shapes.get_by_label("Units k").fill("3")
    assert "The shape is right, and the formula is wrong" in report(shapes)


RGB = "(element, name) => getComputedStyle(element)[name].match(/[\\d.]+/g).slice(0, 3).map(Number)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_widget_lines_stand_out_from_the_page(chapter: Any, graph: Any, scheme: str) -> None:
    step(graph, 4)
    chapter.evaluate("scheme => { document.documentElement.dataset.theme = scheme; }", scheme)
    chapter.wait_for_timeout(400)  # the theme fades from one colour to the other
    ground = np.array(chapter.evaluate(f"({RGB})(document.body, 'backgroundColor')"))
    for color in ("blue", "orange", "green"):
        text = f"document.querySelector('.descent-widget text.fill.{color}')"
        assert np.abs(np.array(chapter.evaluate(f"({RGB})({text}, 'fill')")) - ground).max() > 100


def test_printed_outputs_hold_what_the_text_says(site: object) -> None:
    text = printed(CHAPTER)
    assert "gradients: {'x': -4.0, 'y': -4.0, 'z': 3.0, 'q': -4.0, 'f': 1.0}" in text  # the deck's graph
    assert text.count("   right\n") == 1  # one of the six orders
    assert text.count("   wrong\n") == 5
    assert "parameters: 2410" in text
    assert "the library's network: 2410 entries, right: True" in text
    assert "slope on logarithmic axes: -0.50" in text
    assert "0% of the steps go up" in text
    assert "False" not in text
