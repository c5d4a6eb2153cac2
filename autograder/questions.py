"""What a question is, and what an answer to it earns.

``solutions/NN_topic/questions.py`` describes one problem set::

    SET = ProblemSet("01_derivatives", title="Derivatives", ...)
    q = SET.question("double", points=2)
    q.case("double(x)", x=3)
    q.case("double(x)", x=-1.5, hidden=True, about="a negative number")

    @q.reference
    def double(x):
        return 2 * x

    @q.misconception("squares", "What is the difference between x + x and x · x?")
    def double(x):
        return x**2

An answer is source text: it is run in a namespace of its own, as a student's is in a kernel.
"""

from __future__ import annotations

import importlib.util
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.sources import Answer, run_source, source_of
from course_lib.checks import Case, Misconception, Outcome, recognise, run_case, verdict


class CourseProblem(Exception):
    """Something of the course itself is wrong; the message says what to change."""


PRELUDE = "import numpy as np\n"
ANSWERS = (
    "course_lib.reference", "course_lib.accelerated", "course_lib.filters", "course_lib.schedules", "course_lib.search",
    "autograder",
)  # fmt: skip
Runner = Callable[[Case], Outcome]


@dataclass(frozen=True)
class CaseResult:
    """What one case came to; `message` is ``None`` if it passed."""

    description: str
    hidden: bool
    weight: float
    message: str | None


@dataclass(frozen=True)
class QuestionResult:
    """What one question earned, case by case, and the misconceptions that explain the failures."""

    name: str
    points: float
    max_points: float
    cases: tuple[CaseResult, ...] = ()
    misconceptions: tuple[Misconception, ...] = ()
    problem: str = ""

    @property
    def passed(self) -> int:
        """Number of cases passed."""
        return sum(case.message is None for case in self.cases)


