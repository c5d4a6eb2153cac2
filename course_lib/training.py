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

`y` and `weights` are passed as NumPy arrays. Outputs may stay on a device: they are collected many batches at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from course_lib.callbacks import MOMENTS, Callback, History, Logs, ProgbarLogger, Run
from course_lib.metrics import Metric, get_metric
from course_lib.reference.losses import Loss, SparseCategoricalCrossentropy, get_loss
from course_lib.reference.memory import by_columns
from course_lib.reference.optimizers import Optimizer, get_optimizer
from course_lib.validation import as_generator, check_number

TALLY_ROWS = 8192  # outputs are looked at this many rows at a time: far cheaper than batch by batch


class Model(Protocol):
    """What `fit` asks of a model; see the module's table."""

    output_shape: tuple[int, ...]

    def prepare(self, X: Any) -> Any:
        """Return the checked samples."""

    def take(self, X: Any, rows: np.ndarray) -> Any:
        """Return a batch of the prepared samples."""

    def train_batch(self, X: Any, y: np.ndarray, loss: Loss, optimizer: Any, weights: np.ndarray | None) -> Any:
        """Make a step; return the outputs."""

    def predict(self, X: Any, batch_size: int = 1024) -> np.ndarray:
        """Return the outputs."""

    def collect(self, outputs: Sequence[Any]) -> np.ndarray:
        """Return the outputs as one array."""

    def penalty(self) -> float:
        """Return the penalties."""


def fit(
    model: Model,
    X: Any,
    y: Any,
    loss: str | Loss,
    optimizer: str | Optimizer = "adam",
    *,
    epochs: int = 1,
    batch_size: int = 32,
    metrics: Iterable[str | Metric] = (),
    validation_split: float = 0.0,
    validation_data: tuple[Any, Any] | None = None,
    class_weight: Mapping[int, float] | None = None,
    sample_weight: Any = None,
    callbacks: Iterable[Callback] = (),
    shuffle: bool = True,
    drop_last: bool = False,
    seed: int | np.random.Generator = 0,
    verbose: int = 0,
    initial_epoch: int = 0,
) -> History:
    """Train `model` on samples `X` (n, …) and targets `y` (n, …); return the history.

    Parameters
    ----------
    loss, optimizer
        Names or objects. An optimizer object keeps its state, so a second call goes on where the first ended.
    epochs, batch_size
        The run ends after epoch number `epochs`; the last batch of an epoch may be smaller.
    metrics
        Names or metrics, computed on the outputs of each epoch's steps ("accuracy") and of the validation
        ("val_accuracy"). "loss" and "val_loss" contain the penalties, as in Keras; weights count in "loss" only.
    validation_split
        Share of the samples, taken from the end before any shuffling (as Keras), that is kept for validation.
    validation_data
        A pair (X, y) instead.
    class_weight, sample_weight
        Factors of the samples' losses: by label, by sample (n,), or both; the mean still divides by n.
    callbacks
        Called in this order, the history after them.
    shuffle, seed
        Whether each epoch has a new order, drawn from `seed`: same seed, same result.
    drop_last
        Leave out a last batch that is smaller than the others.
    verbose
        1 shows a progress bar.
    initial_epoch
        Number of the first epoch, for a run that is taken up again.

    Examples
    --------
    >>> from course_lib.reference.layers import Activation, Dense
    >>> from course_lib.reference.network import Network
    >>> from course_lib.reference.optimizers import Adam
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 2))
    >>> y = (X[:, 0] * X[:, 1] > 0).astype(int)           # exclusive or
    >>> network = Network([Dense(16), Activation("relu"), Dense(1), Activation("sigmoid")], seed=0)
    >>> history = fit(network, X, y, "binary_crossentropy", Adam(0.01), epochs=100, validation_split=0.2,
    ...               metrics=["accuracy"])
    >>> history["accuracy"][-1] > 0.95
    True
    """
    loss, optimizer = get_loss(loss), get_optimizer(optimizer)
    measures = [get_metric(metric, loss) for metric in metrics]
    epochs, batch_size = _count("epochs", epochs, 0), _count("batch_size", batch_size, 1)
    X, y = _pair(X, y, "")
    weights = _weights(y, class_weight, sample_weight)
    if validation_split:
        if validation_data is not None:
            raise ValueError("give validation_split or validation_data, not both")
        X, y, weights, validation_data = _split(X, y, weights, validation_split)
    X = model.prepare(X)
    y = _like_outputs(y, model, loss)
    if validation_data is not None:
        X_val, y_val = _pair(*validation_data, "validation ")
        validation_data = model.prepare(X_val), _like_outputs(y_val, model, loss)

    batches = Batches(len(y), batch_size, shuffle, drop_last, as_generator(seed))
    history = History()
    run = Run(model, optimizer, epochs, len(batches))
    crew = Crew([*callbacks, *([ProgbarLogger()] if verbose else []), history], run)
    try:
        crew.tell("on_train_begin")
        for epoch in range(initial_epoch, epochs):
            crew.tell("on_epoch_begin", epoch)
            logs = _epoch(model, X, y, weights, batches, loss, optimizer, measures, crew)
            if validation_data is not None:
                scores = evaluate(model, *validation_data, loss, measures)
                logs |= {f"val_{name}": value for name, value in scores.items()}
            crew.tell("on_epoch_end", epoch, logs)
            if run.stopped:
                break
    finally:
        crew.tell("on_train_end")
    return history


