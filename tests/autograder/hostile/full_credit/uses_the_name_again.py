"""Uses the names of its answers for other things below."""


def double(x):
    return x + x


# %% scaled
def scaled(x):
    return x / abs(x).max()


# %%
double, scaled = 7, None
