"""Callbacks: what happens beside the steps of a training run.

| callback | what it does |
|---|---|
| `Callback` | base class of one's own |
| `LambdaCallback` | a callback out of functions |
| `History` | keeps the numbers, plots itself, becomes a data frame; `fit` returns it |
| `ProgbarLogger` | progress bar; `fit(verbose=1)` adds it |
| `EarlyStopping` | stops when nothing improves, goes back to the best weights |
| `TerminateOnNaN` | stops when the loss is no number |
| `LearningRateScheduler` | sets the rate by the epoch |
| `ReduceLROnPlateau` | lowers the rate when nothing improves |
| `ModelCheckpoint` | saves the model |
| `CSVLogger` | writes the numbers to a file |
| `RemoteMonitor` | sends the numbers to a server |

These are the callbacks on the list of USC EE599 (2020) that have a meaning here, under Keras' names. `BaseLogger`
has none: `fit` itself averages over the epoch. Nor has `TensorBoard`, which writes the file format of one program:
`CSVLogger` writes one that every program reads.
"""

from __future__ import annotations

from course_lib.callbacks.base import MOMENTS, Callback, LambdaCallback, Logs, Run
from course_lib.callbacks.crew import Crew
from course_lib.callbacks.progress import ProgbarLogger
from course_lib.callbacks.rates import LearningRateScheduler, ReduceLROnPlateau
from course_lib.callbacks.records import CSVLogger, History, ModelCheckpoint, RemoteMonitor
from course_lib.callbacks.stopping import EarlyStopping, TerminateOnNaN

__all__ = [
    "MOMENTS",
    "CSVLogger",
    "Callback",
    "Crew",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "Logs",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "Run",
    "TerminateOnNaN",
]
