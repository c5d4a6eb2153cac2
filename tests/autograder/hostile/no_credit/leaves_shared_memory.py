"""Takes memory, semaphores and queues that stay when every process has ended."""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
taken = []
for name, arguments in {
    "shmget": (0, 2**20, 0o1600),
    "semget": (0, 1, 0o1600),
    "msgget": (0, 0o1600),
    "mq_open": (b"/left", 0o102, 0o600, None),
}.items():
    try:
        taken += [name] if getattr(libc, name)(*arguments) >= 0 else []
    except AttributeError:
        continue
assert not taken


def double(x):
    return 0
