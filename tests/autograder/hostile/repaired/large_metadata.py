"""Ten megabytes of metadata and attachments that nobody asked for."""


def submission(notebook):
    notebook["metadata"]["widgets"] = {"state": "x" * 5_000_000}
    notebook["cells"][0]["attachments"] = {"a.png": {"image/png": "x" * 5_000_000}}
    return notebook
