"""Sleeps for a day, which takes no CPU time."""

import time


def double(x):
    time.sleep(86_400)
