"""What a search found: its trials, the best of them, and a table to look at."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.search.space import Config


@dataclass(frozen=True)
class Trial:
    """One configuration, tried.

    Attributes
    ----------
    key : str
        Its place in the search: a running number, or ``bracket.candidate.epochs``.
    config : dict
        Hyper-parameters.
    epochs : int or None
        Epochs it had been trained for by then, where the search decides about them.
    loss : float
        What the objective returned; lower is better, NaN is worst.
    seconds : float
        How long that took.

    Examples
    --------
    >>> bad, good = Trial("0", {}, None, math.nan, 1.0), Trial("1", {}, None, 0.5, 1.0)
    >>> min(bad, good, key=lambda trial: trial.rank).key
    '1'
    """

    key: str
    config: Config
    epochs: int | None
    loss: float
    seconds: float

    @property
    def rank(self) -> tuple[bool, float]:
        """What trials are sorted by: the loss, NaN behind all numbers, infinity included."""
        return (True, 0.0) if math.isnan(self.loss) else (False, self.loss)


@dataclass(frozen=True)
class Results:
    """The trials of a search, in the order in which they were proposed.

    Examples
    --------
    >>> slow, fast = Trial("0", {"width": 64}, None, 0.3, 9.0), Trial("1", {"width": 16}, None, 0.2, 1.0)
    >>> found = Results((slow, fast))
    >>> found.best.config, found.records()[0]
    ({'width': 16}, {'width': 64, 'epochs': None, 'loss': 0.3, 'seconds': 9.0})
    """

    trials: tuple[Trial, ...]

    def __len__(self) -> int:
        return len(self.trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    @property
    def best(self) -> Trial:
        """The trial with the lowest loss among those trained longest (the first on ties)."""
        if not self.trials:
            raise ValueError("no trial was made: the space is empty or n is 0")
        longest = max(trial.epochs or 0 for trial in self.trials)
        return min((t for t in self.trials if (t.epochs or 0) == longest), key=lambda trial: trial.rank)

    def records(self) -> list[dict[str, Any]]:
        """Return one flat dict a trial, as a data frame takes them."""
        return [
            {**trial.config, "epochs": trial.epochs, "loss": trial.loss, "seconds": trial.seconds}
            for trial in self.trials
        ]

    def pivot(self, rows: str, columns: str) -> tuple[list, list, np.ndarray]:
        """Return the values of two hyper-parameters and the mean loss for each pair of them.

        Parameters
        ----------
        rows, columns : str
            Names in the configurations, or ``"epochs"``.

        Returns
        -------
        row_values, column_values : list
            In the order in which they first appear.
        losses : ndarray, (len(row_values), len(column_values))
            Mean loss; NaN where a pair was not tried.

        Examples
        --------
        >>> trials = [Trial(f"{w}{e}", {"width": w}, e, w / e, 0.0) for w in (16, 32) for e in (1, 2)]
        >>> Results(tuple(trials)).pivot("epochs", "width")
        ([1, 2], [16, 32], array([[16., 32.],
               [ 8., 16.]]))
        """
        cells: dict[tuple, list[float]] = {}
        for trial in self.trials:
            values = {"epochs": trial.epochs, **trial.config}
            for name in (rows, columns):
                if name not in values:
                    raise ValueError(f"no hyper-parameter is called {name!r}; known: {', '.join(values)}")
            cells.setdefault((values[rows], values[columns]), []).append(trial.loss)
        row_values, column_values = (list(dict.fromkeys(pair[i] for pair in cells)) for i in (0, 1))
        losses = [[np.mean(cells.get((r, c), [math.nan])) for c in column_values] for r in row_values]
        return row_values, column_values, np.array(losses)