@dataclass
class Question:
    """One graded question: the names it asks for, its points, its cases, and answers right and wrong.

    Parameters
    ----------
    name
        The nbgrader id of its test cell, and the name it asks for unless `names` says otherwise.
    points
        Maximum score.
    names
        The functions, classes or values that a student defines.
    prelude
        Source that runs before an answer when answers are tried without a notebook.
    """

    name: str
    points: float
    names: tuple[str, ...] = ()
    prelude: str = PRELUDE
    cases: list[Case] = field(default_factory=list)
    reference_source: str = ""
    accepted: list[str] = field(default_factory=list)
    misconceptions: list[tuple[Misconception, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = self.names or (self.name,)

    def case(self, code: str, *, inputs: dict[str, Any] | None = None, **settings: Any) -> None:
        """Add a case: :class:`course_lib.checks.Case` settings by name, everything else is an input of that name."""
        known = {key: settings.pop(key) for key in list(settings) if key in Case.__dataclass_fields__}
        self.cases.append(Case(code, {**settings, **(inputs or {})}, **known))

    def reference(self, answer: Answer) -> Answer:
        """Name the right answer (decorator)."""
        self.reference_source = source_of(answer)
        return answer

    def accepts(self, answer: Answer) -> Answer:
        """Add another right answer, differently written (decorator)."""
        self.accepted.append(source_of(answer))
        return answer

    def misconception(self, name: str, hint: str, answer: Answer | None = None) -> Any:
        """Add a named wrong answer with its hint (decorator, or with `answer` given)."""

        def add(wrong: Answer) -> Answer:
            self.misconceptions.append((Misconception(name, hint), source_of(wrong)))
            return wrong

        return add if answer is None else add(answer)

    def outcomes(self, source: str) -> list[Outcome]:
        """Run every case on an answer given as source text."""
        namespace = run_source(self.prelude + source)
        return [run_case(case, namespace) for case in self.cases]

    @cached_property
    def expected(self) -> list[Any]:
        """The reference answer's value in each case; ValueError if it fails there."""
        outcomes = self.outcomes(self.reference_source)
        for case, outcome in zip(self.cases, outcomes, strict=True):
            if verdict(case, outcome.value, outcome):
                raise ValueError(f"the reference answer of {self.name} fails in {case.code!r}: {outcome}")
        return [outcome.value for outcome in outcomes]

    @cached_property
    def known(self) -> list[tuple[Misconception, list[Outcome | None]]]:
        """Each misconception with its own outcomes, ``None`` in the cases that it passes."""
        return [(misconception, self._deviations(source)) for misconception, source in self.misconceptions]

    def _deviations(self, source: str) -> list[Outcome | None]:
        rows = zip(self.cases, self.expected, self.outcomes(source), strict=True)
        return [outcome if verdict(case, expected, outcome) else None for case, expected, outcome in rows]

    def grade(self, run: Runner) -> QuestionResult:
        """Run every case through `run`, which reaches the answer wherever it lives, and score the outcomes.

        The score is the weighted share of the cases passed, in hundredths of a point, rounded down.
        """
        outcomes = [run(case) for case in self.cases]
        rows = list(zip(self.cases, self.expected, outcomes, strict=True))
        failures = [verdict(*row) for row in rows]
        results = tuple(
            CaseResult(case.describe(), case.hidden, case.weight, failure)
            for case, failure in zip(self.cases, failures, strict=True)
        )
        named = tuple(recognise(self.cases, failures, outcomes, self.known)) if any(failures) else ()
        return QuestionResult(self.name, self._points(results), self.points, results, named)

    def grade_source(self, source: str) -> QuestionResult:
        """Grade an answer given as source text, in this process: for answers of the course's own only."""
        namespace = run_source(self.prelude + source)
        return self.grade(lambda case: run_case(case, namespace))

    def _points(self, results: Sequence[CaseResult]) -> float:
        if all(result.message is None for result in results):
            return self.points
        earned = sum(result.weight for result in results if result.message is None)
        share = earned / sum(result.weight for result in results)
        return math.floor(100 * self.points * share) / 100


@dataclass(frozen=True)
class FreeText:
    """A question in words, graded by hand: its id, its points and the rubric as (points, criterion) pairs."""

    name: str
    points: float
    rubric: tuple[tuple[float, str], ...]
    model_answer: str


@dataclass
class ProblemSet:
    """One problem set: what it is called, what it asks, what may not be borrowed.

    Parameters
    ----------
    name
        Stem, as in ``"01_derivatives"``.
    title
        As printed.
    minutes
        How long it should take.
    objectives
        What a student can do afterwards.
    refuses
        Modules that an answer may not be taken from.
    shared
        Names of locked cells that plain test cells take from the student's process, such as a class whose objects they
        hand to answers.
    tests_beside
        Run plain test cells in the student's own process, for tests that need more than values and calls can show.
        An answer can forge such tests; each grade then carries a note that says so.
    """

    name: str
    title: str
    minutes: int
    objectives: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ANSWERS
    shared: tuple[str, ...] = ()
    tests_beside: bool = False
    questions: dict[str, Question] = field(default_factory=dict)
    free_text: list[FreeText] = field(default_factory=list)

    def question(self, name: str, points: float, **settings: Any) -> Question:
        """Add a question and return it."""
        if name in self.questions:
            raise ValueError(f"question {name!r} stands twice in {self.name}")
        self.questions[name] = Question(name, points, **settings)
        return self.questions[name]

    def written(self, name: str, points: float, rubric: tuple[tuple[float, str], ...], model_answer: str) -> None:
        """Add a question answered in words; the rubric's points must add up to `points`."""
        if not math.isclose(sum(part for part, _ in rubric), points):
            raise ValueError(f"the rubric of {name} adds up to {sum(part for part, _ in rubric)}, not {points}")
        self.free_text.append(FreeText(name, points, rubric, model_answer))

    @property
    def points(self) -> float:
        """Points of the whole set, those graded by hand included."""
        return sum(q.points for q in self.questions.values()) + sum(q.points for q in self.free_text)


def load_set(folder: str | Path) -> ProblemSet:
    """Import ``questions.py`` of a folder ``solutions/NN_topic`` and return its ``SET``.

    A folder with a notebook of its name and no ``questions.py`` is a set of plain test cells, as other courses have it.
    """
    file = Path(folder).resolve() / "questions.py"
    if not file.is_file() and file.with_name(f"{file.parent.name}.ipynb").is_file():
        return ProblemSet(file.parent.name, title=file.parent.name, minutes=0)
    if not file.is_file():
        raise CourseProblem(f"{file.parent.name}/questions.py is missing: is {file.parent.name!r} the name of a set?")
    name = f"descent_questions_{file.parent.name}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    found = getattr(module, "SET", None)
    if not isinstance(found, ProblemSet) or found.name != file.parent.name:
        raise CourseProblem(f"{file.parent.name}/questions.py must define SET = ProblemSet({file.parent.name!r}, ...)")
    return found


def score(*answers: Any) -> float:
    """Score an answer where it stands, in an instructor's copy of a source notebook; print what failed.

    ``questions.py`` is looked for in the current folder, or in the folder that the variable ``DESCENT_SET`` names.
    While a class is graded this is not called: the engine asks the student's process for the cases instead.
    """
    namespace = sys._getframe(1).f_globals
    for question in load_set(os.environ.get("DESCENT_SET") or Path.cwd()).questions.values():
        if any(namespace.get(name, question) is answer for name in question.names for answer in answers):
            result = question.grade(lambda case: run_case(case, namespace))
            for case in result.cases:
                if case.message:
                    print(f"{case.description}: {case.message}")
            return result.points
    raise CourseProblem("score takes an answer of this set, as in score(my_function)")
