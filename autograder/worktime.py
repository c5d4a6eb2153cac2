"""How long students worked, where their notebooks tell: JupyterLab can note when each cell was last run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

PAUSE = timedelta(minutes=20)
MIN_MOMENTS = 5


def minutes_of_work(file: Path) -> float | None:
    """Return the minutes between a notebook's recorded runs, pauses left out; None if hardly any was recorded.

    JupyterLab writes them with *Settings → Notebook → Record timing*, off by default. Of each cell only its last run is
    there, and a student can write what he likes: a rough lower bound for a class, no fact about one person.
    """
    try:
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        return minutes(moments(cell["metadata"].get("execution", {}) for cell in cells))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None


def moments(recorded: Iterable[dict[str, Any]]) -> list[datetime]:
    """Return the times in cells' ``execution`` metadata, in order.

    Examples
    --------
    >>> [moment.minute for moment in moments([{"iopub.execute_input": "2026-03-01T12:05:00Z"}, {}])]
    [5]
    """
    texts = [text for entry in recorded for text in entry.values() if isinstance(text, str)]
    found = [datetime.fromisoformat(text) for text in texts]
    return sorted(moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in found)


def minutes(times: list[datetime]) -> float | None:
    """Return the sum of the gaps between times that are no pause, in minutes.

    Examples
    --------
    >>> begin = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> minutes([begin + timedelta(minutes=m) for m in (0, 4, 10, 100, 105)])
    15.0
    """
    if len(times) < MIN_MOMENTS:
        return None
    gaps = (later - earlier for earlier, later in pairwise(times))
    return sum((gap for gap in gaps if gap <= PAUSE), timedelta()).total_seconds() / 60
