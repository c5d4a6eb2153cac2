"""Learning rate schedules: callables that turn the number of the step (from 0) into a learning rate.

>>> rate = LinearWarmup(CosineDecay(0.1, decay_steps=100), steps=10)
>>> [round(rate(k), 4) for k in (0, 5, 10, 60, 110)]
[0.0, 0.05, 0.1, 0.05, 0.0]

Names and arguments are those of Keras where Keras has the schedule. `ReduceOnPlateau` looks at the loss
instead of the clock, so it is told with `update`.

Who differs: Keras changes a piecewise rate *after* the boundary step, PyTorch's ``MultiStepLR`` and optax
*at* it; Keras restarts a cosine with periods that double (``t_mul=2``), PyTorch with equal ones
(``T_mult=1``); Keras gives the floor of a cosine as a fraction (`alpha`), PyTorch as a rate (``eta_min``).
"""

from course_lib.schedules.base import Schedule
from course_lib.schedules.combined import Chain, LinearWarmup
from course_lib.schedules.cycles import CosineDecay, CosineDecayRestarts, Triangular
from course_lib.schedules.decays import (
    ExponentialDecay,
    InverseTimeDecay,
    LinearDecay,
    PiecewiseConstantDecay,
)
from course_lib.schedules.plateau import ReduceOnPlateau

__all__ = [
    "Chain",
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LinearDecay",
    "LinearWarmup",
    "PiecewiseConstantDecay",
    "ReduceOnPlateau",
    "Schedule",
    "Triangular",
]
