"""Raises what is not an Exception."""

import sys


def double(x):
    if x == 3:
        raise KeyboardInterrupt
    sys.exit(0)
