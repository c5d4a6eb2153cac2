"""Talks to a Unix socket without a file, which no folder can hide."""

import socket

try:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("\0@abstract@")
        connection.sendall(b"hello")
except OSError as error:
    print(type(error).__name__)


def double(x):
    return 0