def evaluate(
    model: Model, X: Any, y: Any, loss: str | Loss, metrics: Iterable[str | Metric] = (), batch_size: int = 1024
) -> Logs:
    """Return the loss (penalties included) and the metrics of `model` on `X`, `y`, in prediction mode.

    Examples
    --------
    >>> from course_lib.reference.layers import Dense
    >>> from course_lib.reference.network import Network
    >>> network = Network([Dense(1, kernel_initializer="zeros")], input_shape=1)
    >>> evaluate(network, [[1.0], [2.0]], [[1.0], [3.0]], "mse", ["mae"])
    {'loss': 5.0, 'mean_absolute_error': 2.0}
    """
    loss = get_loss(loss)
    X, y = _pair(X, y, "")
    X = model.prepare(X)
    tally = Tally(model, _like_outputs(y, model, loss), None, loss, [get_metric(metric, loss) for metric in metrics])
    tally.add(np.arange(len(y)), model.predict(X, batch_size))
    return tally.result(model.penalty())


def _epoch(
    model: Model,
    X: Any,
    y: np.ndarray,
    weights: np.ndarray | None,
    batches: Batches,
    loss: Loss,
    optimizer: Optimizer,
    metrics: list[Metric],
    crew: Crew,
) -> Logs:
    """Make one step a batch and return loss and metrics over all of them."""
    tally = Tally(model, y, weights, loss, metrics)
    penalties = 0.0
    for number, rows in enumerate(batches):
        crew.tell("on_batch_begin", number)
        penalty = model.penalty()
        a = model.train_batch(model.take(X, rows), y[rows], loss, optimizer, None if weights is None else weights[rows])
        logs = {"loss": tally.loss_of(rows, model.collect([a])) + penalty} if crew.wants_batch_loss else {}
        tally.add(rows, a)
        penalties += penalty
        crew.tell("on_batch_end", number, logs)
        if crew.run.stopped:
            break
    return tally.result(penalties / (number + 1))


