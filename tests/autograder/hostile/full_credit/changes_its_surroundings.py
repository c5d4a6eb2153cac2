"""Changes folder, environment, streams, limits and NumPy's settings, and is right."""

import io
import os
import random
import sys

import numpy as np

os.chdir("/tmp")
os.environ.clear()
sys.argv[:] = []
sys.setrecursionlimit(500)
np.seterr(all="raise")
np.random.seed(0)
random.seed(0)


def double(x):
    sys.stdout, sys.stderr = io.StringIO(), None
    return 2 * x
