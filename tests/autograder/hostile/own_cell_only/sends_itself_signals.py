"""Sends every signal to itself and to its process group."""

import os
import signal

for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
    os.kill(os.getpid(), number)
    os.killpg(0, number)


def double(x):
    os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGSEGV)
