"""Cells of a type that no notebook has."""


def submission(notebook):
    for cell in notebook["cells"]:
        cell["cell_type"] = "heading"
    return notebook
