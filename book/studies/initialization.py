"""Studies of chapter 05: what initial weights do to training.

``deep``: 30 hidden layers on the digits, by initializer and activation. ``mnist``: the network of USC EE599 (2020),
784-200-10 without regularization for 10 epochs, with its weights before and after. The second needs MNIST
(COURSE_DATA). Run one or both; each writes ``records/initialization-<name>.json``:

    OMP_NUM_THREADS=1 python book/studies/initialization.py [deep] [mnist]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from provenance import provenance, rounded, save

from course_lib.data import digits, mnist
from course_lib.reference.initializers import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    LecunNormal,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    Zeros,
)
from course_lib.reference.layers import Activation, Dense
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.optimizers import SGD
from course_lib.training import evaluate, fit

SEEDS = (0, 1, 2)
Data = tuple[np.ndarray, np.ndarray]
LOSS = SparseCategoricalCrossentropy(from_logits=True)

DEEP: Mapping[str, Mapping[str, Initializer]] = {
    "relu": {
        "N(0, 0.01²)": RandomNormal(0, 0.01),
        "U(±0.1)": RandomUniform(-0.1, 0.1),
        "Glorot uniform": GlorotUniform(),
        "He normal": HeNormal(),
        "orthogonal, gain √2": Orthogonal(np.sqrt(2)),
    },
    "tanh": {
        "N(0, 0.01²)": RandomNormal(0, 0.01),
        "U(±0.1)": RandomUniform(-0.1, 0.1),
        "Glorot uniform": GlorotUniform(),
        "orthogonal, gain 1": Orthogonal(),
        "N(0, 1)": RandomNormal(0, 1),
    },
}
SHALLOW: Mapping[str, Initializer] = {
    "zeros": Zeros(),
    "N(0, 0.01²)": RandomNormal(0, 0.01),
    "LeCun normal": LecunNormal(),
    "Glorot normal": GlorotNormal(),
    "Glorot uniform": GlorotUniform(),
    "He normal": HeNormal(),
    "He uniform": HeUniform(),
    "N(0, 1)": RandomNormal(0, 1),
}


def split_digits() -> tuple[Data, Data]:
    """Return training and test part of scikit-learn's digits, pixels divided by 16, in one fixed random order."""
    table = digits()
    order = np.random.default_rng(0).permutation(len(table.y))
    X, y = table.X[order] / 16, table.y[order]
    return (X[:1257], y[:1257]), (X[1257:], y[1257:])


def curve(network: Network, train: Data, rate: float, epochs: int, seed: int, held_out: Data) -> dict[str, list[float]]:
    """Train by plain gradient descent in batches of 32; return loss and accuracy on held-out data, epoch 0 first.

    A run whose numbers are no longer finite is over: its loss stays what it is, not a number.
    """
    before = evaluate(network, *held_out, LOSS, ["accuracy"])
    with np.errstate(all="ignore"):
        history = fit(
            network, *train, LOSS, SGD(rate), epochs=epochs, batch_size=32, metrics=["accuracy"],
            validation_data=held_out, seed=seed,
        )  # fmt: skip
    return {
        "loss": rounded([before["loss"], *history["val_loss"]]),
        "train_loss": rounded(history["loss"]),
        "accuracy": rounded([before["accuracy"], *history["val_accuracy"]]),
    }


def deep_network(activation: str, init: Initializer, depth: int, width: int, seed: int) -> Network:
    """Return ``depth`` hidden layers and an output layer, all drawn by the same initializer."""
    layers = [layer for _ in range(depth) for layer in (Dense(width, kernel_initializer=init), Activation(activation))]
    return Network([*layers, Dense(10, kernel_initializer=init)], input_shape=64, seed=seed)


def deep_study() -> tuple[dict[str, Any], Sequence[np.ndarray]]:
    """Loss by epoch of a network with 30 hidden layers; for each initializer the best of three learning rates."""
    train, test = split_digits()
    rates, epochs, depth, width = (0.003, 0.01, 0.03), 30, 30, 64
    result: dict[str, Any] = {"rates": rates, "epochs": epochs, "depth": depth, "width": width, "runs": {}}
    for activation, inits in DEEP.items():
        result["runs"][activation] = {}
        for name, init in inits.items():
            tried = {
                rate: [
                    curve(deep_network(activation, init, depth, width, seed), train, rate, epochs, seed, test)
                    for seed in SEEDS
                ]
                for rate in rates
            }
            last = {rate: float(np.median([run["train_loss"][-1] for run in runs])) for rate, runs in tried.items()}
            best = min(rates, key=lambda rate: np.nan_to_num(last[rate], nan=np.inf))
            result["runs"][activation][name] = {"rate": best, "runs": tried[best]}
            print(f"{activation}, {name}: rate {best}, loss {last[best]:.3f}", flush=True)
    return result, (*train, *test)


def histogram(values: np.ndarray, bins: int = 41) -> dict[str, list[float]]:
    """Return counts and edges, symmetric about zero."""
    limit = float(np.abs(values).max()) or 1.0
    counts, edges = np.histogram(values, bins, (-limit, limit))
    return {"counts": counts.tolist(), "edges": rounded(edges)}


def mnist_study() -> tuple[dict[str, Any], Sequence[np.ndarray]]:
    """Deck C's comparison: loss by epoch, and the second weight matrix before and after (first seed)."""
    images = mnist()
    X = images.X_train.reshape(len(images.X_train), -1).astype(np.float32) / 255
    train, held_out = (X[:50_000], images.y_train[:50_000]), (X[50_000:], images.y_train[50_000:])
    result: dict[str, Any] = {"rate": 0.1, "epochs": 10, "batch": 32, "runs": {}}
    for name, init in SHALLOW.items():
        rows: dict[str, Any] = {"runs": []}
        for seed in SEEDS:
            layers = [Dense(200, kernel_initializer=init), Activation("relu"), Dense(10, kernel_initializer=init)]
            network = Network(layers, input_shape=784, seed=seed)
            first, second = (layers[place].W.copy() for place in (0, 2))
            rows["runs"].append(curve(network, train, 0.1, 10, seed, held_out))
            if seed == SEEDS[0]:
                both = {"first": (first, layers[0].W), "second": (second, layers[2].W)}
                rows["weights"] = {
                    place: {
                        "before": histogram(before.ravel()),
                        "after": histogram(after.ravel()),
                        "std": rounded([float(before.std()), float(after.std())]),
                        "moved": rounded([float(np.sqrt(np.mean((after - before) ** 2)))])[0],
                    }
                    for place, (before, after) in both.items()
                }
        result["runs"][name] = rows
        print(f"{name}: {[run['accuracy'][-1] for run in rows['runs']]}", flush=True)
    return result, (images.X_train, images.y_train)


STUDIES = {"deep": deep_study, "mnist": mnist_study}


def main(names: Sequence[str]) -> None:
    """Run the named studies, both if none is named."""
    for name in names or STUDIES:
        start = time.process_time()
        result, arrays = STUDIES[name]()
        save(f"initialization-{name}", result, provenance(arrays, SEEDS, time.process_time() - start))


if __name__ == "__main__":
    main(sys.argv[1:])
