"""Asks for privileges back, in every way that there is."""

import ctypes
import os
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
gained = []
for change in (os.setuid, os.setgid, os.seteuid, os.setegid):
    try:
        change(0)
        gained.append(change.__name__)
    except OSError:
        continue
for program in ("su", "sudo", "mount", "newuidmap", "passwd"):
    try:
        command = [program, "-c", "id -u"]
        found = subprocess.run(command, capture_output=True, text=True, timeout=2, input="", check=False)
        gained += [program] if found.stdout.strip() == "0" else []
    except (OSError, subprocess.SubprocessError):
        continue
libc.prctl(38, 0, 0, 0, 0)
libc.prctl(22, 0, 0, 0, 0)
print(gained, os.getuid(), os.getresuid())
assert os.getuid() != 0


def double(x):
    return 0
