"""Which isolation this machine offers: tried, not guessed."""

from __future__ import annotations

import os
import sys
from functools import cache

from autograder.kernel import Limits, Setting

LEVELS = {
    "namespaces": "a file system, network and processes of its own; not root; refused system calls",
    "landlock": "sees no files but its own, the system's and Python's; no sockets; not root; refused system calls",
    "limits": "resource limits only: run this on notebooks that you trust, or in a container",
    "stock": "a stock kernel without limits: run this on notebooks that you trust, or in a container",
}
VARIABLE = "DESCENT_ISOLATION"


@cache
def best_level() -> str:
    """Return the strongest level that works here, or the one that the variable ``DESCENT_ISOLATION`` names."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted:
        if wanted not in LEVELS:
            raise ValueError(f"{VARIABLE} must be one of {', '.join(LEVELS)}, got {wanted!r}")
        return wanted
    return next((level for level in LEVELS if offers(level)), "stock")


def offers(level: str) -> bool:
    """Whether a student's process of this level starts here, answers, and can read Python and its packages."""
    if level == "stock":
        return True
    if not sys.platform.startswith("linux"):
        return False
    from autograder.forked_kernel import ForkedKernel
    from autograder.landlock import version

    if level == "landlock" and not version():
        return False
    try:
        with ForkedKernel(level, Setting(Limits(start=30, cell=10))) as kernel:
            return not kernel.run("import fileinput, multiprocessing, scipy.special").error
    except (OSError, RuntimeError):
        return False
