"""Studies of chapter 06: over-fitting on Fashion-MNIST and what helps, after USC EE599 (2020).

``sweeps``: a network 784-128-10 (ReLU, softmax), Adam with its defaults, batches of 32, the last fifth of the training
images kept for validation, as on the slides: a sweep of the L2 penalty, a sweep of dropout, both together, smaller
networks; besides, the L1 penalty and batch normalization. Three seeds each, 30 epochs; the slides' first network as
there, a tenth kept and 40 epochs. ``silent``: whose weights a penalty takes to zero, for some rows of the sweeps and
the first seed. Both need Fashion-MNIST (COURSE_DATA). Run one or both:

    OMP_NUM_THREADS=1 python book/studies/regularization.py [sweeps] [silent]

The records ``records/regularization.json`` and ``records/regularization-silent.json`` are written after every run, and
a run that they hold is not made again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from provenance import load, provenance, rounded, save

from course_lib.callbacks import Callback, History
from course_lib.callbacks.base import Logs
from course_lib.data import fashion_mnist
from course_lib.reference.layers import Activation, BatchNormalization, Dense, Dropout, Layer
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.optimizers import Adam
from course_lib.reference.regularizers import Regularizer
from course_lib.training import evaluate, fit

NAME, SEEDS, BATCH = "regularization", (0, 1, 2), 32
BINS = np.linspace(-0.6, 0.6, 61)
Setting = dict[str, float]


def setting(
    l2: float = 0.0,
    rate: float = 0.0,
    width: int = 128,
    l1: float = 0.0,
    norm: bool = False,
    kept: float = 0.2,
    epochs: int = 30,
) -> Setting:
    """Return one row: penalties on weights and biases, dropout, width, share kept for validation, epochs."""
    return {"l2": l2, "rate": rate, "width": width, "l1": l1, "norm": norm, "kept": kept, "epochs": epochs}


SETTINGS: list[Setting] = [
    setting(kept=0.1, epochs=40),
    *(setting(l2=l2) for l2 in (0.0, 1e-5, 1e-4, 1e-3)),
    *(setting(rate=rate) for rate in (0.2, 0.4, 0.6)),
    *(setting(l2, rate) for l2, rate in ((1e-5, 0.4), (1e-4, 0.2), (1e-4, 0.4))),
    *(setting(width=width) for width in (100, 48)),
    *(setting(1e-4, 0.2, width) for width in (100, 48)),
    setting(l1=1e-4),
    setting(norm=True),
]
SILENT = (setting(), setting(l2=1e-4), setting(l2=1e-3), setting(l1=1e-4))


def key(row: Setting, seed: int) -> str:
    """Return the name of a run in the record.

    >>> key(setting(1e-4, 0.2), 0)
    'l2 0.0001, rate 0.2, width 128, l1 0, norm 0, kept 0.2, epochs 30, seed 0'
    """
    return ", ".join(f"{name} {value:g}" for name, value in {**row, "seed": seed}.items())


def network_for(row: Setting, seed: int) -> Network:
    """Return the untrained network of a row."""
    penalty = Regularizer(row["l1"], row["l2"]) if row["l1"] or row["l2"] else None
    hidden, last = (
        Dense(int(units), kernel_regularizer=penalty, bias_regularizer=penalty) for units in (row["width"], 10)
    )
    between: list[Layer] = [BatchNormalization()] if row["norm"] else []
    between += [Activation("relu"), *([Dropout(row["rate"])] if row["rate"] else [])]
    return Network([hidden, *between, last], input_shape=784, seed=seed)


class Sizes(Callback):
    """Write down the penalty and the squared length of all weights after each epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Add to the logs."""
        logs["penalty"] = self.run.model.penalty()
        logs["weights"] = sum(float(np.sum(W**2)) for W in kernels(self.run.model))


def kernels(network: Network) -> list[np.ndarray]:
    """Return the weight matrices, first to last."""
    return [W for name, W in network.named_parameters().items() if name.endswith(".W")]


def scores(network: Network, X: np.ndarray, y: np.ndarray) -> list[float]:
    """Return loss without penalty and accuracy, all units at work."""
    loss = SparseCategoricalCrossentropy(from_logits=True)
    logs = evaluate(network, X, y, loss, ["accuracy"])
    return rounded([logs["loss"] - network.penalty(), logs["accuracy"]])


def trained(row: Setting, seed: int, data: Any) -> tuple[Network, History, int]:
    """Train one network; return it, its history, and how many images it was trained on."""
    X, y, *_ = data
    first = round(len(X) * (1 - row["kept"]))
    network, loss = network_for(row, seed), SparseCategoricalCrossentropy(from_logits=True)
    history = fit(
        network, X[:first], y[:first], loss, Adam(), epochs=int(row["epochs"]), batch_size=BATCH, metrics=["accuracy"],
        validation_data=(X[first:], y[first:]), callbacks=[Sizes()], seed=seed,
    )  # fmt: skip
    return network, history, first


def run(row: Setting, seed: int, data: Any) -> dict[str, Any]:
    """Train one network and return its curves, final scores and weights."""
    X, y, X_test, y_test = data
    start = time.process_time()
    network, history, first = trained(row, seed, data)
    W = kernels(network)[0]
    return {
        **row,
        "seed": seed,
        "seconds": round(time.process_time() - start, 1),
        "parameters": int(network.parameters.size),
        "train": scores(network, X[:first], y[:first]),
        "validation": scores(network, X[first:], y[first:]),
        "test": scores(network, X_test, y_test),
        "curves": {name: rounded(values, 4) for name, values in history.history.items()},
        "histogram": np.histogram(np.clip(W, BINS[0], BINS[-1]), BINS)[0].tolist(),
        "near_zero": rounded([float(np.mean(np.abs(W) < limit)) for limit in (1e-4, 1e-3, 1e-2)]),
    }


def silent(row: Setting, seed: int, data: Any) -> dict[str, Any]:
    """Train one network and say where the first layer's weights below 0.001 are.

    A unit is silent if it is off for every training image. ``shares``: of such weights among all, among those of the
    other units, and among those that lead from seldom lit pixels (in fewer than one image of twenty) to other units.
    """
    start = time.process_time()
    network, _, first = trained(row, seed, data)
    X = data[0][:first]
    off = (network.layers[0].forward(X) <= 0).all(axis=0)
    small, dark = np.abs(kernels(network)[0]) < 1e-3, (X > 0.05).mean(axis=0) < 0.05
    others = small[:, ~off]
    return {
        **row,
        "seed": seed,
        "seconds": round(time.process_time() - start, 1),
        "silent": float(off.mean()),
        "dark": float(dark.mean()),
        "shares": rounded([float(part.mean()) for part in (small, others, others[dark])]),
    }


SWEEPS = {"batch": BATCH, "bins": rounded(BINS)}
STUDIES: dict[str, tuple[str, dict[str, Any], Callable[..., dict[str, Any]], Sequence[Setting], Sequence[int]]] = {
    "sweeps": (NAME, SWEEPS, run, SETTINGS, SEEDS),
    "silent": (f"{NAME}-silent", {"batch": BATCH}, silent, SILENT, SEEDS[:1]),
}


def main(names: Sequence[str]) -> None:
    """Make the runs that are missing, one seed after the other, of the named studies or of both."""
    torch.set_flush_denormal(True)  # for NumPy in this thread too: numbers below 1e-38, which a penalty makes, are slow
    images = fashion_mnist()
    X, X_test = (part.reshape(len(part), -1).astype(np.float32) / 255 for part in (images.X_train, images.X_test))
    data = X, images.y_train, X_test, images.y_test
    for name, head, study, rows, seeds in (STUDIES[each] for each in names or STUDIES):
        source = provenance((images.X_train, images.y_train, images.X_test, images.y_test), seeds, 0.0)
        result = load(name).get("result") or {**head, "runs": {}}
        for seed in seeds:
            for row in rows:
                if key(row, seed) in result["runs"]:
                    continue
                result["runs"][key(row, seed)] = done = study(row, seed, data)
                source["seconds"] = round(sum(each["seconds"] for each in result["runs"].values()), 1)
                save(name, result, source)
                print(f"{key(row, seed)}: {done['seconds']} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
