"""Asks for more memory than the machine has."""


def double(x):
    held = []
    while True:
        held.append(bytearray(2**28))
