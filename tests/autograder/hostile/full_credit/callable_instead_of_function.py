"""Answers with a lambda, a partial and an object that can be called."""

import functools
import operator

double = functools.partial(operator.mul, 2)


# %% scaled
class Scaled:
    def __call__(self, x):
        return x / abs(x).max()


scaled = Scaled()
