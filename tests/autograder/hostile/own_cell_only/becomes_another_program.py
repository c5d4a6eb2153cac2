"""Replaces its process by another program that holds the connection."""

import os

for number in range(3, 32):
    try:
        os.set_inheritable(number, True)
    except OSError:
        continue
os.execv("/bin/sh", ["sh", "-c", "while true; do sleep 1; done"])


# %% scaled
def scaled(x):
    return x / abs(x).max()
