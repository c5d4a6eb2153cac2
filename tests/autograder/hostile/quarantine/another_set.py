"""The notebook of another set."""


def submission(notebook):
    for cell in notebook["cells"]:
        cell["metadata"]["nbgrader"]["grade_id"] += "_of_another_set"
    return notebook
