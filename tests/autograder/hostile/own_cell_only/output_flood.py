"""Prints without end, in its cell and in its function."""

for _ in range(50_000):
    print("flood " * 20)


def double(x):
    while True:
        print("flood" * 1000)
