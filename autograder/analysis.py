"""Classical item analysis: what the scores of a class say about its questions, as pure functions.

Each statistic is a number, or a sentence that says why there is none: a class of one, questions that all got the same
points, or no submission at all never give NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograder.gradebook import Score
from autograder.records import Record
from course_lib.checks import Misconception

Array = NDArray[np.float64]
MIN_FOR_CORRELATION = 5
MIN_FOR_GROUPS = 10
GROUP_SHARE = 0.27


@dataclass(frozen=True)
class Statistic:
    """A number, or ``None`` with the reason why it cannot be computed."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class Table:
    """Points of a class, `(students, questions)`, with what each question gives at most, `(questions,)`."""

    students: tuple[str, ...]
    questions: tuple[str, ...]
    points: Array
    max_points: Array
    left_out: tuple[str, ...] = ()

    @property
    def shares(self) -> Array:
        """Share of each question's points that each student earned, 0 for questions without points."""
        most = np.where(self.max_points > 0, self.max_points, 1.0)
        return self.points / most

    @property
    def totals(self) -> Array:
        """Each student's sum."""
        return self.points.sum(axis=1)


def class_table(records: Sequence[Record], scores: Sequence[Score]) -> Table:
    """Collect the points of all graded submissions by question, as they stand in the gradebook.

    A question graded by hand is left out (`left_out`) as long as any answer to it waits for its grade.
    """
    graded = [record for record in records if not record.quarantine]
    by_student = {score.student: score for score in scores}
    waiting = {name for r in graded if r.student in by_student for name in by_student[r.student].waiting}
    automatic = {question.name: question.max_points for r in graded for question in r.questions}
    by_hand = {name: points for r in graded for name, points, _ in r.manual}
    most = automatic | {name: points for name, points in by_hand.items() if name not in waiting}
    rows = [[_points(record, by_student.get(record.student), name) for name in most] for record in graded]
    return Table(
        tuple(record.student for record in graded),
        tuple(most),
        np.array(rows, dtype=np.float64).reshape(len(graded), len(most)),
        np.array(list(most.values()), dtype=np.float64),
        tuple(name for name in by_hand if name in waiting),
    )


def _points(record: Record, score: Score | None, name: str) -> float:
    if score is not None and name in score.parts:
        return score.parts[name]
    return next((question.points for question in record.questions if question.name == name), 0.0)


def quartiles(values: ArrayLike) -> tuple[float, float, float] | None:
    """Return lower quartile, median and upper quartile (linear interpolation, NumPy's default), `None` without values.

    Examples
    --------
    >>> quartiles([1, 2, 3, 4, 5])
    (2.0, 3.0, 4.0)
    """
    values = np.asarray(values, dtype=np.float64)
    if not values.size:
        return None
    lower, middle, upper = np.percentile(values, [25, 50, 75])
    return float(lower), float(middle), float(upper)


def difficulty(shares: Array) -> list[float]:
    """Return the mean share of points for each column of `shares`, `(students, questions)`: high means easy.

    Examples
    --------
    >>> difficulty(np.array([[1.0, 0.0], [0.5, 0.0]]))
    [0.75, 0.0]
    """
    return [float(mean) for mean in shares.mean(axis=0)] if len(shares) else []


def item_rest(points: Array, item: int) -> Statistic:
    """Corrected item–total correlation: Pearson's r between one question and the sum of all others.

    The question's own points are left out of the sum, or every question would seem to agree with the total (Henrysson
    1963).

    Parameters
    ----------
    points
        `(students, questions)`.
    item
        Column of the question.

    Examples
    --------
    >>> item_rest(np.array([[0.0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]), 0)
    Statistic(value=1.0, reason='')
    """
    if points.shape[1] < 2:
        return Statistic(None, "needs at least two questions")
    if len(points) < MIN_FOR_CORRELATION:
        return Statistic(None, f"needs at least {MIN_FOR_CORRELATION} graded students, got {len(points)}")
    own = points[:, item] - points[:, item].mean()
    rest = points.sum(axis=1) - points[:, item]
    rest = rest - rest.mean()
    scale = float(np.sqrt((own @ own) * (rest @ rest)))
    if _constant(points[:, item]):
        return Statistic(None, "everyone earned the same points in it")
    if _constant(rest) or scale == 0.0:
        return Statistic(None, "everyone earned the same points in the other questions")
    return Statistic(float(np.clip(own @ rest / scale, -1.0, 1.0)))


def _constant(values: Array) -> bool:
    """Whether values are equal up to rounding: points are sums of hundredths."""
    return bool(np.ptp(values) < 1e-9)


