"""Widgets of chapter 07, the Python side: what they send to the browser. Oracles: sums, the library's schedules."""

import json

import numpy as np
import pytest

from course_lib.figures.trajectories import SURFACES
from course_lib.filters.table import NAMES
from course_lib.widgets.filters import FilterView, PastWeights
from course_lib.widgets.optimizers import OptimizerRace, scene
from course_lib.widgets.schedules import BODIES, ScheduleComposer, compose


@pytest.mark.parametrize("widget", [OptimizerRace, FilterView, PastWeights, ScheduleComposer])
def test_widget_sends_plain_data_and_stays_light(widget: type) -> None:
    made = widget()
    sent = json.dumps(made.get_state(key=[name for name in made.keys if not name.startswith("_")]), default=str)
    assert len(sent) < 200_000
    assert repr(made) == f"{widget.__name__}()"


def test_race_offers_every_optimizer_with_every_setting() -> None:
    race = OptimizerRace()
    assert [each["name"] for each in race.optimizers] == list(NAMES)
    assert all(each["settings"][0]["key"] == "lr" for each in race.optimizers)
    assert set(race.surfaces) == set(SURFACES)


def test_race_starts_at_the_start_of_its_surface() -> None:
    race = OptimizerRace(["Adam"], surface="Beale")
    assert (race.x, race.y) == SURFACES["Beale"].start
    assert [lane["name"] for lane in race.lanes] == ["Adam", "none", "none"]


def test_map_shows_start_and_minimum() -> None:
    for name in SURFACES:
        low, high, bottom, top = scene(name)["window"]
        for place in (scene(name)["start"], scene(name)["minimum"] or (0, 0)):
            assert low <= place[0] <= high and bottom <= place[1] <= top


def test_limits_of_the_bodies_are_true() -> None:
    """Sums over ever longer runs: those said to stay finite do, the others keep growing."""
    limits = ScheduleComposer().limits
    for name, body in BODIES.items():
        plan = body(0.5, 10)
        sums = []
        for power in (1, 2):
            short, long = (sum(plan(k) ** power for k in range(n)) for n in (2_000, 20_000))
            sums.append(long > short * 1.05 + 1e-9)
        diverges = "Ση = ∞" in limits[name], "Ση² = ∞" in limits[name]
        assert tuple(sums) == diverges, name


def test_composed_schedule_has_a_ramp_a_body_and_an_end() -> None:
    rates = compose("cosine", 1.0, 100, warmup=20, cooldown=50, steps=200)
    assert rates[0] == 0.0
    assert rates[20] == pytest.approx(1.0)
    assert rates[70] == pytest.approx(0.5)  # half of the cosine, 50 steps after the ramp
    assert np.diff(rates[150:]).max() <= 0
