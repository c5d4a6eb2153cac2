"""What a gradient check has measured, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from course_lib.checks.gradients.slopes import Slope


@dataclass(frozen=True)
class Difference:
    """One entry of a gradient (or, with index None, one random direction), analytic beside numeric.

    Examples
    --------
    >>> print(Difference("W", (0, 1), 0.5, 1.0, 1e-8))
    W at index (0, 1): analytic 0.5, numeric 1, relative error 5.0e-01
    """

    name: str
    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    allowed: float

    @property
    def error(self) -> float:
        """The relative error |analytic - numeric| / max(|analytic|, |numeric|); 0 for 0 against 0."""
        scale = max(abs(self.analytic), abs(self.numeric))
        return abs(self.analytic - self.numeric) / scale if scale else 0.0

    @property
    def excess(self) -> float:
        """How many times the allowed error this one is; above 1 it is wrong, and so is NaN."""
        if self.analytic == self.numeric:
            return 0.0
        known = math.isfinite(self.analytic) and self.allowed > 0
        return abs(self.analytic - self.numeric) / self.allowed if known else math.inf

    def __str__(self) -> str:
        place = "along a random direction" if self.index is None else f"at index {self.index}"
        return (
            f"{self.name} {place}: analytic {self.analytic:.10g}, numeric {self.numeric:.10g}, "
            f"relative error {self.error:.1e}"
        )


@dataclass(frozen=True)
class GradientReport:
    """What a check found.

    Attributes
    ----------
    ok : bool
        Whether every measured entry and direction agrees, and enough of them could be measured.
    worst : Difference or None
        The entry furthest beyond (or nearest to) what is allowed.
    cause : str
        The likely cause, empty if all is well.
    checked, kinks : int
        Entries compared, and entries left out because they lie at a kink.

    Examples
    --------
    >>> print(GradientReport(True, None, "", 4, 1))
    gradient right: 4 entries, 1 at kinks left out
    """

    ok: bool
    worst: Difference | None
    cause: str
    checked: int
    kinks: int

    def __str__(self) -> str:
        if self.ok:
            error = f", worst relative error {self.worst.error:.1e}" if self.worst else ""
            return f"gradient right: {self.checked} entries, {self.kinks} at kinks left out{error}"
        return "gradient wrong: " + (f"{self.worst}; " if self.worst else "") + f"likely cause: {self.cause}"

    def raise_if_wrong(self) -> None:
        """Raise an AssertionError that says what is wrong, if something is."""
        if not self.ok:
            raise AssertionError(str(self))


@dataclass
class Tally:
    """Everything measured so far, and the arrays by which some derivative was seen that is not 0."""

    differences: list[Difference] = field(default_factory=list)
    kinks: int = 0
    alive: set[str] = field(default_factory=set)

    def compare(self, name: str, index: tuple[int, ...] | None, analytic: float, slope: Slope, rtol: float) -> None:
        """Hold one analytic number against one measured slope, within 3 uncertainties plus rtol, relative."""
        scale = max(abs(slope.value), abs(analytic))
        if scale > 3 * slope.uncertainty:
            self.alive.add(name)
        self.differences.append(
            Difference(name, index, float(analytic), slope.value, 3 * slope.uncertainty + rtol * scale)
        )

    def conclude(self, causes: Mapping[str, Callable[[], str]], needed: Sequence[str]) -> GradientReport:
        """Return the report; `causes` explain a wrong array, `needed` must not have only zero derivatives."""
        entries = [d for d in self.differences if d.index is not None]
        # an entry says more than a direction: directions count only if all entries are right
        worst = max(entries, key=lambda d: d.excess, default=None)
        if worst is None or worst.excess <= 1:
            worst = max(self.differences, key=lambda d: d.excess, default=None)
        cause = ""
        if worst is not None and worst.excess > 1:
            unseen = "an entry that was not among those measured one by one"
            cause = causes[worst.name]() if worst.index is not None else unseen
        elif self.kinks > len(entries):
            cause = f"{self.kinks} entries lie at kinks, only {len(entries)} could be measured: choose another point"
        elif dead := [name for name in needed if name not in self.alive]:
            cause = f"nothing was tested: every derivative by {', '.join(dead)} is 0 here, choose another point"
        return GradientReport(not cause, worst, cause, len(entries), self.kinks)
