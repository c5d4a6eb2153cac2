"""Announces sixty megabytes and sends one byte now and then."""

import os
import time

while True:
    try:
        for number in range(3, 32):
            try:
                os.write(number, b"\x00\x00\x00\x01" if not os.environ.get("BEGUN") else b"\x90")
            except OSError:
                continue
        os.environ["BEGUN"] = "1"
        time.sleep(0.2)
    except BaseException:
        continue
