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
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_lib.accelerated.ensemble import Ensemble
from course_lib.accelerated.epochs import Epochs, flush, pieces
from course_lib.accelerated.losses import get_loss
from course_lib.accelerated.members import EnsembleOptimizer, EnsembleWork, signature
from course_lib.accelerated.network import Network
from course_lib.accelerated.optimizers import get_optimizer
from course_lib.accelerated.stacking import stack_size, timed
from course_lib.accelerated.step import Work
from course_lib.callbacks import History
from course_lib.metrics import Metric, get_metric
from course_lib.reference.losses import Loss, SparseCategoricalCrossentropy
from course_lib.reference.optimizers import Optimizer
from course_lib.training import Batches, Tally, evaluate, fit
from course_lib.training.inputs import check_count, check_pair, like_outputs
from course_lib.validation import as_generator

__all__ = ["SparseCategoricalCrossentropy", "fit_many"]

TOLD = 32  # pieces after which the tallies are told: far cheaper than after each
TRIAL = 48  # steps by which a stack is measured
Rows = np.ndarray | None


@dataclass
class Member:
    """One network and all that is its own."""

    network: Network
    optimizer: Optimizer
    epochs: int
    rng: np.random.Generator
    rows: np.ndarray
    held_out: Rows
    history: History


@dataclass
class Plan:
    """What all members of a run share."""

    X: Any
    y: np.ndarray
    loss: Loss
    batch_size: int
    metrics: list[str | Metric]
    validation_data: tuple[Any, Any] | None
    shuffle: bool
    drop_last: bool
    initial_epoch: int


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
    lists = {
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
        _train(_chunks(alike, size), plan)
    return [member.history for member in members]


def _sorted(members: list[Member]) -> list[list[Member]]:
    """Return the members in groups that can be stacked: one signature, as many steps and samples each."""
    groups: dict[Any, list[Member]] = {}
    for place, m in enumerate(members):
        key = signature(m.network, m.optimizer)
        groups.setdefault(place if key is None else (key, m.epochs, len(m.rows)), []).append(m)
    return list(groups.values())


def _chunks(members: list[Member], size: int) -> list[list[Member]]:
    """Return the members in as few chunks of at most `size` as possible, all of nearly one length."""
    parts = np.array_split(np.arange(len(members)), -(-len(members) // size))
    return [[members[i] for i in part] for part in parts]


def _train(chunks: list[list[Member]], plan: Plan) -> None:
    for chunk in chunks:
        _together(chunk, plan) if len(chunk) > 1 else _alone(chunk[0], plan)


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
            _train([copies], trial)

        return timed(run) / (size * TRIAL)

    epochs = first.epochs - plan.initial_epoch
    key = (signature(network, first.optimizer), batch, torch.get_num_threads())
    steps = epochs * (len(first.rows) // batch)
    return stack_size(len(members), network.device.type, bool(network.compiled), steps, key, measure)


def _alone(member: Member, plan: Plan) -> None:
    """Train one network by `fit`."""
    whole = len(member.rows) == len(plan.y) and (member.rows == np.arange(len(plan.y))).all()
    X, y = (plan.X, plan.y) if whole else (plan.X[member.rows], plan.y[member.rows])
    validation = plan.validation_data
    if member.held_out is not None:
        validation = plan.X[member.held_out], plan.y[member.held_out]
    member.history.__dict__.update(
        vars(
            fit(
                member.network, X, y, plan.loss, member.optimizer, epochs=member.epochs, batch_size=plan.batch_size,
                metrics=plan.metrics, validation_data=validation, shuffle=plan.shuffle, drop_last=plan.drop_last,
                seed=member.rng, initial_epoch=plan.initial_epoch,
            )
        )
    )  # fmt: skip


def _together(members: list[Member], plan: Plan) -> None:
    """Train the members as one ensemble."""
    ensemble = Ensemble([m.network for m in members])
    optimizer = EnsembleOptimizer([m.optimizer for m in members], ensemble)
    network, epochs = members[0].network, Epochs()
    y = like_outputs(plan.y, network, plan.loss)
    targets, _ = network.targets(y, None, plan.loss)
    work = EnsembleWork(ensemble, network.prepare(plan.X), targets, None, plan.loss, optimizer)
    metrics = [[get_metric(metric, plan.loss) for metric in plan.metrics] for _ in members]
    orders = [Batches(len(m.rows), plan.batch_size, plan.shuffle, plan.drop_last, m.rng) for m in members]
    for epoch in range(plan.initial_epoch, members[0].epochs):
        tallies = [Tally(m.network, y, None, plan.loss, own) for m, own in zip(members, metrics, strict=True)]
        batches = [list(order) for order in orders]
        order = np.stack([m.rows[np.concatenate(own)] for m, own in zip(members, batches, strict=True)])
        steps = np.split(order, np.cumsum([len(batch) for batch in batches[0]])[:-1], axis=1)
        penalties = _train_epoch(work, epochs, steps, tallies)
        ensemble.hand_back()
        optimizer.hand_back(ensemble.networks)
        means = penalties.mean(0).tolist()
        for m, own, tally, penalty in zip(members, metrics, tallies, means, strict=True):
            m.history.on_epoch_end(epoch, tally.result(penalty) | _validated(m, plan, own))


def _train_epoch(work: Work, epochs: Epochs, steps: list[np.ndarray], tallies: Sequence[Tally]) -> Tensor:
    """Make steps on the rows (K, n) of each, tell the tallies, and return the penalties (steps, K)."""
    members, usual = steps[0].shape
    penalties, done = [], 0
    waiting: list[tuple[np.ndarray, Tensor]] = []
    cut = pieces([rows.shape[1] for rows in steps], epochs.longest(work))
    programs = {
        (count, n): epochs.program(work, count, members * n, usual=members * usual) for count, n in dict.fromkeys(cut)
    }
    for count, n in cut:
        rows = np.stack(steps[done : done + count])
        with torch.no_grad():
            a, penalty = programs[count, n](work, torch.as_tensor(rows.reshape(count, -1)).to(work.X.device))
        flush(work, count)
        waiting.append((rows, a.unflatten(1, (members, n))))
        if len(waiting) == TOLD:
            _tell(tallies, waiting)
        penalties.append(penalty)
        done += count
    _tell(tallies, waiting)
    return torch.cat(penalties)


def _tell(tallies: Sequence[Tally], waiting: list[tuple[np.ndarray, Tensor]]) -> None:
    """Give each member's tally its rows and outputs of the pieces that wait, and forget them."""
    for k, tally in enumerate(tallies):
        rows = [rows[:, k].ravel() for rows, _ in waiting]
        if rows:
            tally.add(np.concatenate(rows), torch.cat([a[:, k].flatten(0, 1) for _, a in waiting]))
    waiting.clear()


def _validated(member: Member, plan: Plan, metrics: list[Metric]) -> dict[str, float]:
    """Return the scores of one network on its validation samples, by the names that `fit` gives them."""
    data = plan.validation_data
    if member.held_out is not None:
        data = plan.X[member.held_out], plan.y[member.held_out]
    if data is None:
        return {}
    scores = evaluate(member.network, *data, plan.loss, metrics)
    return {f"val_{name}": value for name, value in scores.items()}
