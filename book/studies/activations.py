"""Studies of chapter 03: how depth trains, what dies, Nielsen's function, width against depth.

Run one, or all of them (a few minutes on two cores); each writes ``records/activations-<name>.json``:

    python book/studies/activations.py [depth] [dying] [nielsen] [width]

A record holds the results and where they come from. The page only draws records, so it builds in seconds.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from course_lib.data import digits
from course_lib.reference.layers import Activation, Dense, Dropout, Layer
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.optimizers import SGD, Adam, Optimizer
from course_lib.training import fit

RECORDS = Path(__file__).parent / "records"
SEEDS = (0, 1, 2, 3, 4)
GRID = np.linspace(0, 1, 401)
Data = tuple[np.ndarray, np.ndarray]


def nielsen(x: np.ndarray) -> np.ndarray:
    """Return Nielsen's (2015, chapter 4) test function, as in USC EE599 (2020)."""
    return 0.2 + 0.4 * x**2 + 0.3 * x * np.sin(15 * x) + 0.05 * np.cos(50 * x)


def split_digits() -> tuple[Data, Data]:
    """Return training and test part of scikit-learn's digits, pixels divided by 16, in one fixed random order."""
    table = digits()
    order = np.random.default_rng(0).permutation(len(table.y))
    X, y = table.X[order] / 16, table.y[order]
    return (X[:1257], y[:1257]), (X[1257:], y[1257:])


def nielsen_sample(n: int, seed: int = 0) -> Data:
    """Return ``n`` places in [0, 1], (n, 1), and the function there, (n, 1)."""
    X = np.random.default_rng(seed).uniform(size=(n, 1))
    return X, nielsen(X)


def hidden(depth: int, width: int, activation: str, initializer: str, dropout: float = 0.0) -> list[Layer]:
    """Return ``depth`` hidden layers."""
    layers: list[Layer] = []
    for _ in range(depth):
        layers += [Dense(width, kernel_initializer=initializer), Activation(activation)]
        layers += [Dropout(dropout)] if dropout else []
    return layers


def accuracy(network: Network, data: Data) -> float:
    """Return the share of right labels."""
    return float(np.mean(network.predict(data[0]).argmax(axis=1) == data[1]))


def classify(layers: list[Layer], data: Data, optimizer: Optimizer, epochs: int, seed: int) -> Network:
    """Train a classifier of the digits whose hidden layers are given."""
    network = Network([*layers, Dense(10)], input_shape=64, seed=seed)
    loss = SparseCategoricalCrossentropy(from_logits=True)
    fit(network, *data, loss, optimizer, epochs=epochs, batch_size=32, seed=seed)
    return network


def regress(layers: list[Layer], data: Data, rate: float, epochs: int, seed: int) -> tuple[Network, float]:
    """Train on squared error with Adam; return the network and its root mean squared error on the grid."""
    network = Network([*layers, Dense(1)], input_shape=1, seed=seed)
    fit(network, *data, "mean_squared_error", Adam(rate), epochs=epochs, batch_size=64, seed=seed)
    return network, rmse(network.predict(GRID[:, None])[:, 0])


def rmse(values: np.ndarray) -> float:
    """Return the root mean squared error of values on the grid."""
    return float(np.sqrt(np.mean((values - nielsen(GRID)) ** 2)))


def depth_study() -> tuple[dict[str, Any], Sequence[np.ndarray]]:
    """Accuracy on digits by depth and activation, plain SGD, weights as Keras draws them (Glorot uniform)."""
    train, test = split_digits()
    depths, names = (1, 2, 4, 6, 8, 10), ("sigmoid", "tanh", "relu", "leaky_relu", "elu")
    result: dict[str, Any] = {"depths": depths, "width": 32, "rate": 0.05, "epochs": 40, "batch": 32, "accuracy": {}}
    for name in names:
        result["accuracy"][name] = [
            [
                accuracy(classify(hidden(depth, 32, name, "glorot_uniform"), train, SGD(0.05), 40, seed), test)
                for seed in SEEDS
            ]
            for depth in depths
        ]
    return result, (*train, *test)


def dying_study() -> tuple[dict[str, Any], Sequence[np.ndarray]]:
    """Share of hidden units whose pre-activation is negative for every training sample, by learning rate."""
    train, test = split_digits()
    rates = (0.1, 0.3, 0.6, 1.0, 1.5)
    result: dict[str, Any] = {"rates": rates, "width": 100, "epochs": 10, "batch": 32, "silent": {}, "accuracy": {}}
    for name in ("relu", "leaky_relu"):
        networks = [
            [classify(hidden(1, 100, name, "he_uniform"), train, SGD(rate), 10, seed) for seed in SEEDS]
            for rate in rates
        ]
        result["silent"][name] = [[silent(network, train[0]) for network in row] for row in networks]
        result["accuracy"][name] = [[accuracy(network, test) for network in row] for row in networks]
    return result, (*train, *test)


