"""A notebook in UTF-16."""

import json


def submission(notebook):
    return json.dumps(notebook).encode("utf-16")
