"""One page a student: points by question, what was expected and got, hints, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from pathlib import Path

from autograder.answers import Answer, clean, read_answers
from autograder.course import Course
from autograder.disclosure import Shown, advice, friendly_note, problem_text, shown, words_of_visible_tests
from autograder.gradebook import Gradebook, Score
from autograder.grading import read_records
from autograder.notebooks import released
from autograder.pages import points, write_page
from autograder.questions import CaseResult, ProblemSet, QuestionResult, load_set
from autograder.records import Record
from autograder.release import read_source
from course_lib.checks import Misconception

UNANSWERED = "NotImplementedError: not answered yet"


@dataclass(frozen=True)
class Failure:
    """Tests that failed in the same way."""

    cases: tuple[CaseResult, ...]
    what: Shown


@dataclass(frozen=True)
class QuestionView:
    """One question as its student sees it; `changed` holds the automatic points if an assistant gave others."""

    name: str
    points: float
    max_points: float
    pending: bool = False
    changed: float | None = None
    by_hand: bool = False
    problem: str = ""
    misconceptions: tuple[Misconception, ...] = ()
    failed: tuple[Failure, ...] = ()
    passed: tuple[CaseResult, ...] = ()
    unanswered: bool = False
    text: str = ""
    rubric: tuple[tuple[float, str], ...] = ()
    comments: tuple[str, ...] = ()
    answer: Answer | None = None

    @property
    def hidden_failed(self) -> bool:
        """Whether a hidden test is among those that failed."""
        return any(case.hidden for failure in self.failed for case in failure.cases)

    @property
    def share(self) -> float:
        """Share of the points earned, in 0..1."""
        return min(1.0, max(0.0, self.points / self.max_points)) if self.max_points else 0.0


def write_feedback(course: Course, set_name: str, wanted: Callable[[str], bool] = lambda student: True) -> list[Path]:
    """Write ``<feedback>/<student>/<set>/<set>.html`` for each submission, graded or quarantined, of `wanted` students.

    Each page is one file without scripts that asks for nothing else. Points and comments are those of the gradebook, so
    what was graded by hand is in them.
    """
    problem_set = load_set(course.solution(set_name))
    with Gradebook(course) as gradebook:
        scores = {score.student: score for score in gradebook.scores(set_name)}
    words = words_of_visible_tests(released(read_source(course.solution(set_name))))
    records = [record for record in read_records(course, set_name) if wanted(record.student)]
    return [write_student(course, problem_set, record, scores.get(record.student), words) for record in records]


def write_student(
    course: Course, problem_set: ProblemSet, record: Record, score: Score | None, words: Set[str] = frozenset()
) -> Path:
    """Write one student's page and return its file; `words` are those of the visible tests, which may be repeated."""
    place = course.feedback / record.student / record.set_name / f"{record.set_name}.html"
    answers = read_answers(course.graded(record.student, record.set_name) / f"{record.set_name}.ipynb")
    score = score or Score(record.student, None, record.points, record.max_points, waiting=_unread(record))
    questions = [] if record.quarantine else _views(record, score, problem_set, answers, words)
    earned = sum(view.points for view in questions) - score.late_penalty
    return write_page(
        place,
        "feedback.html.j2",
        title=problem_set.title,
        set_name=record.set_name,
        student=record.student,
        name=f"{score.first_name} {score.last_name}".strip(),
        submitted=f"{score.submitted:%Y-%m-%d %H:%M} UTC" if score.submitted else "",
        quarantine=clean(record.quarantine, 500).rstrip("."),
        advice=advice(record.quarantine),
        earned=max(0.0, earned),
        most=sum(view.max_points for view in questions),
        waiting=sum(view.max_points for view in questions if view.pending),
        penalty=score.late_penalty,
        words=in_words(questions),
        notes=[friendly_note(note) for note in record.notes],
        questions=questions,
        engine=record.engine,
    )


def _unread(record: Record) -> frozenset[str]:
    return frozenset(name for name, _, text in record.manual if text)


def _views(
    record: Record, score: Score, problem_set: ProblemSet, answers: dict[str, Answer], words: Set[str]
) -> list[QuestionView]:
    automatic = [_automatic(result, score, answers, words) for result in record.questions]
    rubrics = {question.name: question.rubric for question in problem_set.free_text}
    return automatic + [_by_hand(*entry, score, rubrics.get(entry[0], ())) for entry in record.manual]


def _automatic(result: QuestionResult, score: Score, answers: dict[str, Answer], words: Set[str]) -> QuestionView:
    earned = score.parts.get(result.name, result.points)
    failed = [case for case in result.cases if case.message is not None]
    answer = answers.get(f"{result.name}_answer")
    unanswered = bool(failed) and all(case.message == UNANSWERED for case in result.cases)
    return QuestionView(
        result.name,
        earned,
        result.max_points,
        changed=result.points if abs(earned - result.points) > 1e-9 else None,
        problem=problem_text(result.problem, bool(result.cases), words),
        misconceptions=result.misconceptions,
        failed=() if unanswered else _failures(failed, answer.source if answer else ""),
        passed=tuple(case for case in result.cases if case.message is None),
        unanswered=unanswered,
        comments=_comments(score, result.name, f"{result.name}_answer"),
        answer=answer,
    )


def _failures(failed: Iterable[CaseResult], own_source: str) -> tuple[Failure, ...]:
    groups: dict[Shown, list[CaseResult]] = {}
    for case in failed:
        groups.setdefault(shown(case, own_source), []).append(case)
    return tuple(Failure(tuple(cases), what) for what, cases in groups.items())


def _by_hand(
    name: str, max_points: float, text: str, score: Score, rubric: tuple[tuple[float, str], ...]
) -> QuestionView:
    return QuestionView(
        name,
        score.parts.get(name, 0.0),
        max_points,
        pending=name in score.waiting,
        by_hand=True,
        unanswered=not text,
        text=clean(text, 20_000),
        rubric=rubric if text else (),
        comments=_comments(score, name),
    )


def _comments(score: Score, *names: str) -> tuple[str, ...]:
    found = (score.comments.get(name, "") for name in names)
    return tuple(clean(comment, 10_000) for comment in found if comment and comment != "No response.")


def in_words(questions: Iterable[QuestionView]) -> str:
    """Sum a result up in a sentence or two: how much is right, and where to look first.

    Examples
    --------
    >>> in_words([QuestionView("double", 2, 2), QuestionView("halve", 1, 4)])
    'Full points in 1 of 2 questions. Look at halve first: it holds 3 of the points that are missing.'
    """
    graded = [view for view in questions if not view.pending]
    if not graded:
        return "None of it has been graded yet."
    full = [view for view in graded if view.points >= view.max_points - 1e-9]
    if len(full) == len(graded):
        return "Full points in every question that has been graded. Well done."
    worst = max(graded, key=lambda view: view.max_points - view.points)
    count = f"Full points in {len(full)} of {len(graded)} questions." if full else "No question has full points yet."
    missing = points(worst.max_points - worst.points)
    return f"{count} Look at {worst.name} first: it holds {missing} of the points that are missing."
