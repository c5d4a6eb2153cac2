"""The MovieLens problem of Columbia W4995, lecture 8 (deck D): ``python -m tests.benchmarks.movielens``.

Who will like which film? One-hot users and films (2625 columns, two ones a row), "likes" is a rating of 4 or 5,
80 000 ratings to learn from and 20 000 to be tested on, split as on the slide. The deck trains scikit-learn's
``MLPClassifier(solver="lbfgs")`` for about four minutes a network and reaches a test accuracy of .675 to .713.

Here scikit-learn gets the same columns as a *sparse* matrix, which makes it many times faster than the deck's dense
one, and `course_lib` looks the two rows of W up instead (`SparseDense`). Both train in one run, one after the other,
on one thread; CPU time is compared. Settings of `course_lib` were chosen on an eighth of the 80 000, never on
the test ratings.
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_info, threadpool_limits

from course_lib import data
from course_lib.reference.layers import Activation, Dense, Dropout, SparseDense
from course_lib.reference.losses import BinaryCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.optimizers import Adam
from course_lib.reference.regularizers import L2
from course_lib.schedules import LinearDecay
from course_lib.training import fit

USERS, COLUMNS = 943, 943 + 1682
GOAL = 0.25  # of scikit-learn's CPU time
DECK = {  # hidden layers, activation: the deck's accuracy on training and test ratings, minutes
    ((100,), "relu"): (0.8390, 0.6748, 3.93),
    ((100, 100, 100), "relu"): (0.7343, 0.7074, 5.75),
    ((100,), "tanh"): (0.7505, 0.7055, 4.44),
    ((100, 100, 100), "tanh"): (0.7574, 0.7135, 6.26),
}
Splits = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
Predict = Callable[[np.ndarray], np.ndarray]


def load() -> Splits:
    """Return X_dev, X_test, y_dev, y_test; X (n, 2) holds the columns of the two ones of each row."""
    rated = data.movielens()
    X = np.stack([rated.users - 1, rated.items - 1 + USERS], axis=1)
    return tuple(train_test_split(X, rated.ratings >= 4, test_size=0.2, random_state=42))


def one_hot(X: np.ndarray) -> scipy.sparse.csr_array:
    """Return the rows as a sparse matrix of ones, (n, 2625)."""
    return scipy.sparse.csr_array((np.ones(X.size), X.ravel(), np.arange(0, X.size + 1, 2)), shape=(len(X), COLUMNS))


def scikit_learn(X: np.ndarray, y: np.ndarray, hidden: tuple[int, ...], activation: str, seed: int) -> Predict:
    """Train as the deck does: L-BFGS, 200 iterations on all ratings."""
    model = MLPClassifier(solver="lbfgs", random_state=seed, hidden_layer_sizes=hidden, activation=activation)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the deck stops at 200 iterations as well
        model.fit(one_hot(X), y)
    return lambda X: model.predict(one_hot(X))


def course_lib(
    X: np.ndarray,
    y: np.ndarray,
    hidden: tuple[int, ...],
    activation: str,
    seed: int,
    epochs: int = 4,
    rate: float = 3e-3,
    l2: float = 0.0,
    dropout: float = 0.0,
) -> Predict:
    """Train by Adam on batches of 1000 whose learning rate goes down in a straight line."""
    layers: list[Any] = []
    for units in hidden:
        first = SparseDense(units, COLUMNS, kernel_regularizer=L2(l2) if l2 else None)
        layers += [Dense(units) if layers else first, Activation(activation)]
        layers += [Dropout(dropout)] if dropout else []
    network = Network([*layers, Dense(1)], input_shape=2, seed=seed)
    optimizer = Adam(LinearDecay(rate, epochs * len(X) / 1000))
    loss = BinaryCrossentropy(from_logits=True)
    fit(network, X, y[:, None].astype(float), loss, optimizer, epochs=epochs, batch_size=1000, seed=seed)
    return lambda X: network.predict(X, 10_000)[:, 0] > 0


def regularized(X: np.ndarray, y: np.ndarray, hidden: tuple[int, ...], activation: str, seed: int) -> Predict:
    """Train with dropout and L2, which pays for a larger rate and more epochs."""
    return course_lib(X, y, hidden, activation, seed, epochs=10, rate=1e-2, l2=3e-5, dropout=0.5)


CONTESTANTS = {
    "scikit-learn lbfgs": scikit_learn,
    "course_lib Adam": course_lib,
    "course_lib Adam, dropout, L2": regularized,
}


def measure(train: Callable[..., Predict], splits: Splits, *settings: Any) -> dict[str, float]:
    """Return CPU seconds of the training and the accuracies after it."""
    X_dev, X_test, y_dev, y_test = splits
    start = time.process_time()
    predict = train(X_dev, y_dev, *settings)
    seconds = time.process_time() - start
    accuracy = {"train": float((predict(X_dev) == y_dev).mean()), "test": float((predict(X_test) == y_test).mean())}
    return {"cpu_seconds": seconds, **accuracy}


def compare(splits: Splits, hidden: tuple[int, ...], activation: str, repeats: int) -> dict[str, dict[str, float]]:
    """Return the medians of each contestant over interleaved runs, and its time over scikit-learn's."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
    for seed in range(repeats):
        for name, train in CONTESTANTS.items():
            runs[name].append(measure(train, splits, hidden, activation, seed))
    medians = {
        name: {key: statistics.median(run[key] for run in made) for key in made[0]} for name, made in runs.items()
    }
    rival = medians["scikit-learn lbfgs"]["cpu_seconds"]
    return {name: {**m, "over_sklearn": m["cpu_seconds"] / rival} for name, m in medians.items()}


def show(hidden: tuple[int, ...], activation: str, found: dict[str, dict[str, float]]) -> None:
    """Print one table."""
    train, test, minutes = DECK[hidden, activation]
    print(f"\n2625-{'-'.join(map(str, hidden))}-1, {activation}")
    print(f"{'':<30}{'CPU s':>9}{'train':>8}{'test':>8}{'time / sklearn':>16}")
    print(f"{'deck (minutes on its clock)':<30}{minutes * 60:>9.0f}{train:>8.4f}{test:>8.4f}{'':>16}")
    for name, m in found.items():
        print(f"{name:<30}{m['cpu_seconds']:>9.2f}{m['train']:>8.4f}{m['test']:>8.4f}{m['over_sklearn']:>16.3f}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Deck D's MovieLens problem: course_lib against scikit-learn")
    parser.add_argument("--repeats", type=int, default=1, help="interleaved runs, of which the medians are shown")
    parser.add_argument("--deck", action="store_true", help="all four networks of the deck, not only the first")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    splits, results = load(), {}
    with threadpool_limits(1):
        for pool in threadpool_info():
            print(f"{pool['internal_api']} {pool.get('version')}: {pool['num_threads']} thread")
        for hidden, activation in DECK if arguments.deck else list(DECK)[:1]:
            found = compare(splits, hidden, activation, arguments.repeats)
            show(hidden, activation, found)
            results[f"{'-'.join(map(str, hidden))} {activation}"] = found
    ratio = max(found["course_lib Adam, dropout, L2"]["over_sklearn"] for found in results.values())
    print(f"\ngoal: at most {GOAL} of scikit-learn's CPU time; slowest here {ratio:.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
