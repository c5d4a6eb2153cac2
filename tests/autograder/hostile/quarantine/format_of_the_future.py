"""A notebook of version 5."""


def submission(notebook):
    return {**notebook, "nbformat": 5}
