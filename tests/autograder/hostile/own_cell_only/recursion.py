"""Calls itself without end."""

import sys

sys.setrecursionlimit(20_000)


def double(x):
    return double(x)
