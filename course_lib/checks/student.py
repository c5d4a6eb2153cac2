"""What runs in a student's notebook: ``check = load_checks("checks.json")``, then ``check(my_function)``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from course_lib.checks.borrowing import borrowed
from course_lib.checks.cases import Case, Outcome, run_case
from course_lib.checks.values import from_json, to_json
from course_lib.checks.verdicts import Misconception, recognise, verdict

FORMAT = 1


class CheckFailed(AssertionError):
    """An answer did not pass; shown to the student as a short message without a traceback.

    Examples
    --------
    >>> CheckFailed("double: 1 of 2 checks passed")._render_traceback_()
    ['double: 1 of 2 checks passed']
    """

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@dataclass(frozen=True)
class PublicQuestion:
    """The part of a question that students may see: public cases, expected values, misconceptions' values."""

    name: str
    names: tuple[str, ...]
    cases: tuple[Case, ...]
    expected: tuple[Any, ...]
    known: tuple[tuple[Misconception, tuple[Any, ...]], ...]


class Checks:
    """The visible checks of one problem set.

    Parameters
    ----------
    set_name
        Stem of the set, as in ``"01_derivatives"``.
    questions
        Questions by name.
    refuses
        Modules that an answer may not be taken from.

    Examples
    --------
    >>> from course_lib.checks import Case
    >>> question = PublicQuestion("double", ("double",), (Case("double(x)", {"x": 3}),), (6,), ())
    >>> check = Checks("01_derivatives", {"double": question}, refuses=())
    >>> check
    <checks of 01_derivatives: double>
    >>> print(check.message(question, {"double": lambda x: 3 * x}))
    double: 0 of 1 checks passed
      double(x) with x = 3:
      expected 6, got 9
    """

    def __init__(self, set_name: str, questions: Mapping[str, PublicQuestion], refuses: tuple[str, ...]) -> None:
        self.set_name, self.questions, self.refuses = set_name, questions, refuses

    def __repr__(self) -> str:
        return f"<checks of {self.set_name}: {', '.join(self.questions)}>"

    def __call__(self, *answers: Any) -> None:
        """Check one question, given the function, class or value that answers it.

        Raises
        ------
        CheckFailed
            With a message that says what is wrong. While a class is being graded the message is printed instead.
        """
        namespace = sys._getframe(1).f_globals
        question = self._find(answers, namespace)
        message = self.message(question, namespace)
        if message is None:
            count = len(question.cases)
            print(f"{question.name}: {count} of {count} checks passed")
        elif os.environ.get("NBGRADER_EXECUTION") == "autograde":
            print(message)
        else:
            raise CheckFailed(message)

    def message(self, question: PublicQuestion, namespace: Mapping[str, Any]) -> str | None:
        """Run a question's public cases on the names of `namespace`; None if all pass."""
        if taken := borrowed(question.names, namespace, self.refuses):
            return f"{question.name}: {taken}"
        outcomes = [run_case(case, namespace) for case in question.cases]
        rows = list(zip(question.cases, question.expected, outcomes, strict=True))
        failures = [verdict(*row) for row in rows]
        if not any(failures):
            return None
        first = next(i for i, failure in enumerate(failures) if failure)
        lines = [
            f"{question.name}: {len(failures) - sum(map(bool, failures))} of {len(failures)} checks passed",
            f"  {question.cases[first].describe()}:",
            f"  {failures[first]}",
        ]
        lines += [f"  This is what you get with: {m.name}. {m.hint}"
                  for m in recognise(question.cases, failures, outcomes, question.known)]  # fmt: skip
        return "\n".join(lines)

    def _find(self, answers: tuple[Any, ...], namespace: Mapping[str, Any]) -> PublicQuestion:
        for question in self.questions.values():
            own = [namespace.get(name, self) for name in question.names]
            if answers and any(answer is value for answer in answers for value in own):
                return question
        named = [getattr(answer, "__name__", None) or repr(answer)[:40] for answer in answers]
        raise CheckFailed(
            f"check takes an answer of this set, as in check({next(iter(self.questions))}), "
            f"got {', '.join(named) or 'nothing'}; the set asks for {', '.join(self.questions)}"
        )


def load_checks(path: str | Path = "checks.json") -> Checks:
    """Read the public checks of a problem set.

    Raises
    ------
    CheckFailed
        If the file is missing or was not made for this version, with the way out.

    Examples
    --------
    >>> load_checks("nowhere/checks.json")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    ...
    course_lib.checks.student.CheckFailed: checks.json is not in ...
    """
    file = Path(path)
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckFailed(
            f"{file.name} is not in {Path.cwd().name}/: open the notebook in the folder of its problem set, "
            "or download the set again"
        ) from None
    except ValueError:
        raise CheckFailed(f"{file.name} is damaged: download the problem set again") from None
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise CheckFailed(f"{file.name} was made for another version of course_lib: install the course's version")
    return Checks(body["set"], _Questions(body["questions"]), tuple(body["refuses"]))


class _Questions(Mapping[str, PublicQuestion]):
    """The questions of a ``checks.json``, each decoded when it is first asked for."""

    def __init__(self, bodies: Mapping[str, dict[str, Any]]) -> None:
        self.bodies, self.decoded = bodies, dict[str, PublicQuestion]()

    def __getitem__(self, name: str) -> PublicQuestion:
        if name not in self.decoded:
            self.decoded[name] = _read_question(name, self.bodies[name])
        return self.decoded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.bodies)

    def __len__(self) -> int:
        return len(self.bodies)


def _read_question(name: str, body: dict[str, Any]) -> PublicQuestion:
    cases = tuple(case_from_json(entry) for entry in body["cases"])
    known = tuple(
        (Misconception(entry["name"], entry["hint"]), tuple(_outcome(item) for item in entry["outcomes"]))
        for entry in body["misconceptions"]
    )
    expected = tuple(from_json(entry["expected"]) for entry in body["cases"])
    return PublicQuestion(name, tuple(body["names"]), cases, expected, known)


def _outcome(body: Any) -> Any:
    return None if body is None else Outcome.from_plain(from_json(body))


def case_to_json(case: Case) -> dict[str, Any]:
    """Encode a case for ``checks.json``, leaving out what has its default value."""
    body: dict[str, Any] = {
        "code": case.code,
        "inputs": {name: to_json(v) for name, v in case.inputs.items()},
    }
    for entry in fields(Case):
        if entry.name not in body and getattr(case, entry.name) != entry.default:
            body[entry.name] = getattr(case, entry.name)
    return body


def case_from_json(body: Mapping[str, Any]) -> Case:
    """Decode what :func:`case_to_json` made; further keys are ignored."""
    known = {entry.name for entry in fields(Case)}
    settings = {key: value for key, value in body.items() if key in known}
    settings["inputs"] = {name: from_json(value) for name, value in body["inputs"].items()}
    return Case(**settings)
