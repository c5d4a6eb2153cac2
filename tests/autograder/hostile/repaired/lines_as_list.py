"""Cells whose text is a list of lines, and lines that end as on Windows."""


def submission(notebook):
    for cell in notebook["cells"]:
        cell["source"] = [line + "\r\n" for line in cell["source"].splitlines()]
    return notebook
