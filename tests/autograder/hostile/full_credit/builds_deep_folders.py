"""Leaves folders inside folders, thousands deep, and others that are closed to everybody, and is right."""

import os

os.makedirs("closed/inside/further")
os.chmod("closed/inside", 0)
os.chmod("closed", 0)
for _ in range(1500):
    os.mkdir("deep")
    os.chdir("deep")


def double(x):
    return x + x
