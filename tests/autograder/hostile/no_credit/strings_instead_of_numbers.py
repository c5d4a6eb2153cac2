"""Returns lists in which one long string makes an array of strings as large as the machine."""


def double(x):
    return ["a" * 1_000_000] + ["b"] * 2_000_000


# %% scaled
def scaled(x):
    return ["a" * 1_000_000] + ["b"] * 2_000_000
