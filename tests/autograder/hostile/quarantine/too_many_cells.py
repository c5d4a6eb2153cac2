"""A hundred thousand cells, each of which would be run."""


def submission(notebook):
    empty = {"cell_type": "code", "source": "", "metadata": {}, "outputs": [], "execution_count": None}
    return {**notebook, "cells": notebook["cells"] + [empty] * 100_000}
