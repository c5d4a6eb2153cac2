"""Spends its time in one regular expression."""

import re


def double(x):
    return re.match("(a+)+$", "a" * 60 + "b")
