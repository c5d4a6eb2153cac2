"""A cell whose text is a dict."""


def submission(notebook):
    notebook["cells"][2]["source"] = {"text": "x"}
    return notebook
