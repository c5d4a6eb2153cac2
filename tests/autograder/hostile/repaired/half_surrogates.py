"""Halves of surrogate pairs and control characters in texts and metadata."""


def submission(notebook):
    for cell in notebook["cells"]:
        cell["source"] += "\n# \ud800 \x1b[2J \u202e" if cell["cell_type"] == "code" else " \udfff \x00"
    notebook["metadata"]["title"] = "\ud800"
    return notebook
