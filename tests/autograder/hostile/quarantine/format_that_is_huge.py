"""A notebook whose version has four thousand digits."""

import json


def submission(notebook):
    return json.dumps({**notebook, "nbformat": 0}).replace('"nbformat": 0', '"nbformat": ' + "4" * 4000).encode()
