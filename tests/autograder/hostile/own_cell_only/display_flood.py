"""Displays pictures and pages of many megabytes."""

from IPython.display import HTML, display

for _ in range(20):
    display(HTML("flood" * 1_000_000))


def double(x):
    raise ValueError("flood" * 5_000_000)
