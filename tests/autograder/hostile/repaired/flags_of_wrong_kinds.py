"""Flags that are strings, lists and null."""


def submission(notebook):
    for cell in notebook["cells"]:
        cell["metadata"]["nbgrader"].update(solution="no", grade=[1], locked=None, task={}, schema_version="three")
    return notebook