def silent(network: Network, X: np.ndarray) -> float:
    """Return the share of first-layer units that are at or below zero for all samples."""
    return float(np.mean(np.all(network.layers[0].forward(network.prepare(X)) <= 0, axis=0)))


def nielsen_study() -> tuple[dict[str, Any], Sequence[np.ndarray]]:
    """Deck C's experiment: 3 hidden layers of 64 ReLU, without and with 20 % dropout; and one layer of sigmoids."""
    data = nielsen_sample(1000)
    shapes: Mapping[str, Callable[[], list[Layer]]] = {
        "no dropout": lambda: hidden(3, 64, "relu", "glorot_uniform"),
        "20 % dropout": lambda: hidden(3, 64, "relu", "glorot_uniform", dropout=0.2),
        "100 sigmoids, trained": lambda: hidden(1, 100, "sigmoid", "glorot_uniform"),
    }
    result: dict[str, Any] = {"n": 1000, "rate": 0.001, "epochs": 500, "batch": 64, "runs": {}}
    for name, shape in shapes.items():
        runs = [regress(shape(), data, 0.001, 500, seed) for seed in SEEDS]
        curve = runs[0][0].predict(GRID[::2, None])[:, 0]
        result["runs"][name] = {
            "parameters": int(runs[0][0].parameters.size),
            "rmse": [error for _, error in runs],
            "curve": [round(float(value), 4) for value in curve],
        }
    return result, data


def width_for(depth: int, budget: int, inputs: int, outputs: int) -> int:
    """Return the width whose parameter count is nearest to the budget."""
    return min(range(1, budget), key=lambda width: abs(count(depth, width, inputs, outputs) - budget))


def count(depth: int, width: int, inputs: int, outputs: int) -> int:
    """Return the number of parameters of ``depth`` hidden layers of ``width`` and an output layer."""
    return (inputs + 1) * width + (depth - 1) * (width + 1) * width + (width + 1) * outputs


def width_study() -> tuple[dict[str, Any], Sequence[np.ndarray]]:
    """Depth at (nearly) equal parameter count: Nielsen's function and the digits, the better of two rates each."""
    data, (train, test) = nielsen_sample(512), split_digits()
    depths, rates, budget = (1, 2, 3, 4, 6, 8), (0.001, 0.003), 4000
    result: dict[str, Any] = {"depths": depths, "rates": rates, "budget": budget, "epochs": {}, "tasks": {}}
    result["epochs"] = {"nielsen": 400, "digits": 40}

    def function_error(layers: list[Layer], rate: float, seed: int) -> float:
        return regress(layers, data, rate, 400, seed)[1]

    def digits_error(layers: list[Layer], rate: float, seed: int) -> float:
        return 1 - accuracy(classify(layers, train, Adam(rate), 40, seed), test)

    tasks: Mapping[str, tuple[int, int, Callable[[list[Layer], float, int], float]]] = {
        "nielsen": (1, 1, function_error),
        "digits": (64, 10, digits_error),
    }
    for name, (inputs, outputs, error) in tasks.items():
        rows = []
        for depth in depths:
            width = width_for(depth, budget, inputs, outputs)
            tried = [
                [error(hidden(depth, width, "relu", "he_uniform"), rate, seed) for seed in SEEDS] for rate in rates
            ]
            best = int(np.argmin(np.median(tried, axis=1)))
            rows.append({"width": width, "parameters": count(depth, width, inputs, outputs),
                         "rate": rates[best], "errors": tried[best]})  # fmt: skip
        result["tasks"][name] = rows
    return result, (*data, *train, *test)


STUDIES: Mapping[str, Callable[[], tuple[dict[str, Any], Sequence[np.ndarray]]]] = {
    "depth": depth_study, "dying": dying_study, "nielsen": nielsen_study, "width": width_study,
}  # fmt: skip


def provenance(arrays: Sequence[np.ndarray], seconds: float) -> dict[str, Any]:
    """Say where numbers come from: versions, hash of the data, machine, date, seeds, time."""
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays))
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)
    return {
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "data_sha256": digest.hexdigest(),
        "machine": f"{model or platform.machine()}, {os.cpu_count()} cores",
        "date": datetime.date.today().isoformat(),
        "seeds": SEEDS,
        "seconds": round(seconds, 1),
    }


def main(names: Sequence[str]) -> None:
    """Run the named studies, all of them if none is named."""
    RECORDS.mkdir(exist_ok=True)
    for name in names or STUDIES:
        start = time.process_time()
        result, arrays = STUDIES[name]()
        record = {"study": name, "provenance": provenance(arrays, time.process_time() - start), "result": result}
        text = json.dumps(record, indent=1, ensure_ascii=False)
        (RECORDS / f"activations-{name}.json").write_text(text + "\n", "utf-8")
        print(f"{name}: {record['provenance']['seconds']} s of CPU time")


if __name__ == "__main__":
    main(sys.argv[1:])
