"""Raises its own limits, and makes itself more important than others."""

import os
import resource

raised = []
for name in ("AS", "FSIZE", "NPROC", "CPU", "NOFILE", "CORE"):
    number = getattr(resource, f"RLIMIT_{name}")
    try:
        resource.setrlimit(number, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        raised.append(name)
    except (OSError, ValueError):
        continue
try:
    raised.append(os.nice(-5))
except OSError:
    pass
assert not raised


def double(x):
    return 0
