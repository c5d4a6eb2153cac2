"""Methods that use curvature: Newton, BFGS, L-BFGS, and a small K-FAC for dense layers.

The first three minimize a function of one flat vector, which is what a `Network` is as well:

>>> import numpy as np
>>> from course_lib.reference.layers import Activation, Dense
>>> from course_lib.reference.losses import MeanSquaredError
>>> from course_lib.reference.network import Network
>>> network = Network([Dense(8), Activation("tanh"), Dense(1)], input_shape=1, dtype="float64")
>>> X = np.linspace(-3, 3, 50)[:, None]
>>> found = lbfgs(network_objective(network, X, np.sin(X), MeanSquaredError()), network.parameters)
>>> found.value < 1e-4
True
"""

from course_lib.reference.second_order.directions import bfgs_update, lbfgs_direction, newton_step
from course_lib.reference.second_order.kfac import KFAC, kronecker_factors
from course_lib.reference.second_order.line_search import strong_wolfe
from course_lib.reference.second_order.methods import Minimum, bfgs, lbfgs, network_objective, newton

__all__ = [
    "KFAC",
    "Minimum",
    "bfgs",
    "bfgs_update",
    "kronecker_factors",
    "lbfgs",
    "lbfgs_direction",
    "network_objective",
    "newton",
    "newton_step",
    "strong_wolfe",
]