class Batches:
    """The rows of each batch of an epoch, in a new order each time it is iterated over.

    Examples
    --------
    >>> [rows.tolist() for rows in Batches(5, 2, shuffle=False)]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        n: int,
        batch_size: int,
        shuffle: bool = True,
        drop_last: bool = False,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.n, self.batch_size, self.shuffle = n, min(batch_size, n), shuffle
        self.stop = n - n % self.batch_size if drop_last else n
        self.rng = rng or np.random.default_rng(0)

    def __len__(self) -> int:
        return -(-self.stop // self.batch_size)

    def __iter__(self) -> Any:
        order = self.rng.permutation(self.n) if self.shuffle else np.arange(self.n)
        for start in range(0, self.stop, self.batch_size):
            yield order[start : start + self.batch_size]


class Tally:
    """Outputs of many batches, turned into the mean loss and the metrics over all their samples."""

    def __init__(
        self, model: Model, y: np.ndarray, weights: np.ndarray | None, loss: Loss, metrics: list[Metric]
    ) -> None:
        self.model, self.y, self.weights, self.loss, self.metrics = model, y, weights, loss, metrics
        self.rows: list[np.ndarray] = []
        self.outputs: list[Any] = []
        self.waiting = self.count = 0
        self.total = 0.0
        for metric in metrics:
            metric.reset()

    def add(self, rows: np.ndarray, outputs: Any) -> None:
        """Take in the outputs of the samples `rows`."""
        self.rows.append(rows)
        self.outputs.append(outputs)
        self.waiting += len(rows)
        if self.waiting >= TALLY_ROWS:
            self.flush()

    def loss_of(self, rows: np.ndarray, outputs: np.ndarray) -> float:
        """Return the mean loss of these samples."""
        return self.loss(self.y[rows], outputs, None if self.weights is None else self.weights[rows])

    def flush(self) -> None:
        """Work out what has been taken in, and let go of it."""
        rows, outputs = np.concatenate(self.rows), by_columns(self.model.collect(self.outputs))
        self.total += self.loss_of(rows, outputs) * len(rows)
        for metric in self.metrics:
            metric.update(self.y[rows], outputs)
        self.count += len(rows)
        self.rows, self.outputs, self.waiting = [], [], 0

    def result(self, penalty: float) -> Logs:
        """Return the mean loss plus `penalty`, and the metrics."""
        if self.waiting:
            self.flush()
        return {"loss": self.total / self.count + penalty} | {m.name: m.result() for m in self.metrics}


class Crew:
    """All callbacks of a run; only those are called that override a moment."""

    def __init__(self, callbacks: list[Callback], run: Run) -> None:
        self.run = run
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks must be Callback objects, got {callback!r}")
            callback.run = run
        self.wants_batch_loss = any(callback.wants_batch_loss for callback in callbacks)
        self.listeners = {
            moment: [
                getattr(callback, moment)
                for callback in callbacks
                if moment in vars(callback) or getattr(type(callback), moment) is not getattr(Callback, moment)
            ]
            for moment in MOMENTS
        }

    def tell(self, moment: str, *arguments: Any) -> None:
        """Call that moment's method of every callback that has one of its own."""
        for listener in self.listeners[moment]:
            listener(*arguments)


def _count(name: str, value: Any, low: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < low:
        raise ValueError(f"{name} must be a whole number >= {low}, got {value!r}")
    return int(value)


def _pair(X: Any, y: Any, kind: str) -> tuple[Any, np.ndarray]:
    """Return samples and targets of one length, the targets finite."""
    X, y = (X if hasattr(X, "shape") else np.asarray(X)), np.asarray(y)
    if X.ndim < 2 or y.ndim < 1 or len(X) != len(y) or not len(y):
        raise ValueError(
            f"{kind}X (n, features) and y must have one row a sample and at least one sample, "
            f"got shapes {tuple(X.shape)} and {y.shape}"
        )
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError(f"{kind}y must be finite, got {y[~np.isfinite(y)][0]}: leave out samples without a target")
    return X, y


def _like_outputs(y: np.ndarray, model: Model, loss: Loss) -> np.ndarray:
    """Return targets (n,) as a column where the model has one output a sample and the loss compares entries."""
    labels = isinstance(loss, SparseCategoricalCrossentropy)
    return y[:, None] if y.ndim == 1 and model.output_shape == (1,) and not labels else y


def _weights(y: np.ndarray, class_weight: Mapping[int, float] | None, sample_weight: Any) -> np.ndarray | None:
    """Return one factor a sample, or None."""
    weights = None
    if sample_weight is not None:
        weights = np.asarray(sample_weight, float)
        if weights.shape != (len(y),):
            raise ValueError(f"sample_weight must have shape ({len(y)},), got {weights.shape}")
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise ValueError("sample_weight must be finite and not negative")
    if class_weight is not None:
        labels = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.ravel()
        missing = sorted(set(np.unique(labels).tolist()) - set(class_weight))
        if missing:
            raise ValueError(f"class_weight must name every class, {missing} is missing: 1.0 leaves a class as it is")
        factors = np.array([class_weight[label] for label in labels.tolist()], float)
        weights = factors if weights is None else weights * factors
    return weights


def _split(X: Any, y: np.ndarray, weights: np.ndarray | None, share: float) -> tuple[Any, Any, Any, tuple[Any, Any]]:
    """Return the first samples for training and the last `share` of them for validation."""
    check_number("validation_split", share, 0, 1, open_high=True)
    cut = len(y) - int(len(y) * share)
    if cut == len(y) or cut == 0:
        raise ValueError(f"validation_split={share} leaves no sample on one side of {len(y)}")
    return X[:cut], y[:cut], None if weights is None else weights[:cut], (X[cut:], y[cut:])
