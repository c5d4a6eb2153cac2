"""`python -m tests.benchmarks.training`: seconds an epoch of Fashion-MNIST 784-128-10 with Adam, library by library.

Every library has a process of its own, with one thread. In every repeat they take turns, each training a new
network for five epochs; CPU time is what counts, and the median over the repeats is reported.
`reference_over_<library>` is how many times faster the reference is (time of the library / time of the reference),
`reference_over_floor` how many times slower than the floor (`tests.benchmarks.trainers.Floor`);
`accelerated_over_<library>` says the same of `course_lib.accelerated`. The floor's products are single precision at
the speed of NumPy's BLAS library: where it takes more than half the time of PyTorch, twice that speed cannot be had.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.trainers import TRAINERS, Data

TARGETS = {32: (2.0, 1.9), 128: (1.5, 1.45), 1024: (1.25, 1.2)}  # scikit-learn at least, floor at most
ACCELERATED = {"torch": {32: 1.9, 128: 1.9, 1024: 1.9}, "jax": {128: 0.9, 1024: 0.9}}  # at least
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")} | {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
}


def work(library, data_name):
    """Serve one library: read commands from standard input, answer each with one line of JSON."""
    trainer = TRAINERS[library](Data(data_name))
    started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for line in sys.stdin:
        batch_size, epochs, seed = json.loads(line)
        wall, cpu = time.perf_counter(), time.process_time()
        trainer.train(batch_size, epochs, seed)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        unit = 1 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        answer = {"cpu": cpu / epochs, "wall": wall / epochs, "accuracy": trainer.accuracy()}
        print(json.dumps(answer | {"peak": peak * unit / 2**20, "start": started * unit / 2**20}), flush=True)


class Worker:
    """One library in a process of its own."""

    def __init__(self, library, data_name):
        command = [sys.executable, "-m", __spec__.name, "--worker", library, "--data", data_name]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | ONE_THREAD
        )

    def train(self, *command):
        print(json.dumps(command), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the worker ended with status {self.process.wait()}; its message stands above")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure(libraries, batch_size, epochs, repeats, data_name):
    """Return the answers of each library, one a repeat; a first epoch, for compilers and caches, is not counted."""
    workers = {library: Worker(library, data_name) for library in libraries}
    answers = {library: [] for library in libraries}
    try:
        for worker in workers.values():
            worker.train(batch_size, 1, 0)
        for repeat in range(repeats):
            for library in libraries[repeat % len(libraries) :] + libraries[: repeat % len(libraries)]:
                answers[library].append(workers[library].train(batch_size, epochs, repeat))
    finally:
        for worker in workers.values():
            worker.close()
    return answers


def summarize(answers):
    """Return medians and ratios of one batch size, ready for JSON."""
    row = {}
    for library, runs in answers.items():
        row[f"{library}_seconds"] = statistics.median(run["cpu"] for run in runs)
        row[f"{library}_peak_mib"] = max(run["peak"] for run in runs)
        if library != "floor":
            row[f"{library}_accuracy"] = statistics.median(run["accuracy"] for run in runs)
    for own in {"reference", "accelerated"} & set(answers):
        for library in set(answers) - {own}:
            seconds, other = row[f"{own}_seconds"], row[f"{library}_seconds"]
            row[f"{own}_over_{library}"] = seconds / other if library == "floor" else other / seconds
    return row


def table(batch_size, row, libraries):
    """Return the lines of one batch size."""
    lines = [f"batch {batch_size}", f"{'':12}{'s/epoch':>9}{'accuracy':>10}{'ratio':>8}{'peak MiB':>10}"]
    for library in libraries:
        accuracy, ratio = row.get(f"{library}_accuracy"), row.get(f"reference_over_{library}")
        lines.append(
            f"{library:12}{row[f'{library}_seconds']:9.3f}"
            + (f"{accuracy:10.4f}" if accuracy is not None else " " * 10)
            + (f"{ratio:8.2f}" if ratio is not None else " " * 8)
            + f"{row[f'{library}_peak_mib']:10.0f}"
        )
    if batch_size in TARGETS and {"sklearn", "floor"} <= set(libraries):
        least, most = TARGETS[batch_size]
        fast, close = row["reference_over_sklearn"] >= least, row["reference_over_floor"] <= most
        small = row["reference_peak_mib"] <= row["sklearn_peak_mib"]
        words = {True: "met", False: "MISSED"}
        lines.append(
            f"targets: {least}x scikit-learn {words[fast]}, {most}x the floor {words[close]}, "
            f"memory of scikit-learn {words[small]}"
        )
    return "\n".join([*lines, *accelerated_lines(batch_size, row)])


def accelerated_lines(batch_size, row):
    """Return what is to be said of the accelerated backend."""
    found = [library for library in ("torch", "jax", "reference", "floor") if f"accelerated_over_{library}" in row]
    words = []
    for library in found:
        ratio, least = row[f"accelerated_over_{library}"], ACCELERATED.get(library, {}).get(batch_size)
        verdict = "" if least is None else f" (at least {least}: {'met' if ratio >= least else 'MISSED'})"
        words.append(f"{ratio:.2f}x {'the floor' if library == 'floor' else library}{verdict}")
    return [f"accelerated: {', '.join(words)}"] if words else []


def environment():
    """Return versions, processor and what BLAS says of itself."""
    import numpy
    import sklearn
    from threadpoolctl import threadpool_info

    blas = [f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}" for pool in threadpool_info()]
    return {
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "sklearn": sklearn.__version__,
        "machine": platform.machine(),
        "blas": blas,
        "load": os.getloadavg()[0],
        "date": time.strftime("%Y-%m-%d"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    parser.add_argument("--data", default="fashion_mnist", choices=["fashion_mnist", "mnist", "digits"])
    parser.add_argument("--batch", type=int, nargs="+", default=list(TARGETS))
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--libraries", nargs="+", choices=TRAINERS, default=list(TRAINERS))
    parser.add_argument("--worker", choices=TRAINERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments.worker, arguments.data)
    libraries = list(dict.fromkeys(["reference", *arguments.libraries]))
    about = environment()
    print(", ".join(f"{name} {value}" for name, value in about.items()), flush=True)
    results = {}
    for batch_size in arguments.batch:
        answers = measure(libraries, batch_size, arguments.epochs, arguments.repeats, arguments.data)
        results[str(batch_size)] = row = summarize(answers)
        print("\n" + table(batch_size, row, libraries), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(results | {"about": about}, indent=2) + "\n")


if __name__ == "__main__":
    main()
