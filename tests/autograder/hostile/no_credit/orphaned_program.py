"""Leaves programs behind that ignore hang-ups."""

import subprocess

for command in ("nohup sleep 600", "setsid sleep 600", "trap '' 1 2 15; while true; do sleep 1; done"):
    subprocess.Popen(["/bin/sh", "-c", command], start_new_session=True)


def double(x):
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    return 0
