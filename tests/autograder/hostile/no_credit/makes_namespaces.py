"""Makes namespaces in which it would be root, and mounts file systems there."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
allowed = [flag for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000) if libc.unshare(flag) == 0]
allowed += [kind for kind in (b"tmpfs", b"proc", b"sysfs") if libc.mount(b"none", b"/tmp", kind, 0, None) == 0]
allowed += [name for name in (b"/", b"/proc", b"/home/student") if libc.umount2(name, 2) == 0]
child = libc.syscall({"x86_64": 56, "aarch64": 220}[os.uname().machine], 0x10000000 | 17, 0, 0, 0, 0)
if child == 0:
    os._exit(0)
assert not allowed
assert child < 0


def double(x):
    return 0