def upper_lower(points: Array, item: int, max_points: float) -> Statistic:
    """Discrimination index D: mean share of the best 27 % of the class minus that of the weakest 27 %.

    Students who tie at the edge of a group count in part, so the index does not depend on the order of the rows.

    Source: Kelley, The selection of upper and lower groups for the validation of test items, 1939.

    Examples
    --------
    >>> points = np.array([[1.0, 9 - i] if i < 5 else [0.0, 9 - i] for i in range(10)])
    >>> upper_lower(points, 0, max_points=1.0)
    Statistic(value=1.0, reason='')
    """
    n = len(points)
    if n < MIN_FOR_GROUPS:
        return Statistic(None, f"needs at least {MIN_FOR_GROUPS} graded students, got {n}")
    totals = points.sum(axis=1)
    if _constant(totals):
        return Statistic(None, "everyone has the same total, so there is no upper and lower group")
    size = max(1, round(GROUP_SHARE * n))
    upper, lower = _group(totals, size), _group(-totals, size)
    share = points[:, item] / (max_points or 1.0)
    return Statistic(float((upper - lower) @ share / size))


def _group(totals: Array, size: int) -> Array:
    """Weights that sum to `size`: 1 for the highest totals, a fraction for all who tie at the edge."""
    edge = np.sort(totals)[-size]
    above, tied = totals > edge + 1e-9, np.abs(totals - edge) <= 1e-9
    return above + tied * (size - above.sum()) / tied.sum()


def cronbach_alpha(points: Array) -> Statistic:
    """Cronbach's alpha of `(students, questions)`: how well the questions of a set agree with each other.

    ``alpha = k/(k−1) · (1 − Σ var(question) / var(total))``. It is a lower bound of the reliability only if errors of
    different questions are independent; it grows with the number of questions, and says nothing of what is measured.

    Source: Cronbach, Coefficient alpha and the internal structure of tests, 1951.

    Examples
    --------
    >>> cronbach_alpha(np.array([[0.0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]))
    Statistic(value=1.0, reason='')
    """
    n, k = points.shape
    if k < 2:
        return Statistic(None, "needs at least two questions")
    if n < MIN_FOR_CORRELATION:
        return Statistic(None, f"needs at least {MIN_FOR_CORRELATION} graded students, got {n}")
    if _constant(points.sum(axis=1)):
        return Statistic(None, "everyone has the same total")
    total = points.sum(axis=1).var(ddof=1)
    return Statistic(float(k / (k - 1) * (1 - points.var(axis=0, ddof=1).sum() / total)))


def alpha_interval(alpha: float, students: int, questions: int, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of Cronbach's alpha for normal scores (Feldt 1965).

    ``(1 − α̂)·F`` with the quantiles of F at ``n − 1`` and ``(n − 1)(k − 1)`` degrees of freedom.

    Examples
    --------
    >>> low, high = alpha_interval(0.8, students=41, questions=26)
    >>> round(low, 3), round(high, 3)
    (0.7, 0.879)
    """
    from scipy.special import fdtri

    tails = ((1 - level) / 2, (1 + level) / 2)
    low, high = fdtri(students - 1, (students - 1) * (questions - 1), tails)
    return float(1 - (1 - alpha) * high), float(1 - (1 - alpha) * low)


@dataclass(frozen=True)
class Misunderstood:
    """A misconception that was recognised in a question, and in whose answers."""

    question: str
    misconception: Misconception
    students: tuple[str, ...]


def misunderstood(records: Sequence[Record]) -> list[Misunderstood]:
    """List the recognised misconceptions, the most common first, then in the order in which they appear."""
    found: dict[tuple[str, Misconception], dict[str, None]] = {}
    for record in records:
        for question in record.questions:
            for misconception in question.misconceptions:
                found.setdefault((question.name, misconception), {})[record.student] = None
    rows = [Misunderstood(question, what, tuple(who)) for (question, what), who in found.items()]
    return sorted(rows, key=lambda row: -len(row.students))


@dataclass
class Missed:
    """A test case, how many graded answers it was put to, and how many failed."""

    question: str
    description: str
    hidden: bool
    missed: int = 0
    of: int = 0


def missed_cases(records: Sequence[Record]) -> list[Missed]:
    """List the test cases that any answer failed, the most missed first."""
    rows: dict[tuple[str, int], Missed] = {}
    for question in (question for record in records for question in record.questions):
        for index, case in enumerate(question.cases):
            row = rows.setdefault((question.name, index), Missed(question.name, case.description, case.hidden))
            row.of += 1
            row.missed += case.message is not None
    return sorted((row for row in rows.values() if row.missed), key=lambda row: -row.missed / row.of)
