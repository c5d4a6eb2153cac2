"""Calls the kernel by numbers: the calls that are refused by name, and those of the x32 table."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
X86 = {"ptrace": 101, "unshare": 272, "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425, "keyctl": 250}
ARM = {"ptrace": 117, "unshare": 97, "bpf": 280, "userfaultfd": 282, "io_uring_setup": 425, "keyctl": 219}
numbers = X86 if os.uname().machine == "x86_64" else ARM
allowed = [name for name, number in numbers.items() if libc.syscall(number, 0, 0, 0, 0, 0) >= 0]
if os.uname().machine == "x86_64":
    allowed += [name for name, number in numbers.items() if libc.syscall(0x40000000 | number, 0, 0, 0, 0, 0) >= 0]
print(allowed)
assert not allowed


def double(x):
    return 0
