"""Cells that all have the same id, or none, or one that is a path."""


def submission(notebook):
    for cell, name in zip(notebook["cells"], ["x", "x", "", "../../x", "x" * 10_000, 7, None]):
        cell["id"] = name
    return notebook
