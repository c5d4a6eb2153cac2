"""Outputs that are none."""


def submission(notebook):
    for cell, outputs in zip(notebook["cells"][1:], [None, 7, "text", [7], [{}], [{"output_type": "odd"}]]):
        if cell["cell_type"] == "code":
            cell["outputs"] = outputs
    return notebook
