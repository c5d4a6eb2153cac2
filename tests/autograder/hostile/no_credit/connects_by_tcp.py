"""Sends what it knows to a server by TCP, on the loopback and outside."""

import socket

for address in (("127.0.0.1", int("@tcp@")), ("192.0.2.1", 80)):
    try:
        with socket.create_connection(address, timeout=0.3) as connection:
            connection.sendall(b"hello")
    except OSError as error:
        print(type(error).__name__)


def double(x):
    return 0
