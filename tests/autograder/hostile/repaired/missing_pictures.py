"""Refers to pictures that are not there, at which formgrader would stop, and brings one that is a page."""


def submission(notebook):
    text = "![a](attachment:a.png) <img src='attachment:b.png'> [c]: attachment:c.png"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] += "\n\n" + text
            cell["attachments"] = {"d.svg": {"image/svg+xml": "<svg onload='alert(1)'/>"}}
    extra = {"cell_type": "markdown", "source": text, "metadata": {}, "id": "extra"}
    return {**notebook, "cells": [*notebook["cells"], extra]}
