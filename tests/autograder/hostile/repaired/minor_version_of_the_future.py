"""A notebook of version 4.9 with fields that nobody knows."""


def submission(notebook):
    for cell in notebook["cells"]:
        cell["mood"] = {"happy": True}
    return {**notebook, "nbformat_minor": 9, "future": [1, 2]}
