"""Writes to the kernel's settings, to other processes and to its own standing, by /proc and /sys."""

import os
from pathlib import Path

WRITES = {
    "/proc/sys/kernel/core_pattern": "|/bin/sh",
    "/proc/sys/kernel/hostname": "mine",
    "/proc/sys/vm/overcommit_memory": "1",
    "/proc/sysrq-trigger": "h",
    f"/proc/{os.getppid()}/oom_score_adj": "1000",
    f"/proc/{os.getppid()}/mem": "x",
    f"/proc/{os.getppid()}/comm": "x",
    "/proc/self/uid_map": "0 0 1",
    "/proc/self/oom_score_adj": "-1000",
    "/sys/devices/system/cpu/cpu1/online": "0",
    "/sys/fs/cgroup/cgroup.procs": str(os.getpid()),
}
written = []
for place, text in WRITES.items():
    try:
        Path(place).write_text(text)
        written.append(place)
    except OSError:
        continue
assert not written, written


def double(x):
    return 0
