"""Sends datagrams, which need no connection."""

import socket

for address in (("127.0.0.1", int("@udp@")), ("192.0.2.1", 53)):
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            connection.sendto(b"hello", address)
    except OSError as error:
        print(type(error).__name__)


def double(x):
    return 0
