"""Stops its own process, so that it can neither answer nor be interrupted."""

import os
import signal


def double(x):
    os.kill(os.getpid(), signal.SIGSTOP)
