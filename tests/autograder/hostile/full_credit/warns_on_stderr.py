"""Warns, logs and prints to stderr, which costs nothing."""

import logging
import sys
import warnings


def double(x):
    warnings.warn("careful", stacklevel=1)
    logging.warning("careful")
    print("careful", file=sys.stderr)
    return 2 * x
