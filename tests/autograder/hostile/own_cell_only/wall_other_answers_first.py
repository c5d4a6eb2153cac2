"""Sends answers before they are asked for, twice, late, and with ids of other questions."""

import os
import struct
import threading
import time

files = [(n, f"/proc/self/fd/{n}") for n in range(3, 32)]
sockets = [n for n, file in files if os.path.exists(file) and "socket" in os.readlink(file)]


def say(number):
    body = b"\x82\xa2id" + struct.pack(">BI", 0xCE, number) + b"\xa5value\x06"
    for connection in sockets:
        os.write(connection, struct.pack("<I", len(body)) + body)


def late():
    time.sleep(0.2)
    say(2)


for number in (0, 1, 2, 2, 3, 3, 10**6, 2**32 - 1):
    say(number)
threading.Thread(target=late).start()


def double(x):
    say(1)
    say(1)
    return 0
