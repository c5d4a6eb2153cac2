"""Numbers, strings and null where cells should be."""


def submission(notebook):
    return {**notebook, "cells": [*notebook["cells"], None, 7, "cell", [], {}]}
