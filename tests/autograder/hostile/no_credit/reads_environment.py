"""Prints the environment, as it is and as it was when the process began."""

import os
from pathlib import Path

print(dict(os.environ))
for name in ("self", "1", str(os.getppid())):
    try:
        print(Path("/proc", name, "environ").read_bytes())
    except OSError as error:
        print(error)


def double(x):
    return 0
