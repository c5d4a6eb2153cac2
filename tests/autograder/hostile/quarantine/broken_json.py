"""A notebook that was cut off on its way."""

import json


def submission(notebook):
    return json.dumps(notebook)[:-200].encode()
