"""Metadata nested as deeply as JSON can be read, deeper than it can be checked."""

import json


def submission(notebook):
    text = json.dumps({**notebook, "metadata": {"deep": 0}})
    return text.replace('{"deep": 0}', '{"deep": ' + "[" * 900 + "]" * 900 + "}").encode()
