"""Ends its process when it is called."""

import os


def double(x):
    os._exit(0)
