"""Ends its process while its cell runs."""

import os

os._exit(0)


# %% scaled
def scaled(x):
    return x / abs(x).max()
