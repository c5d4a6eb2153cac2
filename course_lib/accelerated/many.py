"""Train many networks: `fit_many` does what a loop over `fit` would do, in less time.

>>> from course_lib.accelerated.layers import Activation, Dense
>>> from course_lib.accelerated.optimizers import Adam
>>> rng = np.random.default_rng(0)
>>> X = rng.normal(size=(200, 2))
>>> y = (X[:, 0] * X[:, 1] > 0).astype(int)               # exclusive or
>>> rates, widths = (0.1, 0.01, 0.001), (4, 16)
>>> networks = [Network([Dense(width), Activation("tanh"), Dense(2)], 2, seed=0, device="cpu")
...             for width in widths for _ in rates]
>>> loss = SparseCategoricalCrossentropy(from_logits=True)
>>> histories = fit_many(networks, X, y, loss, [Adam(rate) for _ in widths for rate in rates], epochs=20)
>>> len(histories), len(histories[0]["loss"])
(6, 20)
>>> min(history["loss"][-1] for history in histories) < 0.2
True

Networks that differ in numbers only are stacked into one `Ensemble`; those of another width, or with another kind of
optimizer, form an ensemble of their own. How many are stacked at once is found by measurement, see `stack_size`.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

from course_lib.accelerated.losses import get_loss
from course_lib.accelerated.members import signature
from course_lib.accelerated.network import Network
from course_lib.accelerated.optimizers import get_optimizer
from course_lib.accelerated.stacking import stack_size, timed
from course_lib.accelerated.together import Member, Plan, train
from course_lib.callbacks import History
from course_lib.metrics import Metric
from course_lib.reference.losses import Loss, SparseCategoricalCrossentropy
from course_lib.reference.optimizers import Optimizer
from course_lib.training.inputs import check_count, check_pair
from course_lib.validation import as_generator

__all__ = ["SparseCategoricalCrossentropy", "fit_many"]

TRIAL = 48  # steps by which a stack is measured


def fit_many(
    networks: Sequence[Network],
    X: Any,
    y: Any,
    loss: str | Loss,
    optimizers: str | Sequence[Optimizer] = "adam",
    *,
    epochs: int | Sequence[int] = 1,
    batch_size: int = 32,
    metrics: Iterable[str | Metric] = (),
    validation_data: tuple[Any, Any] | None = None,
    rows: Sequence[np.ndarray] | None = None,
    validation_rows: Sequence[np.ndarray] | None = None,
    shuffle: bool = True,
    drop_last: bool = False,
    seeds: int | Sequence[int | np.random.Generator] = 0,
    initial_epoch: int = 0,
    at_once: int | None = None,
) -> list[History]:
    """Train each network as `course_lib.training.fit` would train it alone; return one history a network.

    Parameters
    ----------
    networks
        The networks; each may have other initial weights, penalties, dropout rates, widths.
    X, y, loss, batch_size, metrics, validation_data, shuffle, drop_last, initial_epoch
        As in `fit`.
    optimizers
        One a network, or a name.
    epochs
        For all, or one number a network.
    rows, validation_rows
        For each network the rows of X and y it is trained on and validated on (cross-validation); None: all rows, and
        `validation_data`.
    seeds
        For the order of the samples: one for all, or one a network.
    at_once
        How many networks are stacked at most; None: as many as are fastest, which is measured.

    Notes
    -----
    A network whose loss is not finite any more is trained on like the others; its history shows it.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> from course_lib.accelerated.optimizers import Adam
    >>> X = np.linspace(-1, 1, 8)[:, None]
    >>> two = [Network([Dense(1)], 1, seed, dtype="float64", device="cpu") for seed in (0, 1)]
    >>> first, second = fit_many(two, X, 2 * X, "mse", [Adam(0.1), Adam(0.2)], epochs=50)
    >>> first["loss"][-1] < 1e-2 and second["loss"][-1] < 1e-2
    True
    """
    count = len(networks)
    own = [get_optimizer(optimizers) for _ in networks] if isinstance(optimizers, str) else list(optimizers)
    X, y = check_pair(X, y, "")
    every = np.arange(len(y))
    lists: dict[str, list[Any]] = {
        "optimizers": own,
        "epochs": [epochs] * count if isinstance(epochs, (int, np.integer)) else list(epochs),
        "seeds": [seeds] * count if isinstance(seeds, (int, np.integer)) else list(seeds),
        "rows": [every] * count if rows is None else [np.asarray(r) for r in rows],
        "validation_rows": [None] * count if validation_rows is None else [np.asarray(r) for r in validation_rows],
    }
    for name, values in lists.items():
        if len(values) != count:
            raise ValueError(f"{name} must hold one entry a network ({count}), got {len(values)}")
    if len(set(map(id, own))) < count:
        raise ValueError("each network needs an optimizer object of its own: its state belongs to one network")
    for network in networks:
        network.check_built()
    plan = Plan(
        X, y, get_loss(loss), check_count("batch_size", batch_size, 1), list(metrics), validation_data, shuffle,
        drop_last, check_count("initial_epoch", initial_epoch, 0),
    )  # fmt: skip
    members = [
        Member(
            network,
            network.adopt(loss, optimizer)[1],
            check_count("epochs", n, 0),
            as_generator(seed),
            part,
            held_out,
            History(),
        )
        for network, optimizer, n, seed, part, held_out in zip(networks, *lists.values(), strict=True)
    ]
    for alike in _sorted(members):
        size = _stack_size(alike, plan) if at_once is None else check_count("at_once", at_once, 1)
        train(_chunks(alike, size), plan)
    return [member.history for member in members]


def _sorted(members: list[Member]) -> list[list[Member]]:
    """Return the members in groups that can be stacked: one signature and as many samples each."""
    groups: dict[Any, list[Member]] = {}
    for place, m in enumerate(members):
        key = signature(m.network, m.optimizer)
        groups.setdefault(place if key is None else (key, len(m.rows)), []).append(m)
    return list(groups.values())


def _chunks(members: list[Member], size: int) -> list[list[Member]]:
    """Return the members in as few chunks of at most `size` as possible, all of nearly one length."""
    parts = np.array_split(np.arange(len(members)), -(-len(members) // size))
    return [[members[i] for i in part] for part in parts]


def _stack_size(members: list[Member], plan: Plan) -> int:
    """Return how many of the members to stack: measured on copies of them, on some steps of an epoch."""
    first = members[0]
    network, batch = first.network, plan.batch_size
    trial = dataclasses.replace(plan, metrics=[], validation_data=None, drop_last=True, initial_epoch=0)
    rows = np.resize(first.rows, TRIAL * batch)

    def measure(size: int) -> float:
        def run() -> None:
            copies = [
                Member(copy.deepcopy(m.network), copy.deepcopy(m.optimizer), 1, as_generator(0), rows, None, History())
                for m in members[:size]
            ]
            train([copies], trial)

        return timed(run) / (size * TRIAL)

    epochs = max(m.epochs for m in members) - plan.initial_epoch
    key = (signature(network, first.optimizer), batch, torch.get_num_threads())
    steps = epochs * (len(first.rows) // batch)
    return stack_size(len(members), network.device.type, bool(network.compiled), steps, key, measure)
