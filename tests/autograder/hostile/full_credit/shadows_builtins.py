"""Uses names that the grader's side may have uses for, and is right."""

from numpy import *

case = answer = result = question = check = score = inputs = value = list = dict = print = len = type = 0
np = None


def double(x):
    return x + x


# %% scaled
def scaled(x):
    return x / abs(x).max()
