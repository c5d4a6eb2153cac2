"""Returns values outside of all bounds where a score could be read."""

import itertools

values = itertools.cycle([-1, float("nan"), float("inf"), 1e308, -(10**30)])


def double(x):
    return next(values)


# %% scaled
def scaled(x):
    return next(values)
