"""JSON in which a key stands twice: the last one counts, here the honest one."""

import json


def submission(notebook):
    return ('{"cells": [], "nbformat": 3, ' + json.dumps(notebook)[1:]).encode()
