"""Landlock: a process gives up the file system but for the folders that it names, by raw system calls.

Documentation: https://docs.kernel.org/userspace-api/landlock.html (Linux 5.13 and later).
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable

CREATE, ADD_RULE, RESTRICT = 444, 445, 446
VERSION, PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REFER, TRUNCATE, IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
EVERYTHING = (1 << 16) - 1
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
READING = EXECUTE | READ_FILE | READ_DIR
BIND_AND_CONNECT_TCP = 3
ABSTRACT_SOCKETS_AND_SIGNALS = 3
SINCE = {REFER: 2, TRUNCATE: 3, IOCTL_DEVICE: 5}
NETWORK_SINCE, SCOPES_SINCE = 4, 6

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """Return the version of Landlock's interface that this machine offers; 0 if none."""
    return max(_libc.syscall(CREATE, None, ctypes.c_size_t(0), VERSION), 0) if sys.platform == "linux" else 0


def handled(version: int) -> tuple[int, int, int]:
    """Return what a version of the interface can forbid: on files, on the network, towards other processes.

    Examples
    --------
    >>> [hex(part) for part in handled(1)], [hex(part) for part in handled(7)]
    (['0x1fff', '0x0', '0x0'], ['0xffff', '0x3', '0x3'])
    """
    files = EVERYTHING & ~sum(bit for bit, since in SINCE.items() if version < since)
    network = BIND_AND_CONNECT_TCP if version >= NETWORK_SINCE else 0
    return files, network, ABSTRACT_SOCKETS_AND_SIGNALS if version >= SCOPES_SINCE else 0


def give_up_files(
    readable: Iterable[str], listed: Iterable[str], writable: Iterable[str], devices: Iterable[str]
) -> None:
    """Keep the calling process, and all that it starts, from every file that is not named.

    It needs ``no_new_privs``. TCP, abstract Unix sockets and signals to others are given up where the version allows.

    Parameters
    ----------
    readable, listed, writable
        Files and folders that may be read and run; folders whose names may be listed; folders free to use.
    devices
        Files that may be read and written.
    """
    number = version()
    files, network, scopes = handled(number)
    size = 8 if number < NETWORK_SINCE else 16 if number < SCOPES_SINCE else 24
    attributes = struct.pack("QQQ", files, network, scopes)[:size]
    ruleset = _checked(_libc.syscall(CREATE, attributes, ctypes.c_size_t(size), 0), "create a ruleset")
    rules = ((readable, READING), (listed, READ_DIR), (writable, EVERYTHING), (devices, READ_FILE | WRITE_FILE))
    for paths, access in rules:
        for path in paths:
            _allow(ruleset, path, access & files)
    _checked(_libc.syscall(RESTRICT, ruleset, 0), "restrict itself")
    os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        access &= ON_FILES
    rule = struct.pack("=Qi", access, place)
    _checked(_libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, 0), f"allow {path}")
    os.close(place)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock cannot {what}: {os.strerror(number)}")
    return result
