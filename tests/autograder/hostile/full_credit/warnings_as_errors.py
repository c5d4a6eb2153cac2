"""Has every warning raised as an error, and is right."""

import warnings

warnings.simplefilter("error")


def double(x):
    return 2 * x
