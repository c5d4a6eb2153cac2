"""Points of every size and kind."""


def submission(notebook):
    for cell, points in zip(notebook["cells"], [1e300, -5, "a hundred", None, [], {}, True, 0]):
        cell["metadata"]["nbgrader"]["points"] = points
    return notebook
