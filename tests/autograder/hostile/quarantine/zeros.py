"""A file of zeros, as a full disk leaves it."""


def submission(notebook):
    return bytes(100_000)
