"""Test cells that now return full marks, and more, and nonsense."""


def submission(notebook):
    locked = [c for c in notebook["cells"] if not c["metadata"]["nbgrader"]["solution"]]
    for cell, source in zip(locked, ["100", "-1", "float('nan')", "while True: pass", "exit()"]):
        cell["source"] = source
    return notebook
