"""Writes to its own folder and to /tmp and reads it back."""

from pathlib import Path

import numpy as np


def double(x):
    for file in (Path("own.npy"), Path("/tmp/own.npy"), Path.home() / "also.npy"):
        np.save(file, x)
        x = np.load(file)[()]
    return x + x
