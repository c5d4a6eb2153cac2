"""What `fit` asks of a model, as a type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from course_lib.reference.losses import Loss


class Model(Protocol):
    """What `fit` asks of a model; `course_lib.training` has the table.

    Examples
    --------
    `course_lib.reference.network.Network` is one; so is anything else with these methods:

    >>> from course_lib.reference.network import Network
    >>> wanted = [name for name in vars(Model) if not name.startswith("_") and callable(getattr(Model, name))]
    >>> all(hasattr(Network, name) for name in wanted)
    True
    """

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
