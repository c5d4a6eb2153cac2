"""Which rows go into which batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


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

    def __iter__(self) -> Iterator[np.ndarray]:
        order = self.rng.permutation(self.n) if self.shuffle else np.arange(self.n)
        for start in range(0, self.stop, self.batch_size):
            yield order[start : start + self.batch_size]
