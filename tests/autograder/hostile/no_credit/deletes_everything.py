"""Removes the course and everything else that it may remove."""

import shutil

for folder in ("@course@", "@course@/grading"):
    shutil.rmtree(folder, ignore_errors=True)


def double(x):
    return 0
