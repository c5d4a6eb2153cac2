"""Searches against scikit-learn and SciPy; that they find, run side by side, and survive a kill."""

import json
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern
from sklearn.model_selection import HalvingGridSearchCV, ParameterGrid
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits

from course_lib import search
from course_lib.search.gaussian import fit_length_scale

SPACE = {
    "rate": ("log_uniform", 1e-4, 1.0),
    "momentum": ("uniform", 0.0, 0.99),
    "width": ("choice", [16, 32, 64, 128]),
    "activation": ("choice", ["relu", "tanh", None]),
}


def bowl(config):
    """A loss with its minimum at rate 0.01 and width 64."""
    return (math.log10(config["rate"]) + 2) ** 2 + abs(config["width"] - 64) / 64


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small matrices: with several threads BLAS mostly waits for itself."""
    with threadpool_limits(1):
        yield


# Spaces


def test_grid_matches_parameter_grid():
    space = {"a": [1, 2], "b": ["x", None, (3, 4)], "c": [0.5]}
    assert search.grid(space) == list(ParameterGrid(space))  # it sorts the names; ours are sorted already


def test_grid_of_nothing_and_with_an_empty_list():
    assert search.grid({}) == [{}]
    assert search.grid({"a": [1], "b": []}) == []


def test_grid_rows_are_separate():
    first, second = search.grid({"a": [1, 2]})
    first["a"] = 7
    assert second == {"a": 2}


@pytest.mark.parametrize(
    ("spec", "distribution"),
    [
        (("uniform", -2.0, 3.0), stats.uniform(-2, 5)),
        (("log_uniform", 1e-4, 10.0), stats.loguniform(1e-4, 10)),
    ],
)
def test_samples_have_the_distribution_that_scipy_gives_them(spec, distribution):
    rng = np.random.default_rng(0)
    values = [search.sample({"x": spec}, rng)["x"] for _ in range(3000)]
    assert stats.kstest(values, distribution.cdf).pvalue > 0.01


def test_choices_are_equally_likely_and_keep_their_type():
    rng = np.random.default_rng(0)
    values = [32, "relu", None, (100, 100)]
    drawn = [search.sample({"x": ("choice", values)}, rng)["x"] for _ in range(4000)]
    counts = [sum(d is v for d in drawn) for v in values]
    assert sum(counts) == 4000 and stats.chisquare(counts).pvalue > 0.01


def test_the_same_seed_gives_the_same_sample():
    first, second = (search.sample(SPACE, np.random.default_rng(3)) for _ in range(2))
    assert first == second


@given(st.integers(0, 2**32))
def test_the_cube_gives_back_what_was_encoded(seed):
    config = search.sample(SPACE, np.random.default_rng(seed))
    cube = search.Cube(SPACE)
    point = cube.encode(config)
    assert point.shape == (cube.dimension,) == (6,)  # two ranges, one ordered choice, three named values
    assert ((point >= 0) & (point <= 1)).all()
    back = cube.decode(point)
    assert back.pop("rate") == pytest.approx(config.pop("rate"), rel=1e-12)
    assert back.pop("momentum") == pytest.approx(config.pop("momentum"), rel=1e-12, abs=1e-12)
    assert back == config


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"x": ["uniform", 0, 1]}, "x: a specification is a tuple"),
        ({"x": ("unifrom", 0, 1)}, "did you mean 'uniform'"),
        ({"x": ("uniform", 1, 0)}, "finite low ≤ high"),
        ({"x": ("uniform", 0, math.inf)}, "finite low ≤ high"),
        ({"x": ("log_uniform", 0.0, 1.0)}, "low must be positive"),
        ({"x": ("choice", [])}, "at least one value"),
        ({"x": ("choice", 3)}, "at least one value"),
        ({"x": ("uniform", 0, "1")}, "finite low ≤ high"),
    ],
)
def test_a_wrong_space_is_explained(space, message):
    with pytest.raises(ValueError, match=message):
        search.sample(space, np.random.default_rng(0))


# The Gaussian process

points = st.integers(1, 8).flatmap(lambda n: st.integers(1, 3).map(lambda d: (n, d)))


@settings(deadline=None)
@given(points, st.integers(0, 10**6), st.floats(0.2, 5), st.floats(1e-3, 1))
def test_gp_posterior_and_likelihood_match_scikit_learn(shape, seed, length_scale, noise):
    rng = np.random.default_rng(seed)
    X, y, X_new = rng.uniform(-2, 2, shape), rng.normal(size=shape[0]), rng.uniform(-2, 2, (5, shape[1]))
    theirs = GaussianProcessRegressor(Matern(length_scale, nu=2.5), alpha=noise, optimizer=None).fit(X, y)
    mean, std = theirs.predict(X_new, return_std=True)
    kernel = lambda A, B: search.matern52(A, B, length_scale)  # noqa: E731
    ours = search.gp_posterior(X, y, X_new, kernel, noise)
    np.testing.assert_allclose(ours[0], mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours[1] ** 2, std**2, rtol=1e-9, atol=1e-9)
    likelihood = search.log_marginal_likelihood(X, y, kernel, noise)
    assert likelihood == pytest.approx(theirs.log_marginal_likelihood(), rel=1e-9, abs=1e-9)


def test_matern52_matches_scikit_learn():
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(7, 3)), rng.normal(size=(5, 3))
    np.testing.assert_allclose(search.matern52(A, B, 0.7), Matern(0.7, nu=2.5)(A, B), rtol=1e-10)


def test_the_fitted_length_scale_matches_scikit_learn():
    rng = np.random.default_rng(1)
    X = rng.uniform(0, 1, (25, 1))
    y = np.sin(6 * X[:, 0]) + rng.normal(0, 0.01, 25)
    theirs = GaussianProcessRegressor(Matern(1.0, (0.05, 20), nu=2.5), alpha=1e-3).fit(X, y)
    assert fit_length_scale(X, y, 1e-3) == pytest.approx(theirs.kernel_.length_scale, rel=1e-3)


def test_a_posterior_without_noise_goes_through_the_measurements():
    X, y = np.array([[0.0], [1.0], [3.0]]), np.array([1.0, -2.0, 0.5])
    mean, std = search.gp_posterior(X, y, X, search.matern52, 0.0)
    np.testing.assert_allclose(mean, y, atol=1e-12)
    np.testing.assert_allclose(std, 0, atol=1e-7)


def test_a_kernel_whose_diagonal_is_not_one_keeps_its_prior_variance():
    double = lambda A, B: 2 * search.matern52(A, B)  # noqa: E731
    _, std = search.gp_posterior(np.zeros((1, 1)), np.ones(1), np.array([[1e6]]), double, 0.1)
    np.testing.assert_allclose(std, math.sqrt(2))


def test_equal_points_without_noise_are_refused():
    with pytest.raises(ValueError, match="two rows of X agree; add noise"):
        search.gp_posterior(np.zeros((2, 1)), np.zeros(2), np.zeros((1, 1)), search.matern52, 0.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: search.matern52(np.zeros((1, 1)), np.zeros((1, 2))), "with one d"),
        (
            lambda: search.matern52(np.zeros((1, 1)), np.zeros((1, 1)), -1.0),
            "length_scale must lie in 0 < length_scale",
        ),
        (
            lambda: search.gp_posterior(np.eye(1), np.ones(1), np.eye(1), search.matern52, -1.0),
            "noise must lie in 0 <= noise",
        ),
    ],
)
def test_a_wrong_argument_of_the_process_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_propose_returns_the_row_itself_and_the_first_on_ties():
    candidates = np.array([[0.2], [0.8], [0.2]])
    X, y = np.array([[0.0], [1.0]]), np.array([1.0, 1.0])  # constant: standardized with std 1
    chosen = search.propose(candidates, X, y, beta=1.0)
    assert chosen.shape == (1,) and np.shares_memory(chosen, candidates[0])


def test_a_larger_beta_explores():
    X, y = np.array([[0.0], [0.5]]), np.array([1.0, 0.0])
    candidates = np.array([[0.55], [4.0]])
    assert search.propose(candidates, X, y, beta=0.0) == 0.55
    assert search.propose(candidates, X, y, beta=10.0) == 4.0


# Successive halving and Hyperband


def by_x(config, epochs, state):
    """A loss that ranks by x, without a state."""
    return config["x"] + 1 / epochs, None


def test_successive_halving_matches_scikit_learns_candidates_and_resources():
    X, y = np.random.default_rng(0).normal(size=(540, 2)), np.arange(540) % 2
    grid = {"n_neighbors": list(range(1, 28))}
    theirs = HalvingGridSearchCV(KNeighborsClassifier(), grid, factor=3, min_resources=60, max_resources=540, cv=2).fit(
        X, y
    )
    found = search.successive_halving(by_x, [{"x": x} for x in range(27)], epochs=540, factor=3, rounds=3)
    budgets = [trial.epochs for trial in found]
    assert [budgets.count(e) for e in theirs.n_resources_] == theirs.n_candidates_[:3]
    assert sorted(set(budgets)) == theirs.n_resources_[:3]


@given(st.lists(st.floats(allow_nan=True), min_size=1, max_size=30), st.integers(2, 4), st.integers(1, 4))
def test_successive_halving_keeps_the_best_and_ranks_nan_last(losses, factor, rounds):
    def train(config, epochs, state):
        return losses[config["i"]], None

    configs = [{"i": i} for i in range(len(losses))]
    found = search.successive_halving(train, configs, epochs=8, factor=factor, rounds=rounds)
    numbers = [loss for loss in losses if not math.isnan(loss)]
    if numbers:
        assert found.best.loss == min(numbers)
    else:
        assert math.isnan(found.best.loss)


def test_candidates_go_on_from_the_state_they_left():
    trained = []

    def train(config, epochs, state):
        done = 0 if state is None else int(state["epochs"])
        weights = np.zeros(3) if state is None else state["weights"]
        for _ in range(done, epochs):
            weights = weights + config["x"]
            trained.append(config["x"])
        return -weights.sum(), {"epochs": epochs, "weights": weights}

    found = search.successive_halving(train, [{"x": float(x)} for x in range(9)], 9, factor=3, rounds=3)
    assert found.best.config == {"x": 8.0} and found.best.loss == -8.0 * 3 * 9
    assert len(trained) == 9 * 1 + 3 * (3 - 1) + 1 * (9 - 3)  # not 9·1 + 3·3 + 1·9


@given(st.integers(1, 2000), st.integers(2, 12))
def test_hyperband_rounds_follow_the_definition(max_epochs, factor):
    s, t = 0, 0
    while factor ** (s + 1) <= max_epochs:
        s += 1
    while factor**t < max_epochs:
        t += 1
    table = search.hyperband_rounds(max_epochs, factor)
    assert [(b, r) for b, r, _, _ in table] == [(b, r) for b in range(s, -1, -1) for r in range(b + 1)]
    for b, r, candidates, epochs in table:
        power = factor ** (b - r)
        assert (candidates - 1) * (b + 1) < (t + 1) * power <= candidates * (b + 1)
        assert (epochs - 1) * power < max_epochs <= epochs * power


def test_each_round_of_hyperband_has_the_candidates_and_epochs_of_the_table():
    found = search.hyperband(by_x, {"x": ("uniform", 0.0, 1.0)}, max_epochs=32, factor=3, seed=0)
    made = {}
    for trial in found:
        bracket = int(trial.key.split(".")[0])
        made[bracket, trial.epochs] = made.get((bracket, trial.epochs), 0) + 1
    assert made == {(b, epochs): n for b, _, n, epochs in search.hyperband_rounds(32, 3)}
    assert found.best.epochs == 32


@pytest.mark.parametrize("arguments", [(0, 3), (9, 1), (9.0, 3), (9, True)])
def test_hyperband_wants_whole_numbers(arguments):
    with pytest.raises(ValueError, match="must be an integer"):
        search.hyperband_rounds(*arguments)


# Whole searches


def test_grid_search_finds_the_best_and_shows_a_table():
    found = search.grid_search(lambda c: c["epochs"] * c["width"], {"epochs": [5, 10], "width": [2, 1]})
    rows, columns, losses = found.pivot("epochs", "width")
    assert (rows, columns) == ([5, 10], [2, 1])
    np.testing.assert_array_equal(losses, [[10, 5], [20, 10]])
    assert found.best.config == {"epochs": 5, "width": 1}
    assert [record["loss"] for record in found.records()] == [10, 5, 20, 10]
    with pytest.raises(ValueError, match="no hyper-parameter is called 'depth'; known: epochs, width"):
        found.pivot("depth", "width")


def test_an_empty_search_has_no_best():
    with pytest.raises(ValueError, match="no trial was made"):
        _ = search.grid_search(bowl, {"rate": []}).best


@pytest.mark.parametrize("values", [5, "abc", ("choice", [1, 2]), ("uniform", 0, 1)])
def test_a_grid_wants_lists(values):
    with pytest.raises(ValueError, match=r"width: a grid needs a list of values such as \[16, 32\], got"):
        search.grid_search(bowl, {"width": values})
    assert search.grid({"a": (1, 2), "b": range(2)})[-1] == {"a": 2, "b": 1}


def test_a_negative_beta_and_a_name_in_place_of_a_function_are_refused():
    with pytest.raises(ValueError, match="beta must lie in 0 <= beta, got -1"):
        search.bayesian_search(bowl, SPACE, 3, beta=-1)
    with pytest.raises(TypeError, match="needs a function to try configurations with, got 'bowl'"):
        search.random_search("bowl", SPACE, 1)


@pytest.mark.parametrize("strange", [{"n": -1}, {"n": 2.5}, {"n": 3, "initial": 0}, {"n": 3, "batch": 0}])
def test_a_search_wants_whole_numbers_of_trials(strange):
    with pytest.raises(ValueError, match="must be an integer"):
        search.bayesian_search(bowl, SPACE, **strange)


def test_an_objective_cannot_change_the_record_of_its_trial():
    def greedy(config):
        return config.pop("rate")

    assert search.grid_search(greedy, {"rate": [0.5]}).best.config == {"rate": 0.5}


def test_bayesian_search_needs_fewer_trials_than_random_search():
    space = {"rate": SPACE["rate"], "width": SPACE["width"]}
    better = [
        search.bayesian_search(bowl, space, n=20, seed=s).best.loss
        < search.random_search(bowl, space, n=20, seed=s).best.loss
        for s in range(3)
    ]
    assert all(better)


def test_bayesian_search_tries_every_cell_of_a_small_grid_before_it_repeats():
    space = {"a": ("choice", [1, 2, 3]), "b": ("choice", ["x", "y"])}
    found = search.bayesian_search(lambda c: c["a"], space, n=10, seed=0, initial=1)
    assert len({tuple(trial.config.values()) for trial in found.trials[:6]}) == 6


def test_bayesian_search_lives_with_losses_that_diverge():
    def cliff(config):
        return math.nan if config["x"] > 0.5 else math.inf if config["x"] > 0.45 else (config["x"] - 0.4) ** 2

    found = search.bayesian_search(cliff, {"x": ("uniform", 0.0, 1.0)}, n=20, seed=0)
    assert found.best.loss < 1e-3


def slow_bowl(config):
    time.sleep(0.01)
    return bowl(config)


def resumable(config, epochs, state):
    done = 0 if state is None else int(state["epochs"])
    return bowl(config) + 1 / epochs, {"epochs": epochs, "history": np.arange(done, epochs)}


SEARCHES = {
    "grid": lambda **more: search.grid_search(slow_bowl, {"rate": [0.1, 0.01], "width": [16, 64]}, **more),
    "random": lambda **more: search.random_search(slow_bowl, SPACE, 12, seed=1, **more),
    "bayesian": lambda **more: search.bayesian_search(slow_bowl, SPACE, 8, seed=1, batch=2, **more),
    "hyperband": lambda **more: search.hyperband(resumable, SPACE, 9, seed=1, **more),
}


def outcome(results):
    return [(t.key, t.config, t.epochs, t.loss) for t in results]


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_side_by_side_gives_the_same_trials_as_one_by_one(name, kind, processes):
    executor = processes if kind == "processes" else ThreadPoolExecutor(2)
    assert outcome(SEARCHES[name](executor=executor)) == outcome(SEARCHES[name]())


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


def test_trials_do_run_at_the_same_time():
    together = threading.Barrier(3, timeout=10)

    def meet(config):
        together.wait()
        return 0.0

    with ThreadPoolExecutor(3) as executor:
        search.grid_search(meet, {"x": [1, 2, 3]}, executor=executor)


def test_an_error_in_a_trial_stops_the_search_and_keeps_what_was_finished(tmp_path):
    def fragile(config):
        if config["x"] == 3:
            raise RuntimeError("out of memory")
        return config["x"]

    journal = tmp_path / "search.jsonl"
    with pytest.raises(RuntimeError, match="out of memory"):
        search.grid_search(fragile, {"x": [1, 2, 3, 4]}, journal=journal)
    assert len(journal.read_text().splitlines()) == 1 + 2


# The journal


@pytest.mark.parametrize("name", SEARCHES)
def test_a_finished_search_is_read_from_its_journal(name, tmp_path, monkeypatch):
    first = SEARCHES[name](journal=tmp_path / "search.jsonl")
    monkeypatch.setattr("course_lib.search.running._timed", None)  # nothing may run again
    assert outcome(SEARCHES[name](journal=tmp_path / "search.jsonl")) == outcome(first)


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("kept", [0, 1, 2, 4])
def test_a_search_goes_on_after_any_line(name, kept, tmp_path):
    journal = tmp_path / "search.jsonl"
    first = SEARCHES[name](journal=journal)
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:kept]))
    assert outcome(SEARCHES[name](journal=journal)) == outcome(first)
    assert len(journal.read_bytes().splitlines()) == len(lines)


def test_a_torn_last_line_is_left_out_with_a_notice(tmp_path):
    journal = tmp_path / "search.jsonl"
    first = SEARCHES["random"](journal=journal)
    whole = journal.read_bytes()
    start_of_last = whole[:-1].rindex(b"\n") + 1
    for cut in (1, 20, len(whole) - start_of_last - 1):
        journal.write_bytes(whole[: len(whole) - cut])
        with pytest.warns(search.JournalNotice, match="last line is incomplete"):
            again = SEARCHES["random"](journal=journal)
        assert outcome(again) == outcome(first)
        for line in journal.read_bytes().splitlines():
            json.loads(line)


def test_a_torn_first_line_means_a_new_search(tmp_path):
    journal = tmp_path / "search.jsonl"
    journal.write_bytes(b'{"search": "ran')
    with pytest.warns(search.JournalNotice):
        assert outcome(SEARCHES["random"](journal=journal)) == outcome(SEARCHES["random"]())


def test_a_damaged_line_in_the_middle_is_named(tmp_path):
    journal = tmp_path / "search.jsonl"
    SEARCHES["random"](journal=journal)
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:2], b"{ nonsense\n", *lines[3:]]))
    with pytest.raises(ValueError, match="line 3: not JSON"):
        SEARCHES["random"](journal=journal)


def test_the_journal_of_another_search_is_refused(tmp_path):
    journal = tmp_path / "search.jsonl"
    SEARCHES["random"](journal=journal)
    with pytest.raises(ValueError, match=r"belongs to another search .*'random', wanted 'hyperband'"):
        SEARCHES["hyperband"](journal=journal)
    with pytest.raises(ValueError, match="the seed or the objective has changed"):
        search.random_search(slow_bowl, SPACE, 12, seed=2, journal=journal)


def test_more_trials_can_be_asked_for_later(tmp_path):
    journal = tmp_path / "search.jsonl"
    search.random_search(bowl, SPACE, 5, seed=1, journal=journal)
    longer = search.random_search(bowl, SPACE, 9, seed=1, journal=journal)
    assert outcome(longer) == outcome(search.random_search(bowl, SPACE, 9, seed=1))


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf, 1e-300, 0.1 + 0.2])
def test_every_loss_survives_the_journal(loss, tmp_path):
    journal = tmp_path / "search.jsonl"
    for _ in range(2):
        best = search.grid_search(lambda c: loss, {"x": [(1, 2), np.int64(3)]}, journal=journal).trials[0]
        assert best.loss == loss or (math.isnan(loss) and math.isnan(best.loss))
    for line in journal.read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_a_state_that_is_not_made_of_numbers_is_refused():
    with pytest.raises(TypeError, match="'model' is neither"):
        search.successive_halving(lambda c, e, s: (0.0, {"model": object()}), [{}], epochs=3)


def test_states_on_disk_are_removed_when_nobody_needs_them(tmp_path):
    SEARCHES["hyperband"](journal=tmp_path / "search.jsonl")
    assert list((tmp_path / "search.jsonl.states").iterdir()) == []


KILLED = """
import sys, time
from course_lib import search

