"""The schedule that looks at the loss instead of the clock."""

import math
from dataclasses import dataclass

from course_lib.validation import check_number


@dataclass
class ReduceOnPlateau:
    """Multiply the rate by `factor` when a loss has not improved for `patience` updates (as Keras).

    Parameters
    ----------
    learning_rate : float
        The rate now; `update` changes it.
    factor : float
        In (0, 1).
    patience : int
        Updates in a row without an improvement after which the rate drops.
    min_delta : float
        A loss has improved if it is below best − min_delta.
    cooldown : int
        Updates after a drop that are not counted.
    min_lr : float
        The rate never falls below.

    Notes
    -----
    Keras drops at the `patience`-th bad epoch, as here; PyTorch's ``ReduceLROnPlateau`` tolerates `patience`
    bad epochs and drops at the next, and by default measures the improvement relative to the best loss.

    Examples
    --------
    >>> plateau = ReduceOnPlateau(1.0, factor=0.5, patience=2)
    >>> [plateau.update(loss) for loss in (3.0, 2.0, 2.0, 2.0, 1.0)]
    [1.0, 1.0, 1.0, 0.5, 0.5]
    """

    learning_rate: float
    factor: float = 0.1
    patience: int = 10
    min_delta: float = 1e-4
    cooldown: int = 0
    min_lr: float = 0.0
    best: float = math.inf
    waited: int = 0
    cooling: int = 0

    def __post_init__(self) -> None:
        check_number("factor", self.factor, 0, 1, open_low=True, open_high=True)
        check_number("patience", self.patience, 1)
        check_number("min_delta", self.min_delta, 0)
        check_number("cooldown", self.cooldown, 0)
        check_number("min_lr", self.min_lr, 0)

    def update(self, value: float) -> float:
        """Take note of the newest loss (NaN is no improvement) and return the learning rate from now on."""
        if self.cooling:
            self.cooling -= 1
            self.waited = 0
        if value < self.best - self.min_delta:
            self.best, self.waited = value, 0
        elif not self.cooling:
            self.waited += 1
            if self.waited >= self.patience:
                self._reduce()
        return self.learning_rate

    def _reduce(self) -> None:
        if self.learning_rate > self.min_lr:
            self.learning_rate = max(self.learning_rate * self.factor, self.min_lr)
            self.cooling, self.waited = self.cooldown, 0
