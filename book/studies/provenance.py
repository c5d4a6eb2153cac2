"""What every study does with its result: write it to ``records/<name>.json`` and say where it comes from."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

RECORDS = Path(__file__).parent / "records"


def provenance(arrays: Sequence[np.ndarray], seeds: Sequence[int], seconds: float) -> dict[str, Any]:
    """Say where numbers come from: versions, hash of the data, machine, date, seeds, seconds of CPU time."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)
    return {
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "data_sha256": digest.hexdigest(),
        "machine": f"{model or platform.machine()}, {os.cpu_count()} cores",
        "date": datetime.date.today().isoformat(),
        "seeds": list(seeds),
        "seconds": round(seconds, 1),
    }


def save(name: str, result: dict[str, Any], source: dict[str, Any]) -> None:
    """Write ``records/<name>.json``, each list of numbers on one line; a reader never sees half a file."""
    RECORDS.mkdir(exist_ok=True)
    text = json.dumps({"study": name, "provenance": source, "result": result}, indent=1, ensure_ascii=False)
    text = re.sub(r"\[[^][{}\"]*\]", lambda found: re.sub(r"\s+", " ", found[0]), text)
    part = RECORDS / f"{name}.json.part"
    part.write_text(text + "\n", "utf-8")
    part.replace(RECORDS / f"{name}.json")


def load(name: str) -> dict[str, Any]:
    """Return the record of that name, or an empty one."""
    path = RECORDS / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def rounded(values: Sequence[float], digits: int = 5) -> list[float]:
    """Return numbers short enough for a record, significant digits kept.

    >>> rounded([0.123456789, 1234.5678])
    [0.12346, 1234.6]
    """
    return [float(f"{value:.{digits}g}") for value in values]
