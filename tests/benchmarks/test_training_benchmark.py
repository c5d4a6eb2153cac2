"""The training benchmark runs from the command line and writes the numbers that it promises."""

import json
import math
import subprocess
import sys

import pytest

from tests.benchmarks.training import summarize, table


@pytest.mark.slow
def test_benchmark_runs_every_library_on_the_digits(tmp_path):
    path = tmp_path / "training.json"
    options = ["--data", "digits", "--repeats", "1", "--epochs", "2", "--batch", "32", "--json", str(path)]
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.training", *options], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    row = json.loads(path.read_text())["32"]
    for library in ("sklearn", "torch", "jax", "keras", "floor"):
        assert 0 < row[f"reference_over_{library}"] < math.inf
        assert row[f"{library}_peak_mib"] > 10
    for library in ("reference", "accelerated", "sklearn", "torch", "jax", "keras"):
        assert row[f"{library}_accuracy"] > 0.5
    assert "targets: 2.0x scikit-learn" in run.stdout


def test_ratios_are_speed_against_libraries_and_time_against_the_floor():
    def runs(*seconds):
        return [{"cpu": s, "wall": s, "accuracy": 0.9, "peak": 100.0, "start": 50.0} for s in seconds]

    answers = {"reference": runs(1.0, 2.0, 9.0), "sklearn": runs(5.0, 5.0, 5.0), "floor": runs(1.6, 1.6, 1.6)}
    row = summarize(answers)
    assert row["reference_seconds"] == 2.0
    assert row["reference_over_sklearn"] == 2.5
    assert row["reference_over_floor"] == 1.25
    assert "2.0x scikit-learn met, 1.9x the floor met, memory of scikit-learn met" in table(32, row, list(answers))
    assert "1.2x the floor MISSED" in table(1024, row, list(answers))


def test_the_accelerated_backend_is_held_to_its_own_bars():
    def runs(seconds):
        return [{"cpu": seconds, "wall": seconds, "accuracy": 0.9, "peak": 100.0, "start": 50.0}]

    answers = {"reference": runs(2.0), "accelerated": runs(1.0), "torch": runs(1.8), "jax": runs(0.95)}
    row = summarize(answers)
    assert row["accelerated_over_reference"] == 2.0
    lines = table(128, row, list(answers))
    assert "1.80x torch (at least 1.9: MISSED), 0.95x jax (at least 0.9: met), 2.00x reference" in lines
    assert "0.95x jax, 2.00x reference" in table(32, row, list(answers))  # no bar at 32
