"""The search benchmark runs from the command line, trains the same networks both ways and says what was asked for."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from tests.benchmarks.search import EPOCHS, FOLDS, SMALL, load, trainings, verdict


@pytest.mark.slow
def test_benchmark_runs_on_the_digits(tmp_path):
    path = tmp_path / "search.json"
    options = ["--data", "digits", "--share", "0.3", "--width", "8", "--epochs", "1", "2", "--repeats", "1"]
    options += ["--steps", "0", "--threads", "1", "--json", str(path)]
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.search", *options], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    row = json.loads(path.read_text())["8"]
    assert 0 < row["speedup"] < math.inf
    assert row["speedup"] == row["loop, 1 thread"]["seconds"] / row["ensemble, 1 thread"]["seconds"]
    assert row["largest difference in accuracy"] < 0.02  # the same networks, in another order of sums
    assert row["accuracy"]["2"] > row["accuracy"]["1"] > 0.1
    assert "at least twice as fast: " in run.stdout


def test_the_grid_is_the_decks():
    _, _, folds = load("digits", 1.0)
    networks, optimizers, goals, rows, held_out = trainings(4, 64, 0, folds, EPOCHS)
    assert len(networks) == len(optimizers) == 45 // 3
    assert goals == [goal for goal in (1, 5, 10) for _ in range(FOLDS)]
    for own, other in zip(rows, held_out, strict=True):
        assert np.array_equal(np.sort(np.concatenate([own, other])), np.arange(1797))


@pytest.mark.parametrize(
    ("width", "speedup", "words"),
    [
        (SMALL, 2.0, "at least twice as fast: met"),
        (SMALL, 1.9, "at least twice as fast: MISSED"),
        (256, 1.0, "never slower: met"),
        (256, 0.9, "never slower: MISSED"),
    ],
)
def test_verdicts(width, speedup, words):
    assert verdict(width, speedup) == words
