"""Chapter 07 in a browser: the widgets work without a kernel and show Python's numbers; the study tells its story."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from book_site import printed
from book_visit import report

from course_lib.figures.filters import noisy_cosine
from course_lib.figures.optimizers import mean_square
from course_lib.figures.trajectories import SURFACES, trajectory
from course_lib.filters import nesterov, unit_dc_ar1, unit_input_ar1
from course_lib.filters.table import NAMES, row
from course_lib.widgets.filters import PastWeights
from course_lib.widgets.optimizers import scene
from course_lib.widgets.schedules import BODIES, compose

CHAPTER = "07_optimizers"
RECORDS = Path(__file__).parents[2] / "book" / "studies" / "records"
FILTERS = {
    "unit DC gain (Adam, RMSprop)": unit_dc_ar1,
    "unit input gain (momentum)": unit_input_ar1,
    "Nesterov": nesterov,
}

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def race(chapter: Any) -> Any:
    """Return the race, in the valley, all lanes open, the second and third empty."""
    widget = chapter.get_by_role("group", name="Optimizer race")
    for each in widget.locator("details").all():
        if each.get_attribute("open") is None:
            each.locator("summary").click()
    widget.get_by_role("combobox", name="Surface").select_option("valley")
    widget.get_by_role("combobox", name="Optimizer 2").select_option("none")
    widget.get_by_role("combobox", name="Optimizer 3").select_option("none")
    widget.get_by_role("slider", name="Steps").fill("60")
    return widget


@pytest.fixture
def view(chapter: Any) -> Any:
    """Return the filter view, at unit DC gain and pole 0.9."""
    widget = chapter.get_by_role("group", name="Filter view")
    widget.get_by_role("combobox", name="Filter").select_option("unit DC gain (Adam, RMSprop)")
    widget.get_by_role("slider", name="Pole").fill("0.9")
    return widget


@pytest.fixture
def past(chapter: Any) -> Any:
    """Return the weights of the past, from zero, memory 0.9, step 10."""
    widget = chapter.get_by_role("group", name="Weights of the past")
    widget.get_by_role("combobox", name="The average starts").select_option("from zero")
    widget.get_by_role("slider", name="Memory α").fill("0.9")
    widget.get_by_role("slider", name="Step t").fill("10")
    return widget


@pytest.fixture
def composer(chapter: Any) -> Any:
    """Return the schedule composer, constant 0.5, no warm-up, no cool-down."""
    widget = chapter.get_by_role("group", name="Schedule composer")
    widget.get_by_role("combobox", name="Body").select_option("constant")
    for name, value in (("First rate of the body", "0.5"), ("Its pace P", "250"), ("Warm-up", "0"), ("Cool-down", "0")):
        widget.get_by_role("slider", name=name).fill(value)
    return widget


def numbers(text: str) -> list[float]:
    """Return all numbers of a text, in order: −0.27, or 9.8 · 10⁻¹³."""
    found = re.findall(r"([−-]?\d+(?:\.\d+)?)(?: · 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", text)
    plain = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
    return [float(f"{mantissa}e{power or '⁰'}".translate(plain)) for mantissa, power in found]


def place(text: str) -> list[float]:
    """Return x, y of the first "at (x, y)"."""
    found = re.search(r"at \(([^)]*)\)", text)
    assert found, text
    return numbers(found[1])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("surface", ["valley", "Beale"])
def test_race_ends_where_the_library_ends(race: Any, name: str, surface: str) -> None:
    race.get_by_role("combobox", name="Surface").select_option(surface)
    race.get_by_role("combobox", name="Optimizer 1").select_option("none")
    race.get_by_role("combobox", name="Optimizer 1").select_option(name)
    rate = scene(surface)["rates"][name]
    path = trajectory(SURFACES[surface], row(name).make(lr=rate), 60)
    assert place(report(race)) == pytest.approx(path[-1], abs=6e-4)


def test_race_follows_a_changed_setting(race: Any) -> None:
    race.get_by_role("combobox", name="Optimizer 1").select_option("none")
    race.get_by_role("combobox", name="Optimizer 1").select_option("Momentum")
    slider = race.get_by_role("slider", name="μ")
    slider.focus()
    slider.press("ArrowLeft")
    chosen = float(slider.get_attribute("aria-valuetext"))
    assert chosen == 0.8
    rate = scene("valley")["rates"]["Momentum"]
    path = trajectory(SURFACES["valley"], row("Momentum").make(lr=rate, mu=chosen), 60)
    assert place(report(race)) == pytest.approx(path[-1], abs=6e-4)
    assert f"Momentum, η = {rate}, μ = 0.8" in race.locator("summary").first.inner_text()


def test_race_tells_when_somebody_flies_away(race: Any) -> None:
    race.get_by_role("combobox", name="Optimizer 1").select_option("none")
    race.get_by_role("combobox", name="Optimizer 1").select_option("SGD")
    race.get_by_role("slider", name="η").fill("18")
    assert "SGD has flown away" in report(race)


def test_dragging_the_start_moves_the_path_and_keys_do_too(race: Any, chapter: Any) -> None:
    race.get_by_role("button", name="Start where it was").click()
    race.get_by_role("slider", name="Steps").fill("0")
    race.get_by_role("combobox", name="Optimizer 1").select_option("SGD")
    assert place(report(race)) == [-9, 1.6]
    handle = race.locator("circle.grab")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    chapter.mouse.move(x, y)
    chapter.mouse.down()
    chapter.mouse.move(x + 120, y + 40, steps=4)
    chapter.mouse.up()
    dragged = place(report(race))
    assert dragged[0] > -7 and dragged[1] < 1.5
    slider = race.get_by_role("slider", name="Start x")
    slider.focus()
    slider.press("Home")
    assert place(report(race)) == pytest.approx([-10, dragged[1]], abs=6e-4)
    race.get_by_role("button", name="Start where it was").click()
    assert place(report(race)) == [-9, 1.6]


def test_run_button_goes_to_the_last_step(race: Any) -> None:
    race.get_by_role("button", name="Run from step 0").click()  # with reduced motion at once
    assert "after 300 steps" in report(race)


@pytest.mark.parametrize("pole", ["0", "0.5", "0.99"])
@pytest.mark.parametrize("kind", FILTERS)
def test_filter_view_shows_the_numbers_of_the_library(view: Any, kind: str, pole: str) -> None:
    view.get_by_role("combobox", name="Filter").select_option(kind)
    view.get_by_role("slider", name="Pole").fill(pole)
    each = FILTERS[kind](float(pole))
    clean, noisy = noisy_cosine()
    shown = numbers(report(view).replace("root mean square", ""))
    zero = max(each.zeros.real, default=0.0)
    gains = np.abs(each.frequency_response(np.array([0.0, np.pi])))
    assert shown[:2] == pytest.approx([float(pole), zero], abs=6e-3)
    assert shown[2:4] == pytest.approx(gains, abs=6e-3)
    assert shown[4] == pytest.approx(each.input_gain, abs=6e-3)
    mended = each.compensated(noisy)
    assert shown[5:7] == pytest.approx([each(noisy)[0], mended[0]], abs=6e-3)
    assert shown[7] == pytest.approx(np.sqrt(np.mean((mended - clean) ** 2)), abs=6e-4)


def test_dragging_the_pole_moves_slider_and_curves(view: Any, chapter: Any) -> None:
    cross = view.locator("path.cross")
    before = cross.get_attribute("d")
    handle = view.locator("circle.grab")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    chapter.mouse.move(x, y)
    chapter.mouse.down()
    chapter.mouse.move(x - 30, y, steps=3)
    chapter.mouse.up()
    assert cross.get_attribute("d") != before
    assert 0.2 < float(view.get_by_role("slider", name="Pole").input_value()) < 0.8
    chapter.mouse.move(x, y, steps=2)  # the button is up: nothing follows any more
    assert float(view.get_by_role("slider", name="Pole").input_value()) < 0.8


@pytest.mark.parametrize("start", ["from zero", "from zero, compensated", "from the first value"])
def test_weights_of_the_past_are_those_of_the_recursion(past: Any, start: str) -> None:
    past.get_by_role("combobox", name="The average starts").select_option(start)
    values = PastWeights().values[:10]
    average = values[0] if start == "from the first value" else 0.1 * values[0]
    for value in values[1:]:
        average = 0.9 * average + 0.1 * value
    average /= 1 - 0.9**10 if "compensated" in start else 1
    shown = numbers(report(past))
    assert shown[:2] == pytest.approx([10, average], abs=6e-4)
    assert shown[2] == pytest.approx(1 - 0.9**10 if start == "from zero" else 1, abs=6e-4)
    assert past.get_by_role("slider", name="Step t").get_attribute("aria-valuetext") == "10"


@pytest.mark.parametrize("body", BODIES)
def test_composer_follows_the_schedules_of_the_library(composer: Any, body: str) -> None:
    composer.get_by_role("combobox", name="Body").select_option(body)
    composer.get_by_role("slider", name="Warm-up").fill("50")
    composer.get_by_role("slider", name="Cool-down").fill("200")
    rates = np.array(compose(body, 0.5, 250, 50, 200, 1000))
    shown = numbers(report(composer))
    assert shown[1:3] == pytest.approx([rates.sum(), (rates**2).sum()], abs=0.06)
    assert shown[3] == pytest.approx(np.sqrt(mean_square(rates, 1.0, 1.0, 10.0)[-1]), abs=6e-4)


def test_composer_says_which_conditions_hold(composer: Any) -> None:
    assert "ends in a noise ball" in report(composer)
    composer.get_by_role("combobox", name="Body").select_option("fractional, 1/(1 + k/P)")
    assert "both conditions hold" in report(composer)
    composer.get_by_role("combobox", name="Body").select_option("cosine")
    assert "it may stop short" in report(composer)


def test_printed_outputs_hold_what_the_text_builds_on(site: object) -> None:
    text = printed(CHAPTER)
    assert "κ =   30:  104 steps" in text and "κ = 1000: 3454 steps" in text  # the worked examples
    assert "gradient   1000, Ben: step 1       10, step 100      100" in text
    assert "ε̂ = ε √(1 − β₂ᵗ): equal to 1e-14: True" in text
    assert text.count("the frame gives all 300 steps: True") == sum(not row(name).beyond for name in NAMES)
    assert "the step: 3.16 η, with all that follows: 31.8 η" in text
    assert "70 rates agree to 1e-12: True" in text
    assert "12 optimizers, all equal to 1e-12: True" in text
    agree = re.findall(r"^(\w+) +agrees to 9 digits: (True|False)", text, flags=re.MULTILINE)
    assert [name for name, answer in agree if answer == "False"] == ["AMSGrad"]


def test_errata_are_proved_by_cells(site: object) -> None:
    text = printed(CHAPTER)
    assert "(1 + μ)/μ, as printed  z = 2.1111, |H(z)| = 2.5688" in text
    assert "μ/(1 + μ)              z = 0.4737, |H(z)| = 0.0000" in text
    assert "a[0], as printed [0.1 0.  0.1 0.  0.1 0.  0.1 0. ]" in text
    assert "NAdam  holds m = 0.999973, v = 0.095208" in text
    assert "as printed   : distance from the minimum 3.676" in text
    assert "ρ η₀, as printed:  [0.09, 0.09, 0.09, 0.09, 0.09]" in text
    assert "k = 102: formula -0.00098" in text
    risen = re.search(r"it went up in (\d+)% of the steps", text)
    assert risen and int(risen[1]) > 20


def test_record_of_the_curves_tells_the_story_of_the_text() -> None:
    record = json.loads((RECORDS / "optimizers-curves.json").read_text("utf-8"))
    runs, rates = record["runs"], record["result"]["rates"]

    def end(kind: str, name: str, what: str = "val_loss") -> float:
        return float(np.mean([runs[f"{name}/{rates[kind][name]:g}/{seed}"][what][-1] for seed in range(3)]))

    tuned, default = ({name: end(kind, name) for name in NAMES} for kind in ("tuned", "default"))
    assert sorted(default, key=default.__getitem__)[-2] == "SGD"  # last but one, for its rate
    assert rates["tuned"]["SGD"] == pytest.approx(10 * rates["default"]["SGD"])
    without = [loss for name, loss in tuned.items() if name != "RMSprop"]
    assert max(without) - min(without) < 0.04  # within a few hundredths
    assert max(tuned, key=tuned.__getitem__) == "RMSprop"
    assert tuned["Adamax"] > default["Adamax"]  # three epochs chose too large a rate
    assert abs(tuned["Momentum"] - tuned["Adam"]) < 0.01
    lowest_training = min(NAMES, key=lambda name: end("tuned", name, "loss"))
    assert tuned[lowest_training] > min(tuned.values())
    third, last = (
        np.mean([runs[f"RMSprop/0.001/{seed}"]["val_loss"][epoch] for seed in range(3)]) for epoch in (2, -1)
    )
    assert last > third  # RMSprop is worse after ten epochs than after three


def test_record_of_the_scans_tells_the_story_of_the_text() -> None:
    record = json.loads((RECORDS / "optimizers-curves.json").read_text("utf-8"))
    tuned = record["result"]["rates"]["tuned"]
    scans: dict[str, dict[float, float]] = {name: {} for name in NAMES}
    for key, run in record["runs"].items():
        if key.startswith("tune/"):
            _, name, rate = key.split("/")
            scans[name][float(rate)] = run["val_loss"][-1]
    lowest = {name: scans[name][rate] for name, rate in tuned.items()}
    assert lowest == {name: min(scan.values()) for name, scan in scans.items()}
    between = max(lowest.values()) - min(lowest.values())

    def lost(*powers: float) -> list[float]:
        return [
            loss - lowest[name]
            for name, scan in scans.items()
            for rate, loss in scan.items()
            if any(rate / tuned[name] == pytest.approx(10**power, rel=0.1) for power in powers)
        ]

    near, far = lost(-0.5, 0.5), lost(-1, 1)
    assert sum(each < between for each in near) >= 0.9 * len(near)  # three times off usually costs little
    assert sum(each > between for each in far) >= 0.9 * len(far)  # ten times off nearly always costs more


def test_record_of_the_schedules_tells_the_story_of_the_text() -> None:
    record = json.loads((RECORDS / "optimizers-schedules.json").read_text("utf-8"))
    losses = {
        name: float(np.mean([record["runs"][f"{name}/{seed}"]["val_loss"][-1] for seed in range(3)]))
        for name in record["result"]["names"]
    }
    assert max(losses, key=losses.__getitem__) == "constant"
    falling = [loss for name, loss in losses.items() if name not in ("constant", "constant, a tenth")]
    curves = json.loads((RECORDS / "optimizers-curves.json").read_text("utf-8"))
    ends = [
        float(np.mean([curves["runs"][f"{name}/{rate:g}/{seed}"]["val_loss"][-1] for seed in range(3)]))
        for name, rate in curves["result"]["rates"]["tuned"].items()
    ]
    assert max(falling) < min(*ends, losses["constant, a tenth"])
    assert max(falling) - min(falling) < 0.02  # how they come down matters little
