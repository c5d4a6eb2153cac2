"""`python -m tests.benchmarks.gpu`: how near a GPU comes to what it can do, on Fashion-MNIST 784-128-10 with Adam.

Three questions, each answered on the device itself:

- Seconds an epoch at batches of 32 to 8192: NumPy, PyTorch eager, the compiled step, captured epochs. All start from
  the same weights and see the same batches; the losses are compared.
- Microseconds a step against the floor: the largest of launches (kernels of a step times what one empty kernel costs
  inside a CUDA graph), arithmetic (FLOP over the measured peak) and traffic (bytes over the measured bandwidth).
- Ensembles of 1 to 1024 networks: seconds an epoch, achieved FLOP/s and bytes/s.

The record goes to `book/studies/records/gpu-<device>.json`. Without a CUDA device the benchmark says so, ends with
status 1, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

from course_lib.accelerated.devices import no_cuda
from course_lib.accelerated.layers import Activation, Dense, Rescaling
from course_lib.accelerated.losses import SparseCategoricalCrossentropy
from course_lib.accelerated.network import Network
from course_lib.accelerated.optimizers import Adam
from course_lib.reference.network import Network as ReferenceNetwork
from course_lib.training import fit

RECORDS = Path(__file__).parents[2] / "book" / "studies" / "records"
BATCHES = (32, 128, 512, 2048, 8192)
MEMBERS = (1, 4, 16, 64, 256, 1024)
HIDDEN, CLASSES, RATE = 128, 10, 0.001
LOSS = SparseCategoricalCrossentropy(from_logits=True)
TARGETS = {"captured_over_eager": 20.0, "captured_over_floor": 1.5, "ensemble_256_over_1": 6.0}


def layers():
    return [Rescaling(1 / 255), Dense(HIDDEN), Activation("relu"), Dense(CLASSES)]


def images(name):
    """Return samples as bytes (n, features) and labels (n,)."""
    from course_lib import data

    raw = getattr(data, name)()
    X, y = (raw.X, raw.y) if name == "digits" else (raw.X_train, raw.y_train)
    X = np.ascontiguousarray(X.reshape(len(X), -1).astype(np.uint8))
    return X, y.astype(np.int64)


def seconds_of(run, repeats=5):
    """Return the median seconds of `run()`, the device idle before and after; a first call is not counted."""
    run()
    times = []
    for _ in range(repeats):
        torch.cuda.synchronize()
        start = time.perf_counter()
        run()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


# What is trained, four ways


def numpy_way(X, y, batch):
    network, adam = ReferenceNetwork(layers_of_reference(), X.shape[1], 0), Adam(RATE)
    return lambda: fit(network, X, y, LOSS, adam, batch_size=batch)["loss"][-1]


def layers_of_reference():
    from course_lib.reference import layers as reference

    return [
        reference.Rescaling(1 / 255),
        reference.Dense(HIDDEN),
        reference.Activation("relu"),
        reference.Dense(CLASSES),
    ]


def our_way(compiled):
    """Return the maker of a run of `course_lib.accelerated`: captured epochs, or the plain loop."""

    def make(X, y, batch):
        network, adam = Network(layers(), X.shape[1], 0, device="cuda", compiled=compiled), Adam(RATE)
        samples = network.prepare(X)
        return lambda: fit(network, samples, y, LOSS, adam, batch_size=batch)["loss"][-1]

    return make


def torch_way(compiled):
    """Return the maker of the usual loop of PyTorch, with its module compiled or not."""

    def make(X, y, batch):
        start = Network(layers(), X.shape[1], 0, device="cuda")
        module = torch.nn.Sequential(
            torch.nn.Linear(X.shape[1], HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, CLASSES)
        ).cuda()
        with torch.no_grad():
            for linear, ours in zip((module[0], module[2]), (start.layers[1], start.layers[3]), strict=True):
                linear.weight.copy_(ours.W.T)
                linear.bias.copy_(ours.b)
        forward = torch.compile(module) if compiled else module
        optimizer = torch.optim.Adam(module.parameters(), RATE)
        samples, labels = torch.from_numpy(X).cuda().float() / 255, torch.from_numpy(y).cuda()
        rng = np.random.default_rng(0)

        def run():
            total = torch.zeros((), device="cuda")
            for rows in torch.from_numpy(rng.permutation(len(y))).cuda().split(batch):
                optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(forward(samples[rows]), labels[rows])
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(rows)
            return float(total) / len(y)

        return run

    return make


WAYS = {
    "numpy": numpy_way,
    "eager": torch_way(compiled=False),
    "compiled": torch_way(compiled=True),
    "plain": our_way(compiled=False),
    "captured": our_way(compiled=True),
}


# What the device can do


def peak_flops(n=8192):
    """Return FLOP/s of a large float32 product, in the precision that PyTorch uses by default."""
    A = torch.randn(n, n, device="cuda")
    return 2 * n**3 / seconds_of(lambda: A @ A)


def bandwidth(size=2**30):
    """Return bytes/s of a copy: each byte is read and written."""
    a = torch.empty(size, dtype=torch.uint8, device="cuda")
    b = torch.empty_like(a)
    return 2 * size / seconds_of(lambda: b.copy_(a))


def launch_seconds(count=1000):
    """Return the seconds of one empty kernel inside a CUDA graph."""
    tiny, graph = torch.zeros(1, device="cuda"), torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(count):
            tiny.add_(1)
    return seconds_of(graph.replay) / count


def kernels_of_a_step(X, y, batch):
    """Return how many kernels a captured step starts, counted by the profiler over one epoch of whole batches."""
    steps = max(1, min(16, len(X) // batch))
    run = our_way(compiled=True)(X[: steps * batch], y[: steps * batch], batch)
    run(), run()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        run()
        torch.cuda.synchronize()
    kernels = [event for event in profile.events() if event.device_type == torch.autograd.DeviceType.CUDA]
    return len(kernels) / steps


def work_of_a_step(batch, features):
    """Return FLOP and bytes that a step cannot do without.

    Arithmetic: three products of 2·batch·fan_in·fan_out each layer, two for the first. Traffic: parameters, gradient
    and two moments are read, all but the gradient written, and a batch of bytes is read.
    """
    size = (features + 1) * HIDDEN + (HIDDEN + 1) * CLASSES
    return 2 * batch * (2 * features * HIDDEN + 3 * HIDDEN * CLASSES), 4 * 7 * size + batch * features


def floors(batch, features, device, kernels):
    """Return the seconds that a step cannot go below: launches, arithmetic, traffic, and the largest of them."""
    flop, traffic = work_of_a_step(batch, features)
    parts = {
        "launches": kernels * device["launch_seconds"],
        "arithmetic": flop / device["peak_flops"],
        "traffic": traffic / device["bandwidth"],
    }
    return parts | {"floor": max(parts.values()), "flop": flop, "bytes": traffic}


def training_rows(X, y, device, batches):
    """Return, by batch size, seconds an epoch of each way, the loss it ends with, and a step against its floor."""
    rows = {}
    for batch in batches:
        row = {}
        for name, make in WAYS.items():
            run = make(X, y, batch)
            row[f"{name}_loss"] = run()
            row[f"{name}_seconds"] = seconds_of(run, 1 if name == "numpy" else 5)
        steps = -(-len(X) // batch)
        row |= floors(batch, X.shape[1], device, kernels_of_a_step(X, y, batch))
        step = row["captured_seconds"] / steps
        row["microseconds_a_step"] = 1e6 * step
        row["captured_over_floor"] = step / row["floor"]
        row["captured_over_eager"] = row["eager_seconds"] / row["captured_seconds"]
        row["flops"], row["bytes_a_second"] = row["flop"] / step, row["bytes"] / step
        rows[str(batch)] = row
        print(line(f"batch {batch}", row, [f"{name}_seconds" for name in WAYS]), flush=True)
        print(f"{'':12}{row['captured_over_eager']:.1f}x eager, {row['captured_over_floor']:.2f} floors", flush=True)
        same_results({name: row[f"{name}_loss"] for name in WAYS})
    return rows


def same_results(losses):
    """Refuse losses of a first epoch that differ by more than the rounding of float32 adds up to in it."""
    values = list(losses.values())
    if max(values) - min(values) > 1e-3 * abs(values[0]):
        raise AssertionError(f"the ways end with different losses: {losses}")


def line(name, row, columns):
    return f"{name:12}" + "".join(f"{column.split('_')[0]} {row[column]:.4f}  " for column in columns)


def ensemble_rows(X, y, members, batch=32):
    """Return, by number of networks, the seconds of an epoch of all of them, and the first one's loss after it."""
    from course_lib.accelerated.many import fit_many

    rows, (flop, traffic) = {}, work_of_a_step(batch, X.shape[1])
    for k in members:
        networks = [Network(layers(), X.shape[1], seed, device="cuda", compiled=True) for seed in range(k)]
        adams = [Adam(RATE) for _ in networks]
        losses = []

        def run(networks=networks, adams=adams, losses=losses):
            losses.append(fit_many(networks, X, y, LOSS, adams, batch_size=batch, at_once=len(networks))[0]["loss"][-1])

        seconds = seconds_of(run, 3)
        a_second = k * -(-len(X) // batch) / seconds  # steps of single networks
        row = {"seconds": seconds, "flops": flop * a_second, "bytes_a_second": traffic * a_second, "loss": losses[0]}
        rows[str(k)] = row
        print(
            f"{k:6} networks: {seconds:.3f} s an epoch, {row['flops'] / 1e12:.2f} TFLOP/s, "
            f"{row['bytes_a_second'] / 1e9:.0f} GB/s",
            flush=True,
        )
    same_results({k: row["loss"] for k, row in rows.items()})
    return rows


def verdicts(record):
    """Return whether each aim is met, by name."""
    small = record["training"].get("32", {})
    ensemble = record["ensemble"]
    found = {
        "captured_over_eager": small.get("captured_over_eager", 0.0) >= TARGETS["captured_over_eager"],
        "captured_over_floor": small.get("captured_over_floor", np.inf) <= TARGETS["captured_over_floor"],
    }
    if {"1", "256"} <= set(ensemble):
        ratio = ensemble["256"]["seconds"] / ensemble["1"]["seconds"]
        found["ensemble_256_over_1"] = ratio < TARGETS["ensemble_256_over_1"]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="fashion_mnist", choices=["fashion_mnist", "mnist", "digits"])
    parser.add_argument("--batch", type=int, nargs="+", default=list(BATCHES))
    parser.add_argument("--members", type=int, nargs="*", default=list(MEMBERS))
    parser.add_argument("--json", type=Path, help="another place for the record")
    arguments = parser.parse_args()
    if reason := no_cuda():
        print(f"no record is written: {reason}", file=sys.stderr)
        return 1
    X, y = images(arguments.data)
    device = {"peak_flops": peak_flops(), "bandwidth": bandwidth(), "launch_seconds": launch_seconds()}
    name = torch.cuda.get_device_name()
    print(name, device, flush=True)
    record = {
        "about": {
            "device": name,
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "python": platform.python_version(),
            "date": time.strftime("%Y-%m-%d"),
            "data": arguments.data,
            "seed": 0,
        },
        "device": device,
        "training": training_rows(X, y, device, arguments.batch),
        "ensemble": ensemble_rows(X, y, arguments.members),
    }
    record["met"] = verdicts(record)
    path = arguments.json or RECORDS / f"gpu-{re.sub(r'[^a-z0-9]+', '-', name.lower())}.json"
    path.write_text(json.dumps(record, indent=2) + "\n")
    print(f"{record['met']}; written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
