"""Flags turned over: manual questions that are not, test cells that are solutions."""


def submission(notebook):
    for cell in notebook["cells"]:
        marks = cell["metadata"]["nbgrader"]
        marks.update(solution=not marks["solution"], grade=not marks["grade"], locked=not marks["locked"], task=True)
    return notebook