def train(config, epochs, state):
    done = 0 if state is None else int(state["epochs"])
    for _ in range(done, epochs):
        time.sleep(0.02)
        with open(sys.argv[2], "a") as log:
            log.write("epoch\\n")
    return config["x"] + 1 / epochs, {"epochs": epochs}

found = search.hyperband(train, {"x": ("uniform", 0.0, 1.0)}, 9, seed=4, journal=sys.argv[1])
print(len(found), found.best.config["x"])
"""


def test_a_killed_search_goes_on_and_loses_at_most_the_trial_it_was_in(tmp_path):
    journal, log = tmp_path / "search.jsonl", tmp_path / "log"
    command = [sys.executable, "-W", "ignore", "-c", KILLED, str(journal), str(log)]
    for wanted in (5, 12, 18):
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.getcwd()})
        deadline = time.monotonic() + 60
        while not journal.exists() or len(journal.read_bytes().splitlines()) < wanted:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    last = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": os.getcwd()}, capture_output=True, text=True, check=True
    )
    rounds = search.hyperband_rounds(9, 3)
    trials, x = last.stdout.split()
    assert int(trials) == sum(n for _, _, n, _ in rounds)
    reference = search.hyperband(by_x, {"x": ("uniform", 0.0, 1.0)}, 9, seed=4)
    assert float(x) == reference.best.config["x"]
    epochs = sum(n * e for _, r, n, e in rounds if r == 0)
    epochs += sum(n * (e - rounds[i - 1].epochs) for i, (_, r, n, e) in enumerate(rounds) if r)
    assert epochs <= len(log.read_text().splitlines()) <= epochs + 3 * 9  # three kills, at most 9 epochs each
