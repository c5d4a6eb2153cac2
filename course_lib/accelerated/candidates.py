"""Hyper-parameter search with ensembles: an objective for `course_lib.search` that trains its candidates together.

>>> from course_lib import search
>>> from course_lib.accelerated.layers import Activation, Dense
>>> from course_lib.accelerated.optimizers import Adam
>>> rng = np.random.default_rng(0)
>>> X = rng.normal(size=(300, 2))
>>> y = (X[:, 0] * X[:, 1] > 0).astype(int)               # exclusive or
>>> def build(config):
...     layers = [Dense(config["width"]), Activation("tanh"), Dense(1), Activation("sigmoid")]
...     return Network(layers, 2, seed=1, device="cpu"), Adam(config["rate"])
>>> candidates = Candidates(build, X[:200], y[:200], "binary_crossentropy", validation_data=(X[200:], y[200:]))
>>> space = {"epochs": [1, 10], "width": [4, 8], "rate": [0.001, 0.1]}
>>> found = search.grid_search(candidates, space)         # eight networks, as four ensembles
>>> len(found), found.best.config["rate"], found.best.config["epochs"]
(8, 0.1, 10)

Random search, Hyperband and successive halving take it in the same way; Hyperband's candidates go on from the weights
they had.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from course_lib.accelerated.many import fit_many
from course_lib.accelerated.members import signature
from course_lib.accelerated.network import Network
from course_lib.accelerated.optimizers import get_optimizer
from course_lib.callbacks.base import watched
from course_lib.metrics import Metric
from course_lib.reference.losses import Loss
from course_lib.reference.optimizers import Optimizer

__all__ = ["Candidates"]

State = Mapping[str, Any]
Outcome = tuple[int, float, dict[str, Any] | None]


class Candidates:
    """What becomes of a configuration: `build` its network, train it, and return its loss on the validation samples.

    Call it with a configuration for a single one; a search that finds the method `together` hands over all that it
    wants to know at that moment.

    Parameters
    ----------
    build
        ``build(config)`` → a built network and its optimizer.
    X, y, loss, validation_data, metrics, batch_size
        As in `course_lib.training.fit`.
    epochs
        For configurations that have no "epochs" of their own, and searches that do not decide about them.
    monitor
        What is returned, of the last epoch: "val_loss", or minus "val_accuracy" if you write "-val_accuracy".
    seed
        For the order of the samples, the same for all: candidates then differ by what they are, not by luck.
    at_once
        See `fit_many`.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> from course_lib.accelerated.optimizers import SGD
    >>> X = np.linspace(-1, 1, 8)[:, None]
    >>> def build(config):
    ...     dense = Dense(1, kernel_initializer="zeros")
    ...     return Network([dense], 1, dtype="float64", device="cpu"), SGD(config["rate"])
    >>> candidates = Candidates(build, X, 2 * X, "mse", (X, 2 * X), epochs=20)
    >>> round(candidates({"rate": 0.0}), 4), candidates({"rate": 1.0}) < 1e-3
    (1.7143, True)
    """

    def __init__(
        self,
        build: Callable[[dict[str, Any]], tuple[Network, Optimizer]],
        X: Any,
        y: Any,
        loss: str | Loss,
        validation_data: tuple[Any, Any],
        *,
        epochs: int = 1,
        batch_size: int = 32,
        metrics: Iterable[str | Metric] = (),
        monitor: str = "val_loss",
        seed: int = 0,
        at_once: int | None = None,
    ) -> None:
        self.build, self.X, self.y, self.loss, self.validation_data = build, X, y, loss, validation_data
        self.epochs, self.batch_size, self.metrics, self.monitor = epochs, batch_size, list(metrics), monitor
        self.seed, self.at_once = seed, at_once

    def __call__(self, config: dict[str, Any], epochs: int | None = None, state: State | None = None) -> Any:
        """Return the loss of one configuration; with `epochs`, the loss and the state it can go on from."""
        (((_, loss, new),),) = self.together([config], epochs, [state])
        return loss if epochs is None else (loss, new)

    def together(
        self, configs: Sequence[dict[str, Any]], epochs: int | None, states: Sequence[State | None]
    ) -> Iterator[list[Outcome]]:
        """Yield lists of number, loss and state: the configurations of one list were trained at once.

        Parameters
        ----------
        configs
            The configurations.
        epochs
            Until how many epochs in all each is trained; None: the configuration or `self.epochs` decides.
        states
            For each what it goes on from, or None.
        """
        pairs = [self._restored(config, state) for config, state in zip(configs, states, strict=True)]
        groups: dict[tuple[int, int, Hashable], list[int]] = {}
        for i, (network, optimizer) in enumerate(pairs):
            state = states[i]
            done = 0 if state is None else int(state["epochs"])
            goal = configs[i].get("epochs", self.epochs) if epochs is None else epochs
            kind = signature(network, optimizer)
            groups.setdefault((done, goal, i if kind is None else kind), []).append(i)
        for (done, goal, _), numbers in groups.items():
            histories = fit_many(
                [pairs[i][0] for i in numbers], self.X, self.y, self.loss, [pairs[i][1] for i in numbers],
                epochs=goal, batch_size=self.batch_size, metrics=self.metrics, seeds=[self._rng(done) for _ in numbers],
                validation_data=self.validation_data, initial_epoch=done, at_once=self.at_once,
            )  # fmt: skip
            yield [
                (i, self._result(history.history), None if epochs is None else _kept(*pairs[i], goal))
                for i, history in zip(numbers, histories, strict=True)
            ]

    def _restored(self, config: dict[str, Any], state: State | None) -> tuple[Network, Optimizer]:
        network, optimizer = self.build(dict(config))
        optimizer = get_optimizer(optimizer)
        if state is not None:
            network.set_weights({name: state[name] for name in ("parameters", "state")})
            optimizer.set_state({name[10:]: value for name, value in state.items() if name.startswith("optimizer.")})
            network.generator.set_state(torch.from_numpy(np.array(state["generator"])))
        return network, optimizer

    def _rng(self, done: int) -> np.random.Generator:
        """Return the generator of the order as it is after `done` epochs."""
        rng = np.random.default_rng(self.seed)
        for _ in range(done):
            rng.permutation(len(self.y))
        return rng

    def _result(self, history: Mapping[str, Sequence[float]]) -> float:
        sign, name = (-1, self.monitor[1:]) if self.monitor.startswith("-") else (1, self.monitor)
        return sign * watched({key: values[-1] for key, values in history.items()}, name, "Candidates")


def _kept(network: Network, optimizer: Optimizer, epochs: int) -> dict[str, Any]:
    """Return what a later round goes on from: arrays and numbers, as a journal can hold them."""
    state = {f"optimizer.{name}": value for name, value in optimizer.get_state().items()}
    generator = network.generator.get_state().numpy()
    return {**network.get_weights(), **state, "generator": generator, "epochs": epochs}
