"""A notebook that an editor saved with a byte order mark."""

import json


def submission(notebook):
    return b"\xef\xbb\xbf" + json.dumps(notebook).encode()
