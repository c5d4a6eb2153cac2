"""What grading one submission came to, as plain data that is written beside the graded notebook."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from autograder.questions import CaseResult, QuestionResult
from course_lib.checks import Misconception


@dataclass(frozen=True)
class Record:
    """One graded or quarantined submission.

    Parameters
    ----------
    student, set_name
        Whose, and of which problem set.
    questions
        Results of the questions graded by running them.
    manual
        Id, maximum and answer text of each question graded by hand.
    notes
        What intake put back, and what else the assistant should know.
    quarantine
        Why the submission could not be graded; empty if it was.
    seconds
        Wall time that grading took.
    submission_hash, source_hash
        SHA-256 of the submitted file and of what it was graded by.
    sandbox, engine
        Isolation level and version of the engine.
    earlier
        Questions whose points were kept when another one was graded again, each with the SHA-256 of what it was graded
        by, where that is not `source_hash`.
    """

    student: str
    set_name: str
    questions: tuple[QuestionResult, ...] = ()
    manual: tuple[tuple[str, float, str], ...] = ()
    notes: tuple[str, ...] = ()
    quarantine: str = ""
    seconds: float = 0.0
    submission_hash: str = ""
    source_hash: str = ""
    sandbox: str = ""
    engine: str = ""
    earlier: tuple[tuple[str, str], ...] = ()

    @property
    def points(self) -> float:
        """Points earned in the questions graded by running them."""
        return sum(question.points for question in self.questions)

    @property
    def max_points(self) -> float:
        """Points that these questions give at most."""
        return sum(question.max_points for question in self.questions)

    def to_json(self) -> str:
        """Write the record as JSON."""
        return json.dumps(vars(self), default=vars) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Read what :meth:`to_json` wrote."""
        body = json.loads(text)
        body["questions"] = tuple(_question(entry) for entry in body["questions"])
        body["manual"] = tuple((name, points, answer) for name, points, answer in body["manual"])
        body["notes"] = tuple(body["notes"])
        body["earlier"] = tuple((name, source) for name, source in body.get("earlier", ()))
        return cls(**body)


def _question(body: dict[str, Any]) -> QuestionResult:
    cases = tuple(CaseResult(**case) for case in body.pop("cases"))
    misconceptions = tuple(Misconception(**entry) for entry in body.pop("misconceptions"))
    return QuestionResult(cases=cases, misconceptions=misconceptions, **body)
