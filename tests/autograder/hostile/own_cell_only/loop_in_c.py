"""Spends its time in one call that Python cannot interrupt."""


def double(x):
    return 9 ** (9**8) % 7
