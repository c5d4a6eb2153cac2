"""The loop over epochs and batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from course_lib.callbacks import Callback, Crew, History, Logs, ProgbarLogger, Run
from course_lib.metrics import Metric, get_metrics
from course_lib.reference.losses import Loss, get_loss
from course_lib.reference.optimizers import Optimizer, get_optimizer
from course_lib.training.batches import Batches
from course_lib.training.inputs import check_pair, check_validation_data, combined_weights, like_outputs, split
from course_lib.training.model import Model
from course_lib.training.tally import Tally
from course_lib.validation import as_generator, check_count


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
    measures = get_metrics(metrics, loss)
    if isinstance(callbacks, Callback):
        raise TypeError(f"callbacks must be a list, got one {type(callbacks).__name__}: write [it]")
    epochs, batch_size = check_count("epochs", epochs, 0), check_count("batch_size", batch_size, 1)
    initial_epoch = check_count("initial_epoch", initial_epoch, 0)
    X, y = check_pair(X, y, "")
    weights = combined_weights(y, class_weight, sample_weight)
    if validation_split:
        if validation_data is not None:
            raise ValueError("give validation_split or validation_data, not both")
        X, y, weights, validation_data = split(X, y, weights, validation_split)
    X = model.prepare(X)
    y = like_outputs(y, model, loss)
    if validation_data is not None:
        X_val, y_val = check_validation_data(validation_data)
        validation_data = model.prepare(X_val), like_outputs(y_val, model, loss)

    if hasattr(model, "adopt"):
        adopted: tuple[Loss, Optimizer] = model.adopt(loss, optimizer)
        loss, optimizer = adopted

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
    X, y = check_pair(X, y, "")
    X = model.prepare(X)
    tally = Tally(model, like_outputs(y, model, loss), None, loss, get_metrics(metrics, loss))
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
    if hasattr(model, "train_epoch") and not crew.watches_batches:
        order = list(batches)
        outputs, penalty = model.train_epoch(X, y, order, loss, optimizer, weights)
        tally.add_all(np.concatenate(order), outputs)
        return tally.result(penalty)
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
