"""Members of a common run, and how they are trained: as one ensemble, or alone by `fit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_lib.accelerated.devices import explained
from course_lib.accelerated.ensemble import Ensemble
from course_lib.accelerated.epochs import Epochs, flush, pieces
from course_lib.accelerated.members import EnsembleOptimizer, EnsembleWork
from course_lib.accelerated.network import Network
from course_lib.accelerated.step import Work
from course_lib.callbacks import History
from course_lib.metrics import Metric, get_metric
from course_lib.reference.losses import Loss
from course_lib.reference.optimizers import Optimizer
from course_lib.training import Batches, Tally, evaluate, fit
from course_lib.training.inputs import like_outputs

TOLD = 32  # pieces after which the tallies are told: far cheaper than after each


@dataclass
class Member:
    """One network and all that is its own.

    Examples
    --------
    >>> list(Member.__dataclass_fields__)
    ['network', 'optimizer', 'epochs', 'rng', 'rows', 'held_out', 'history']
    """

    network: Network
    optimizer: Optimizer
    epochs: int
    rng: np.random.Generator
    rows: np.ndarray
    held_out: np.ndarray | None
    history: History


@dataclass
class Plan:
    """What all members of a run share.

    Examples
    --------
    >>> list(Plan.__dataclass_fields__)[:4]
    ['X', 'y', 'loss', 'batch_size']
    """

    X: Any
    y: np.ndarray
    loss: Loss
    batch_size: int
    metrics: list[str | Metric]
    validation_data: tuple[Any, Any] | None
    shuffle: bool
    drop_last: bool
    initial_epoch: int


def train(chunks: list[list[Member]], plan: Plan) -> None:
    """Train chunks of members, one after another: those of more than one member as an ensemble.

    Examples
    --------
    >>> train([], plan=None)                                # `fit_many` has an example
    """
    for chunk in chunks:
        with explained(chunk[0].network, plan.batch_size, len(chunk)):
            _together(chunk, plan) if len(chunk) > 1 else _alone(chunk[0], plan)


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
    """Train the members as one ensemble; those that have made their epochs leave it."""
    start = plan.initial_epoch
    for goal in sorted({m.epochs for m in members}):
        _until(goal, start, [m for m in members if m.epochs >= goal], plan)
        start = max(start, goal)


def _until(goal: int, start: int, members: list[Member], plan: Plan) -> None:
    """Train all members from epoch `start` until epoch `goal`."""
    ensemble = Ensemble([m.network for m in members])
    optimizer = EnsembleOptimizer([m.optimizer for m in members], ensemble)
    network, epochs = members[0].network, Epochs()
    y = like_outputs(plan.y, network, plan.loss)
    targets, _ = network.targets(y, None, plan.loss)
    work = EnsembleWork(ensemble, network.prepare(plan.X), targets, None, plan.loss, optimizer)
    metrics = [[get_metric(metric, plan.loss) for metric in plan.metrics] for _ in members]
    orders = [Batches(len(m.rows), plan.batch_size, plan.shuffle, plan.drop_last, m.rng) for m in members]
    for epoch in range(start, goal):
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
