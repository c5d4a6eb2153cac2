"""Ignores every signal that it can, and is right."""

import signal

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN)


def double(x):
    return x + x
