"""Returns a value nested deeper than Python can go."""


def double(x):
    value = 0
    for _ in range(100_000):
        value = (value,)
    return value
