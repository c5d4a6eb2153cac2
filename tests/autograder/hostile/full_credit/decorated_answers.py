"""Answers with decorated, cached, partial, vectorized and generated functions, and with values of other libraries."""

import functools

import numpy as np
import torch


def logged(function):
    @functools.wraps(function)
    def inner(*arguments, **named):
        print("called", function.__name__)
        return function(*arguments, **named)

    return inner


def steps(x):
    yield x
    yield x


@logged
@functools.lru_cache
def double(x):
    leaf = torch.tensor(float(x), dtype=torch.float64, requires_grad=True)
    (leaf**2).backward()
    assert float(leaf.grad) == sum(steps(x))
    return leaf + leaf if x != 2 and x != 5 else functools.reduce(lambda a, b: a + b, steps(x))


# %% scaled
class Scaled(np.ndarray):
    pass


scaled = np.vectorize(lambda x: (x / abs(x).max()).view(Scaled), signature="(n)->(n)")
