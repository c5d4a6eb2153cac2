"""Returns integers that no float and no decimal text can hold."""


def double(x):
    return 10**400 if x == 3 else 2**40_000


# %% scaled
def scaled(x):
    return 10**5000
