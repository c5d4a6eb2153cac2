"""`python -m tests.benchmarks.search`: deck D's grid search, networks at once or one after another.

Columbia W4995, lecture 8, tunes a network 784-width-10 on MNIST over epochs (1, 5, 10) and width (32, 64, 256) by
five-fold cross-validation: 45 trainings, batches of 32, Adam. (It prints no time for this grid; its other one, over
depth and width on MovieLens with L-BFGS, took 144.7 minutes.) Here, for each width, the same trainings are done

loop        one after another by `fit`, compiled (`--steps` steps a graph),
ensemble    by `fit_many`, which stacks as many as it measures to be fastest,

both on one thread and on all, of which the faster counts. Every repeat does all of them, in turn; the clock on the wall
decides, since using all cores is half of the point, and medians are reported. CPU time stands beside it. A share of
the data (`--share`) is enough: both are linear in it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from course_lib import data
from course_lib.accelerated import stacking
from course_lib.accelerated.layers import Activation, Dense
from course_lib.accelerated.many import fit_many
from course_lib.accelerated.network import Network
from course_lib.accelerated.optimizers import Adam
from course_lib.reference.losses import SparseCategoricalCrossentropy
from course_lib.training import fit

EPOCHS, WIDTHS, FOLDS, BATCH = (1, 5, 10), (32, 64, 256), 5, 32
SMALL, GOAL = 32, 2.0  # up to this width the ensemble is to be twice as fast; beyond, no slower
SLACK = 0.95  # what counts as no slower: clocks are not exact
LOSS = SparseCategoricalCrossentropy(from_logits=True)


def load(name, share):
    """Return samples as rows between 0 and 1, labels, and the rows of each fold."""
    raw = getattr(data, name)()
    X, y, white = (raw.X, raw.y, 16) if name == "digits" else (raw.X_train, raw.y_train, 255)
    n = int(len(X) * share)
    X = np.divide(X[:n].reshape(n, -1), white, dtype=np.float32)
    return X, y[:n].astype(np.int64), np.array_split(np.random.default_rng(0).permutation(n), FOLDS)


def trainings(width, features, steps, folds, epochs):
    """Return networks, optimizers, numbers of epochs and rows (trained on, held out) of all trainings of one width."""
    plan = [(goal, fold) for goal in epochs for fold in range(FOLDS)]
    networks = [
        Network([Dense(width), Activation("relu"), Dense(10)], features, seed=i, device="cpu", compiled=steps)
        for i, _ in enumerate(plan)
    ]
    rows = [np.concatenate([folds[j] for j in range(FOLDS) if j != fold]) for _, fold in plan]
    return networks, [Adam() for _ in plan], [goal for goal, _ in plan], rows, [folds[fold] for _, fold in plan]


def in_turn(X, y, made):
    """Train one after another."""
    networks, adams, goals, rows, _ = made
    for i, network in enumerate(networks):
        fit(network, X[rows[i]], y[rows[i]], LOSS, adams[i], epochs=goals[i], batch_size=BATCH, seed=i)


def at_once(X, y, made):
    """Train as ensembles."""
    networks, adams, goals, rows, _ = made
    fit_many(networks, X, y, LOSS, adams, epochs=goals, batch_size=BATCH, rows=rows, seeds=range(len(networks)))


def accuracies(X, y, made):
    """Return the accuracy of each network on its held-out fold."""
    networks, _, _, _, held_out = made
    return [float((n.predict(X[r]).argmax(1) == y[r]).mean()) for n, r in zip(networks, held_out, strict=True)]


def timed(train, X, y, made, threads):
    """Return seconds on the wall and of the processor, and the accuracies."""
    torch.set_num_threads(threads)
    wall, cpu = time.perf_counter(), time.process_time()
    train(X, y, made)
    return time.perf_counter() - wall, time.process_time() - cpu, accuracies(X, y, made)


def compare(width, X, y, folds, epochs, steps, repeats, threads):
    """Return the figures of one width: interleaved repeats, a first short round for compilers not counted."""
    make = lambda goals: trainings(width, X.shape[1], steps, folds, goals)  # noqa: E731
    contestants = {
        f"{kind}, {n} thread{'s'[: n > 1]}": (train, n)
        for kind, train in (("loop", in_turn), ("ensemble", at_once))
        for n in sorted({1, threads})
    }
    for train, n in contestants.values():
        timed(train, X, y, make(epochs if train is at_once else epochs[:1]), n)
    runs = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, (train, n) in contestants.items():
            runs[name].append(timed(train, X, y, make(epochs), n))
    row = {
        name: {"seconds": statistics.median(r[0] for r in found), "cpu": statistics.median(r[1] for r in found)}
        for name, found in runs.items()
    }
    loop, ensemble = (
        min((name for name in row if name.startswith(kind)), key=lambda name: row[name]["seconds"])
        for kind in ("loop", "ensemble")
    )
    scores = np.array(runs[ensemble][0][2]).reshape(len(epochs), FOLDS)
    return row | {
        "fastest loop": loop,
        "fastest ensemble": ensemble,
        "speedup": row[loop]["seconds"] / row[ensemble]["seconds"],
        "largest difference in accuracy": float(np.abs(scores.ravel() - runs[loop][0][2]).max()),
        "accuracy": dict(zip(map(str, epochs), scores.mean(1).tolist(), strict=True)),
    }


def verdict(width, speedup):
    """Return what is asked of this width, and whether it is met."""
    goal = GOAL if width <= SMALL else 1.0
    met = speedup >= (goal if width <= SMALL else SLACK)
    return f"{'at least twice as fast' if width <= SMALL else 'never slower'}: {'met' if met else 'MISSED'}"


def environment(threads):
    """Return versions and machine."""
    return {
        "python": platform.python_version(), "torch": torch.__version__, "machine": platform.machine(),
        "processors": os.cpu_count(), "threads": threads, "load": os.getloadavg()[0], "date": time.strftime("%Y-%m-%d"),
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    parser.add_argument("--data", default="mnist", choices=["mnist", "fashion_mnist", "digits"])
    parser.add_argument("--share", type=float, default=0.1, help="of the training samples")
    parser.add_argument("--width", type=int, nargs="+", default=list(WIDTHS))
    parser.add_argument("--epochs", type=int, nargs="+", default=list(EPOCHS))
    parser.add_argument("--steps", type=int, default=4, help="steps in one compiled graph; 0: not compiled")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="the larger number to try")
    arguments = parser.parse_args()
    stacking.LONG = min(stacking.LONG, 1000)  # a share of the data is to be stacked as all of it would be
    X, y, folds = load(arguments.data, arguments.share)
    about = environment(arguments.threads) | {"data": arguments.data, "samples": len(X), "steps": arguments.steps}
    print(", ".join(f"{name} {value}" for name, value in about.items()), flush=True)
    results = {}
    for width in arguments.width:
        row = compare(width, X, y, folds, arguments.epochs, arguments.steps, arguments.repeats, arguments.threads)
        results[str(width)] = row
        print(f"\nwidth {width}: {len(arguments.epochs) * FOLDS} trainings")
        for name, found in row.items():
            if isinstance(found, dict) and "seconds" in found:
                print(f"  {name:<18}{found['seconds']:>9.2f} s{found['cpu']:>9.2f} s of the processor")
        print(f"  {row['fastest ensemble']}: {row['speedup']:.2f} times as fast as {row['fastest loop']}")
        print(f"  {verdict(width, row['speedup'])}")
        print("  accuracy " + ", ".join(f"{a:.4f} after {n}" for n, a in row["accuracy"].items()), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(results | {"about": about}, indent=2) + "\n")


if __name__ == "__main__":
    main()
