"""A notebook whose version is `true`, which counts as 1."""


def submission(notebook):
    return {**notebook, "nbformat": True}
