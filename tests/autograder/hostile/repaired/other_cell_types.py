"""Code that has become markdown and markdown that has become code."""


def submission(notebook):
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["cell_type"] = "raw"
            del cell["outputs"], cell["execution_count"]
    return notebook
