"""Test cells of a hundred thousand marks of hidden tests that begin and never end."""


def submission(notebook):
    for cell in notebook["cells"]:
        if cell["metadata"]["nbgrader"]["grade"]:
            cell["source"] = "### BEGIN HIDDEN TESTS\n" * 100_000
    return notebook
