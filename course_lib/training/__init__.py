"""Training: `fit` takes a model through epochs and batches, with validation, callbacks and a history.

`fit` drives any backend. All it asks of a model is this (`course_lib.reference.Network` is the first of them):

| method | returns |
|---|---|
| `prepare(X)` | the samples as the model wants them, checked; a second time changes nothing |
| `take(X, rows)` | a batch of the prepared samples, valid until the next call |
| `train_batch(X, y, loss, optimizer, weights)` | the outputs from before the step it makes |
| `predict(X, batch_size)` | the outputs in prediction mode, a NumPy array |
| `collect(outputs)` | the outputs of several batches as one NumPy array |
| `penalty()` | the sum of the regularizers' penalties |
| `get_weights()`, `set_weights(weights)` | all that training changes, and back |
| `save(path)` | nothing; for `ModelCheckpoint` |
| `output_shape` | shape of one sample's outputs |

A model may also have (`course_lib.accelerated.Network` has both):

| method | what it is for |
|---|---|
| `adopt(loss, optimizer)` | returns both as the model's backend computes them; called once a run |
| `train_epoch(X, y, batches, loss, optimizer, weights)` | all steps of an epoch where no callback looks at single \
batches; returns all outputs, in the order of the batches, and the mean penalty |

`y` and `weights` are passed as NumPy arrays. Outputs may stay on a device: they are collected many batches at a time.
"""

from __future__ import annotations

from course_lib.training.batches import Batches
from course_lib.training.loop import evaluate, fit
from course_lib.training.model import Model
from course_lib.training.tally import Tally

__all__ = ["Batches", "Model", "Tally", "evaluate", "fit"]
