"""Asks the kernel for sockets of every other family: netlink, packet, VSOCK, Bluetooth, ALG."""

import socket

opened = []
for family in range(2, 46):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            opened.append(socket.socket(family, kind))
        except OSError:
            continue
print(opened)
assert not opened


def double(x):
    return 0
