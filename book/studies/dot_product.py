"""Study of chapter 02: one dot product, rolled, unrolled and by BLAS, in compiled code and in Python.

UW ML530 (2021) timed a rolled and an unrolled loop in compiled code. This does it again, with a C compiler
(``cc``), and writes ``records/dot_product.json``:

    python book/studies/dot_product.py

Vectors of 4,096 float32 stay in the processor's nearest memory, so the loops are measured and not the memory.
"""

from __future__ import annotations

import ctypes
import datetime
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "records" / "dot_product.json"
LENGTH, ROUNDS = 4096, 15
FLAGS = ("-O2", "-fno-tree-vectorize", "-shared", "-fPIC")
SOURCE = """
typedef float dot(const float *, const float *, int);

float rolled(const float *x, const float *w, int n) {
    float sum = 0;
    for (int i = 0; i < n; i++) sum += x[i] * w[i];
    return sum;
}

float unrolled(const float *x, const float *w, int n) {
    float a = 0, b = 0, c = 0, d = 0;
    for (int i = 0; i < n; i += 4) {
        a += x[i] * w[i];
        b += x[i + 1] * w[i + 1];
        c += x[i + 2] * w[i + 2];
        d += x[i + 3] * w[i + 3];
    }
    return (a + b) + (c + d);
}

float repeat(dot *f, const float *x, const float *w, int n, int times) {
    float last = 0;
    while (times--) last = f(x, w, n);
    return last;
}
"""


def compile_loops(folder: Path) -> ctypes.CDLL:
    """Compile the C functions and return them as a library."""
    source, library = folder / "dot.c", folder / "dot.so"
    source.write_text(SOURCE, "utf-8")
    subprocess.run(["cc", *FLAGS, "-o", str(library), str(source)], check=True)
    loaded = ctypes.CDLL(str(library))
    for name in ("rolled", "unrolled", "repeat"):
        getattr(loaded, name).restype = ctypes.c_float
    return loaded


def python_loop(x: list[float], w: list[float]) -> float:
    """Return the dot product, one product a round."""
    total = 0.0
    for i in range(len(x)):
        total += x[i] * w[i]
    return total


def nanoseconds_per_product(run: Callable[[int], Any], calls: int) -> float:
    """Return CPU time of one product of the dot product: ``run(calls)`` computes it so many times."""
    start = time.process_time()
    run(calls)
    return 1e9 * (time.process_time() - start) / calls / LENGTH


def measure() -> dict[str, Any]:
    """Time the four ways, one after the other, many rounds; return median times and the results."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, LENGTH)).astype(np.float32)
    xs, ws = x.tolist(), w.tolist()
    with tempfile.TemporaryDirectory() as folder:
        c = compile_loops(Path(folder))
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (x, w)]
        ways: dict[str, tuple[Callable[[int], Any], int]] = {
            "C, rolled": (lambda times: c.repeat(c.rolled, *pointers, LENGTH, times), 2000),
            "C, unrolled by 4": (lambda times: c.repeat(c.unrolled, *pointers, LENGTH, times), 2000),
            "BLAS": (lambda times: [np.dot(x, w) for _ in range(times)], 2000),
            "Python, rolled": (lambda times: [python_loop(xs, ws) for _ in range(times)], 20),
        }
        rounds = [{name: nanoseconds_per_product(*way) for name, way in ways.items()} for _ in range(ROUNDS)]
        sums = {name: float(getattr(c, name)(*pointers, LENGTH)) for name in ("rolled", "unrolled")}
    times = {name: round(statistics.median(each[name] for each in rounds), 4) for name in ways}
    exact = float(x.astype(float) @ w.astype(float))
    return {"length": LENGTH, "nanoseconds": times, "sums": {**sums, "BLAS": float(x @ w), "float64": exact}}


def processor() -> str:
    """Name of the processor, as Linux tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def main() -> None:
    """Measure and write the record with its provenance."""
    compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    provenance = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "compiler": compiler},
        "flags": list(FLAGS),
        "machine": processor(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "seed": 0,
        "rounds": ROUNDS,
    }
    record = {"study": "dot_product", "provenance": provenance, "result": measure()}
    RECORD.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
