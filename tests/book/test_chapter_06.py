"""Chapter 06 in a browser: widgets show what Python finds; the text is true of its outputs and of the record."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from book_site import printed
from book_visit import report

from course_lib.reference.layers import BatchNormalization
from course_lib.widgets.regularization import PENALTIES, VALLEYS, DriftingBatch, least, sums_of_masks

CHAPTER = "06_regularization"
RECORDS = Path(__file__).parents[2] / "book" / "studies" / "records"

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def ball(chapter: Any) -> Any:
    """Return the widget of contours and ball."""
    return chapter.get_by_role("group", name="Contours and the ball")


@pytest.fixture
def masks(chapter: Any) -> Any:
    """Return the widget of masks, at a rate of 0.2, inverted, after one mask."""
    widget = chapter.get_by_role("group", name="Masks of dropout")
    widget.get_by_label("Form").select_option("inverted")
    widget.get_by_role("slider", name="Rate").fill("0.2")
    return widget


@pytest.fixture
def drift(chapter: Any) -> Any:
    """Return the widget of the drifting batch."""
    return chapter.get_by_role("group", name="A drifting batch")


def said(widget: Any) -> str:
    return report(widget).replace("−", "-")


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d+|-?\d+", text)]


@pytest.mark.parametrize("valley", VALLEYS)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("choice", [0, 13, 40])
def test_ball_widget_tells_the_best_weights(ball: Any, valley: str, penalty: str, choice: int) -> None:
    ball.get_by_role("combobox", name="Loss").select_option(valley)
    ball.get_by_role("combobox", name="Penalty").select_option(penalty)
    ball.get_by_label("Strength λ").fill(str(choice))
    lam, *w = numbers(said(ball).split("loss")[0])
    l1, l2 = (lam * each for each in PENALTIES[penalty])
    assert lam == pytest.approx(choice * 0.05)
    np.testing.assert_allclose(w, least(*VALLEYS[valley], l1, l2), atol=6e-4)  # three decimals are shown


def test_ball_widget_says_when_a_weight_is_exactly_zero(ball: Any) -> None:
    ball.get_by_role("combobox", name="Loss").select_option("steep in w₂")
    ball.get_by_role("combobox", name="Penalty").select_option("L1 (lasso)")
    ball.get_by_label("Strength λ").fill("30")
    assert "w₁ is exactly zero." in said(ball)
    ball.get_by_role("combobox", name="Penalty").select_option("L2 (ridge)")
    assert "No weight is exactly zero." in said(ball)


def test_mask_widget_draws_the_masks_that_python_draws(masks: Any) -> None:
    masks.get_by_role("button", name="Draw a mask").click()
    masks.get_by_role("button", name="Draw 100 masks").click()
    count, dropped, _, _, total, _, mean, spread, expected = numbers(said(masks))
    sums = sums_of_masks(0.2, True, 102)
    assert (count, expected) == (102, 100)
    assert total == pytest.approx(sums[-1], abs=0.06)
    assert dropped == pytest.approx(100 - sums[-1] * 0.8)
    assert mean == pytest.approx(sums.mean(), abs=0.06) and spread == pytest.approx(sums.std(), abs=0.06)


def test_mask_widget_drops_nothing_in_prediction(masks: Any) -> None:
    masks.get_by_label("Form").select_option("prediction, classic")
    assert "every output times 0.80, sum 80.0" in said(masks)
    assert masks.get_by_role("button", name="Draw a mask").is_disabled()
    masks.get_by_label("Form").select_option("classic")
    masks.get_by_role("button", name="Draw 100 masks").click()
    assert "expected 80.0" in said(masks)


@pytest.mark.parametrize("kind", ["none", "slow", "a jump"])
@pytest.mark.parametrize("momentum", [0.1, 0.5])
def test_drift_widget_keeps_the_statistics_of_the_layer(drift: Any, kind: str, momentum: float) -> None:
    for name, value in (("Batches seen", 40), ("Momentum", momentum), ("γ", 1.5), ("β", -0.5)):
        drift.get_by_role("slider", name=name, exact=True).fill(str(value))
    drift.get_by_role("combobox", name="Drift").select_option(kind)
    layer = BatchNormalization(momentum=momentum)
    layer.build((1,))
    layer.gamma[:], layer.beta[:] = 1.5, -0.5
    for batch in DriftingBatch().batches[kind][:40]:
        x = np.array(batch)[:, None]
        training = layer.forward(x, training=True)
    predicting = layer.forward(x)
    _, mean, deviation, running, running_deviation, *outputs = numbers(said(drift))
    shown = [mean, deviation, running, running_deviation, *outputs]
    expected = [x.mean(), x.std(), layer.running_mean[0], np.sqrt(layer.running_var[0])]
    expected += [training.mean(), training.std(), predicting.mean(), predicting.std()]
    np.testing.assert_allclose(shown, np.array(expected, float), atol=6e-3)  # two decimals are shown


def test_printed_outputs_hold_what_the_text_builds_on(site: object) -> None:
    text = printed(CHAPTER)
    assert re.search(r"values: \[0\. +1\.25\]", text)
    assert text.count("below 1e-9: True") == 3
    one, two = (
        re.search(name + r": +\[(.*)\]", text)
        for name in ("geometric mean of 1024 networks", "one network, weights × 0.7")
    )
    assert one and two and one[1] == two[1]
    assert "exact zeros: gradient descent 0, proximal 16" in text
    assert "one step, weight_decay = 2λ: True" in text
    assert "batch normalization, forward and backward: True" in text


def test_small_weights_are_where_the_text_says() -> None:
    """With L2 they belong to silent units, with L1 to all."""
    record = json.loads((RECORDS / "regularization-silent.json").read_text("utf-8"))["result"]["runs"]
    plain, weak, strong, lasso = record.values()
    assert plain["silent"] < 0.05 < weak["silent"] < strong["silent"] and lasso["silent"] < 0.1
    for run in (weak, strong):
        everything, others, dark = run["shares"]
        assert others * (1 - run["silent"]) < 0.15 * everything and dark > 2 * others
    assert lasso["shares"][1] == pytest.approx(0.75, abs=0.03)


def test_record_tells_the_story_of_the_text() -> None:
    """What the chapter says in words about the study is true of its record."""
    runs = json.loads((RECORDS / "regularization.json").read_text("utf-8"))["result"]["runs"].values()

    def median(what: Any, **setting: float) -> float:
        usual = {"l2": 0, "rate": 0, "width": 128, "l1": 0, "norm": 0, "kept": 0.2}
        found = [what(run) for run in runs if all(run[k] == v for k, v in {**usual, **setting}.items())]
        assert len(found) == 3
        return float(np.median(found))

    def test_loss(**setting: float) -> float:
        return median(lambda run: run["test"][0], **setting)

    def right(**setting: float) -> float:
        return median(lambda run: run["test"][1], **setting)

    def gap(**setting: float) -> float:
        return median(lambda run: run["test"][0] - run["train"][0], **setting)

    def last(name: str, **setting: float) -> float:
        return median(lambda run: run["curves"][name][-1], **setting)

    # the opening: a third of the loss on training images, 96 of 100 right
    first = [run for run in runs if run["kept"] == 0.1]
    validation = np.median([run["curves"]["val_loss"] for run in first], axis=0)
    assert (validation.argmin(), validation.min().round(2), validation[-1].round(2)) == (10, 0.33, 0.46)
    assert median(lambda run: run["train"][0], kept=0.1) == pytest.approx(0.33 / 3, abs=0.01)
    assert median(lambda run: run["train"][1], kept=0.1) == pytest.approx(0.96, abs=0.005)
    # beside the slides' numbers: .50 and 88.44 %, .45, .35, .4 and 88 %, about epoch 10
    assert test_loss(kept=0.1) == pytest.approx(0.50, abs=0.03) and right(kept=0.1) == pytest.approx(0.8844, abs=0.01)
    assert last("loss", l2=1e-3) == pytest.approx(0.45, abs=0.03)
    assert 0.2 < last("penalty", l2=1e-3) / last("loss", l2=1e-3) < 0.3
    assert last("loss", rate=0.6) == pytest.approx(0.35, abs=0.02)
    priced = median(lambda run: run["test"][0] + run["curves"]["penalty"][-1], l2=1e-4, rate=0.4)
    assert priced == pytest.approx(0.4, abs=0.05)
    assert 0.87 < right(l2=1e-4, rate=0.4) < 0.88
    best = [int(np.argmin(run["curves"]["val_loss"])) + 1 for run in first]
    assert min(best) >= 4 and max(best) <= 12
    # what was compared
    plain, weak, strong = test_loss(), test_loss(l2=1e-4), test_loss(l2=1e-3)
    assert strong < plain + 0.01 and weak < plain - 0.05
    assert weak < min(test_loss(rate=rate) for rate in (0.2, 0.4, 0.6))
    assert weak < min(test_loss(width=width) for width in (100, 48))
    both = [test_loss(l2=1e-5, rate=0.4), test_loss(l2=1e-4, rate=0.4), test_loss(l2=1e-4, rate=0.2)]
    close = [weak, test_loss(rate=0.4), *both]
    assert max(close) - min(close) < 0.02
    others = ({"l2": 1e-4}, {"rate": 0.2}, {"rate": 0.4}, {"l2": 1e-5, "rate": 0.4}, {"norm": 1})
    assert all(right(**setting) < right() + 0.01 for setting in others)
    for setting in ({"l2": 1e-3}, {"l1": 1e-4}):
        assert 0.012 < right() - right(**setting) < 0.03
    assert gap(norm=1) > 0.9 * gap() and gap(l2=1e-3) < 0.3 * gap()
