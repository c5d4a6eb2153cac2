"""Returns more than a message may hold."""


def double(x):
    return bytearray(200_000_000) if x == 3 else [0.5] * 20_000_000
