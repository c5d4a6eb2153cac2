"""Study of chapter 07: learning curves of all optimizers, and of schedules, on Fashion-MNIST with a 784-128-10 network.

The problem is that of USC EE599 (2020): ReLU, batches of 32, the last tenth of the training images for validation.

    OMP_NUM_THREADS=1 python book/studies/optimizers.py [curves] [schedules]

Each part writes ``records/optimizers-<part>.json`` after every run and, started again, goes on where it stopped: a
quarter of an hour on one core in all. A record holds every run and where it comes from. The page only draws records.

An optimizer is *tuned* by its learning rate alone: three epochs, one seed, five rates around the default, half a decade
apart, and further ones while the best is at an end of the row. The best has the lowest validation loss.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from course_lib.data import fashion_mnist
from course_lib.filters.table import NAMES, row
from course_lib.reference.layers import Activation, Dense
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.reference.network import Network
from course_lib.reference.optimizers import SGD, Optimizer
from course_lib.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    LinearDecay,
    LinearWarmup,
    Triangular,
)
from course_lib.training import fit

RECORDS = Path(__file__).parent / "records"
SEEDS = (0, 1, 2)
EPOCHS, TUNING_EPOCHS, BATCH = 10, 3, 32
STEPS = EPOCHS * math.ceil(54_000 / BATCH)
LOSS = SparseCategoricalCrossentropy(from_logits=True)
Record = dict[str, Any]


@cache
def images() -> tuple[np.ndarray, np.ndarray]:
    """Return the training images as rows of float32 in [0, 1], (60000, 784), and their labels."""
    data = fashion_mnist()
    return (data.X_train.reshape(60_000, 784) / 255).astype(np.float32), data.y_train


def train(optimizer: Optimizer, epochs: int, seed: int) -> dict[str, list[float]]:
    """Train the deck's network once; return losses and accuracies by epoch, and the seconds of CPU time."""
    X, y = images()
    network = Network([Dense(128), Activation("relu"), Dense(10)], input_shape=784, seed=seed)
    start = time.process_time()
    with np.errstate(all="ignore"):  # a rate may be too large on purpose
        history = fit(network, X, y, LOSS, optimizer, epochs=epochs, batch_size=BATCH, metrics=["accuracy"],
                      validation_split=0.1, seed=seed)  # fmt: skip
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    run = {name: [_short(value) for value in history[name]] for name in names}
    return run | {"seconds": [round(time.process_time() - start, 1)]}


def _short(value: float) -> float:
    """Return four digits; 1e9 for what is not finite, for JSON knows neither infinity nor NaN."""
    return float(f"{value:.4g}") if math.isfinite(value) else 1e9


def run_once(record: Record, key: str, make: Callable[[], Optimizer], epochs: int, seed: int) -> dict[str, list[float]]:
    """Return the run of that name, from the record if it is there, else trained and saved."""
    runs = record["runs"]
    if key not in runs:
        runs[key] = train(make(), epochs, seed)
        save(record)
        print(f"{key}: validation loss {runs[key]['val_loss'][-1]:.4f}, {runs[key]['seconds'][0]} s", flush=True)
    return runs[key]


def tune(record: Record, name: str) -> float:
    """Return the learning rate with the lowest validation loss after three epochs."""
    default = row(name).settings[0].default

    def score(power: int) -> float:
        rate = rate_at(default, power)
        return run_once(record, f"tune/{name}/{rate:g}", lambda: row(name).make(lr=rate), TUNING_EPOCHS, 0)["val_loss"][
            -1
        ]

    tried = {power: score(power) for power in range(-2, 3)}
    while (best := min(tried, key=tried.__getitem__)) in (min(tried), max(tried)):
        further = best - 1 if best == min(tried) else best + 1
        tried[further] = score(further)
    return rate_at(default, best)


def rate_at(default: float, power: int) -> float:
    """Return default · √10^power with two digits."""
    return float(f"{default * 10 ** (power / 2):.2g}")


def curves(record: Record) -> None:
    """Tune every optimizer, then train it with the tuned and with the default rate."""
    tuned = {name: tune(record, name) for name in NAMES}
    rates = {"tuned": tuned, "default": {name: row(name).settings[0].default for name in NAMES}}
    record["result"] = {"rates": rates, "epochs": EPOCHS, "tuning_epochs": TUNING_EPOCHS, "batch": BATCH}
    save(record)
    for seed in SEEDS:
        for name in NAMES:
            for rate in {rates["tuned"][name], rates["default"][name]}:
                run_once(record, f"{name}/{rate:g}/{seed}", lambda n=name, r=rate: row(n).make(lr=r), EPOCHS, seed)


def schedules(record: Record) -> None:
    """Train momentum with one first rate under several schedules."""
    rate = 0.03
    plans: Mapping[str, Callable[[int], float] | float] = {
        "constant": rate,
        "constant, a tenth": rate / 10,
        "linear": LinearDecay(rate, STEPS),
        "cosine": CosineDecay(rate, STEPS),
        "steps": ExponentialDecay(rate, STEPS / 4, 0.3, staircase=True),
        "triangular": Triangular(rate / 100, rate, STEPS / 8),
        "warm restarts": CosineDecayRestarts(rate, STEPS / 7, t_mul=2),
        "warm-up, then cosine": LinearWarmup(CosineDecay(rate, STEPS - STEPS // 8), STEPS // 8),
    }
    record["result"] = {"rate": rate, "momentum": 0.9, "epochs": EPOCHS, "batch": BATCH, "names": list(plans)}
    for seed in SEEDS:
        for name, plan in plans.items():
            run_once(record, f"{name}/{seed}", lambda p=plan: SGD(p, momentum=0.9), EPOCHS, seed)


PARTS: Mapping[str, Callable[[Record], None]] = {"curves": curves, "schedules": schedules}


def provenance() -> dict[str, Any]:
    """Say where numbers come from: versions, hash of the data, machine, date, seeds."""
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in images()))
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)
    return {
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "data_sha256": digest.hexdigest(),
        "machine": f"{model or platform.machine()}, {os.cpu_count()} cores",
        "date": datetime.date.today().isoformat(),
        "seeds": SEEDS,
    }


def load(part: str) -> Record:
    """Return the record of a part as far as it has come."""
    path = RECORDS / f"optimizers-{part}.json"
    if path.exists():
        record: Record = json.loads(path.read_text("utf-8"))
        return record
    return {"study": part, "provenance": provenance(), "result": {}, "runs": {}}


def save(record: Record) -> None:
    """Write the record, all or nothing."""
    record["provenance"]["seconds"] = round(sum(run["seconds"][0] for run in record["runs"].values()), 1)
    runs = ",\n".join(
        f"  {json.dumps(key, ensure_ascii=False)}: {json.dumps(run)}" for key, run in record["runs"].items()
    )
    head = json.dumps({key: value for key, value in record.items() if key != "runs"}, indent=1, ensure_ascii=False)
    path = RECORDS / f"optimizers-{record['study']}.json"
    path.with_suffix(".new").write_text(head.removesuffix("\n}") + ',\n "runs": {\n' + runs + "\n }\n}\n", "utf-8")
    path.with_suffix(".new").replace(path)


def main(parts: Sequence[str]) -> None:
    """Run the named parts, all of them if none is named."""
    RECORDS.mkdir(exist_ok=True)
    for part in parts or PARTS:
        record = load(part)
        PARTS[part](record)
        save(record)


if __name__ == "__main__":
    main(sys.argv[1:])
