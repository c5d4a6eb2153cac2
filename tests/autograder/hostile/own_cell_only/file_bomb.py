"""Opens and makes files until there is nothing left to make them with."""

import os


def double(x):
    kept = []
    for number in range(100_000):
        try:
            kept.append(open(f"file-{number}", "w"))
        except OSError:
            return len(kept)
    os._exit(1)
