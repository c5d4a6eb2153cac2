"""Refuse system calls that no notebook needs, by a raw seccomp filter: no native dependency.

The filter lets everything through but a short list of calls that reach into other processes, the kernel or the
namespaces, or take memory that outlives the process, and sockets other than Unix ones; where asked, all sockets but
pairs that are connected from the start. It cannot be taken off again and is inherited by every child.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from functools import lru_cache

LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
X32_CALLS = 0x40000000
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
AF_UNIX, NO_FAMILY = 1, 0xFFFFFFFF
CLONE_NAMESPACES = 0x7E020000
PR_SET_SECCOMP, MODE_FILTER = 22, 2

MACHINES = {
    "x86_64": (
        0xC000003E,
        {"ptrace": 101, "mount": 165, "umount2": 166, "swapon": 167, "reboot": 169, "pivot_root": 155, "chroot": 161,
         "init_module": 175, "delete_module": 176, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250,
         "unshare": 272, "perf_event_open": 298, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311,
         "kcmp": 312, "finit_module": 313, "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425, "open_tree": 428,
         "move_mount": 429, "fsopen": 430, "fsmount": 432, "pidfd_open": 434, "pidfd_getfd": 438, "clone3": 435,
         "mount_setattr": 442, "open_by_handle_at": 304, "shmget": 29, "semget": 64, "msgget": 68, "mq_open": 240},
        {"socket": 41, "socketpair": 53, "clone": 56},
    ),
    "aarch64": (
        0xC00000B7,
        {"ptrace": 117, "mount": 40, "umount2": 39, "swapon": 224, "reboot": 142, "pivot_root": 41, "chroot": 51,
         "init_module": 105, "delete_module": 106, "kexec_load": 104, "add_key": 217, "request_key": 218, "keyctl": 219,
         "unshare": 97, "perf_event_open": 241, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271,
         "kcmp": 272, "finit_module": 273, "bpf": 280, "userfaultfd": 282, "io_uring_setup": 425, "open_tree": 428,
         "move_mount": 429, "fsopen": 430, "fsmount": 432, "pidfd_open": 434, "pidfd_getfd": 438, "clone3": 435,
         "mount_setattr": 442, "open_by_handle_at": 265, "shmget": 194, "semget": 190, "msgget": 186, "mq_open": 180},
        {"socket": 198, "socketpair": 199, "clone": 220},
    ),
}  # fmt: skip


class Program(ctypes.Structure):
    """A filter as the kernel takes it."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


@lru_cache
def build_filter(machine: str, unix_sockets: bool = True) -> bytes:
    """Assemble the filter for a machine; ValueError if the machine is not known."""
    if machine not in MACHINES:
        raise ValueError(f"machine must be one of {', '.join(MACHINES)}, got {machine!r}")
    architecture, refused, inspected = MACHINES[machine]
    refuse = (RETURN, 0, 0, ERRNO | errno.EPERM)
    # glibc falls back from clone3, whose flags a filter cannot see, to clone, whose flags it can
    unknown = (RETURN, 0, 0, ERRNO | errno.ENOSYS)
    code = [(LOAD, 0, 0, ARCHITECTURE), (JUMP_EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL), (LOAD, 0, 0, NUMBER)]
    if machine == "x86_64":
        code += [(JUMP_AT_LEAST, 0, 1, X32_CALLS), refuse]
    for name, number in refused.items():
        code += [(JUMP_EQUAL, 0, 1, number), unknown if name == "clone3" else refuse]
    for name, family in (("socket", AF_UNIX if unix_sockets else NO_FAMILY), ("socketpair", AF_UNIX)):
        test = [(LOAD, 0, 0, FIRST_ARGUMENT), (JUMP_EQUAL, 1, 0, family), refuse, (RETURN, 0, 0, ALLOW)]
        code += [(JUMP_EQUAL, 0, len(test), inspected[name]), *test]
    test = [(LOAD, 0, 0, FIRST_ARGUMENT), (JUMP_SET, 0, 1, CLONE_NAMESPACES), refuse, (RETURN, 0, 0, ALLOW)]
    code += [(JUMP_EQUAL, 0, len(test), inspected["clone"]), *test, (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def refuse_system_calls(unix_sockets: bool = True) -> None:
    """Put the filter on the calling process; it needs ``no_new_privs``. On x86-64 the x32 calls are refused too."""
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "seccomp is a feature of Linux")
    code = build_filter(os.uname().machine, unix_sockets)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = Program(len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp filter refused")
