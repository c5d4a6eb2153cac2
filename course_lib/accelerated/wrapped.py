"""A model around a model: everything `fit` asks for is passed on to the network inside, unless a subclass does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from course_lib.accelerated.network import Network
from course_lib.reference.losses import Loss

__all__ = ["Wrapped"]


class Wrapped:
    """A network whose way of taking samples or of making a step is changed; see `course_lib.training` for the methods.

    It has no `train_epoch`: every batch goes through `train_batch`.

    Examples
    --------
    >>> from course_lib.accelerated.layers import Dense
    >>> class Doubled(Wrapped):
    ...     def prepare(self, X):
    ...         return super().prepare(2 * np.asarray(X))
    >>> model = Doubled(Network([Dense(1, kernel_initializer="ones")], 1, device="cpu"))
    >>> model.predict(model.prepare([[3.0]]))
    array([[6.]], dtype=float32)
    """

    def __init__(self, network: Network) -> None:
        self.network = network

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of one sample's outputs."""
        return self.network.output_shape

    def adopt(self, loss: Any, optimizer: Any) -> tuple[Any, Any]:
        """Return loss and optimizer as the network computes them."""
        return self.network.adopt(loss, optimizer)

    def prepare(self, X: Any) -> Any:
        """Return the checked samples."""
        return self.network.prepare(X)

    def take(self, X: Any, rows: np.ndarray) -> Any:
        """Return a batch of the prepared samples."""
        return self.network.take(X, rows)

    def train_batch(self, X: Any, y: np.ndarray, loss: Loss, optimizer: Any, weights: np.ndarray | None = None) -> Any:
        """Make a step; return the outputs."""
        return self.network.train_batch(X, y, loss, optimizer, weights)

    def predict(self, X: Any, batch_size: int = 1024) -> np.ndarray:
        """Return the outputs."""
        return self.network.predict(X, batch_size)

    def collect(self, outputs: Sequence[Any]) -> np.ndarray:
        """Return the outputs as one array."""
        return self.network.collect(outputs)

    def penalty(self) -> float:
        """Return the penalties."""
        return self.network.penalty()

    def get_weights(self) -> dict[str, np.ndarray]:
        """Return a copy of all that training changes."""
        return self.network.get_weights()

    def set_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        """Go back to what `get_weights` returned."""
        self.network.set_weights(weights)

    def save(self, path: str | PathLike[str], *optimizer: Any) -> None:
        """Write the network inside to a file."""
        self.network.save(path, *optimizer)
