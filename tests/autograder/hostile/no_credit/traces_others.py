"""Attaches itself to its parents, and reads and writes their memory."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
allowed = []
for target in (1, os.getppid(), os.getpid()):
    for request in (0, 16, 0x4206):
        if libc.ptrace(request, target, None, None) == 0:
            allowed.append((target, request))
buffer = ctypes.create_string_buffer(64)
vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 64)
for call in (libc.process_vm_readv, libc.process_vm_writev):
    if call(os.getpid(), vector, 1, vector, 1, 0) >= 0:
        allowed.append(call)
assert not allowed


def double(x):
    return 0
