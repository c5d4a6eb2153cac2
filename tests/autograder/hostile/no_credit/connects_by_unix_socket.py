"""Talks to a Unix socket in the course's folder."""

import socket

try:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("@course@/listener")
        connection.sendall(b"hello")
except OSError as error:
    print(type(error).__name__)


def double(x):
    return 0
