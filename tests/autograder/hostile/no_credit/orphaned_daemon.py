"""Leaves a process behind in a session of its own."""

import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 256)
        while True:
            time.sleep(1)
    os._exit(0)


def double(x):
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    return 0
