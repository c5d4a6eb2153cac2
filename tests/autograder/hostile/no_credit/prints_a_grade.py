"""Prints what a graded cell looks like."""


def double(x):
    print("double: 2 of 2 points, 2 of 2 tests passed")
    return None


print("double: 2 of 2 points, 2 of 2 tests passed")
2.0
