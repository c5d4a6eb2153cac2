"""Test cells and locked cells under other names, one with the name of another."""


def submission(notebook):
    for cell, name in zip(notebook["cells"], ["setup", "intro", None, "scaled", None, "x" * 10_000, "double/../why"]):
        if name and not cell["metadata"]["nbgrader"]["solution"]:
            cell["metadata"]["nbgrader"]["grade_id"] = name
    return notebook
