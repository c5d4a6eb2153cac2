"""Prints and displays more than is kept, and is right."""

import numpy as np

np.set_printoptions(threshold=10**9)
for _ in range(2):
    print(np.random.default_rng(0).normal(size=20_000))
np.zeros(20_000)


def double(x):
    print("working " * 10_000)
    return x + x
