"""The class report: what the class misunderstood, how the questions work, and what waits for an assistant."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from autograder import analysis
from autograder.analysis import Statistic, Table
from autograder.answers import clean, read_answers
from autograder.course import Course
from autograder.disclosure import advice
from autograder.gradebook import Gradebook, Score
from autograder.grading import read_records
from autograder.intake import find_submissions
from autograder.notebooks import gradable, grade_id
from autograder.pages import points, write_page
from autograder.questions import ProblemSet, load_set
from autograder.records import Record
from autograder.release import read_source
from autograder.similarity import THRESHOLD, Pair, similar_pairs
from autograder.worktime import minutes_of_work

HARD, EASY, WEAK = 0.4, 0.95, 0.2
MOST_ROWS, MOST_NAMES = 12, 12
FEW = 4


@dataclass(frozen=True)
class QuestionRow:
    """One question in numbers and, where they are remarkable, in words."""

    name: str
    max_points: float
    mean_share: float
    full: int
    item_rest: Statistic
    upper_lower: Statistic
    remark: str


def write_report(course: Course, set_name: str) -> Path:
    """Write the class report of a set as one HTML file without scripts, and return it."""
    problem_set = load_set(course.solution(set_name))
    records = read_records(course, set_name)
    with Gradebook(course) as gradebook:
        scores = gradebook.scores(set_name)
    file = course.reports / f"{set_name}.html"
    own_code = _own_code(course, records, set_name)
    links = {r.student: link for r in records if (link := _link(course, r, file))}
    found = contents(problem_set, records, scores, own_code)
    return write_page(file, "report.html.j2", links=links, work=work_times(course, set_name), **found)


def work_times(course: Course, set_name: str) -> list[float]:
    """Return the minutes of work of those whose notebooks tell, in order of size."""
    files = (found.file for found in find_submissions(course.submitted, set_name) if found.file)
    return sorted(minutes for file in files if (minutes := minutes_of_work(file)) is not None)


def contents(
    problem_set: ProblemSet, records: Sequence[Record], scores: Sequence[Score], own_code: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Compute all that the report's page shows: a pure function of records, scores and the students' own code."""
    graded = [record for record in records if not record.quarantine]
    table = analysis.class_table(records, scores)
    alpha = analysis.cronbach_alpha(table.points)
    rows = question_rows(table)
    wrong = analysis.misunderstood(graded)
    waiting = sorted({s.student for s in scores if s.needs_manual} & {r.student for r in graded})
    return {
        "problem_set": problem_set,
        "graded": graded,
        "quarantined": [(r, clean(r.quarantine, 500), advice(r.quarantine)) for r in records if r.quarantine],
        "missing": sorted({score.student for score in scores} - {record.student for record in records}),
        "waiting": waiting,
        "late": sum(score.late_penalty > 0 for score in scores),
        "table": table,
        "quartiles": analysis.quartiles(table.totals),
        "rows": rows,
        "alpha": alpha,
        "interval": _interval(alpha, table),
        "misunderstood": wrong,
        "missed": missed_tests(graded),
        "pairs": similar_pairs(own_code, most=MOST_ROWS),
        "threshold": THRESHOLD,
        "most_names": MOST_NAMES,
        "summary": summary(table, rows, wrong),
        "figures": _figures(table),
        "seconds": sorted(record.seconds for record in graded),
        "time": analysis.quartiles([record.seconds for record in graded]),
        "how": _provenance(graded),
        "notes": Counter(bool(record.notes) for record in graded)[True],
    }


def question_rows(table: Table) -> list[QuestionRow]:
    """Compute difficulty and discrimination of each question, with a remark where an author should look at it."""
    rows = []
    for item, mean in enumerate(analysis.difficulty(table.shares)):
        rest = analysis.item_rest(table.points, item)
        groups = analysis.upper_lower(table.points, item, float(table.max_points[item]))
        full = int((table.shares[:, item] >= 1 - 1e-9).sum())
        most = float(table.max_points[item])
        rows.append(
            QuestionRow(table.questions[item], most, mean, full, rest, groups, _remark(mean, rest, len(table.students)))
        )
    return rows


def _remark(mean: float, rest: Statistic, students: int) -> str:
    words = ["hard"] if mean < HARD else ["very easy"] if mean > EASY else []
    if rest.value is not None and rest.value < -2 / sqrt(students):
        words.append("better students did worse: read it again, is the reference right?")
    elif rest.value is not None and rest.value < WEAK - 1 / sqrt(students):
        words.append("hardly goes with the rest")
    return "; ".join(words)


def summary(table: Table, rows: Sequence[QuestionRow], wrong: Sequence[analysis.Misunderstood]) -> list[str]:
    """Say the most important things in sentences."""
    found = analysis.quartiles(table.totals)
    if found is None:
        return ["Nothing has been graded yet."]
    most = points(float(table.max_points.sum()))
    lower, middle, upper = map(points, found)
    students = len(table.students)
    if students == 1:
        sentences = [f"The only submission has {middle} of {most} points."]
    elif np.ptp(table.totals) < 1e-9:
        sentences = [f"All {students} students have the same: {middle} of {most} points."]
    elif students < FEW:
        sentences = [f"The median is {middle} of {most} points."]
    else:
        sentences = [f"The median is {middle} of {most} points; half of the class lies between {lower} and {upper}."]
    hardest = min(rows, key=lambda row: row.mean_share, default=None)
    if hardest and hardest.mean_share < EASY:
        sentences.append(
            f"The hardest question was {hardest.name}: {100 * hardest.mean_share:.0f} % of its points were earned, "
            f"{hardest.full} of {students} students have all of them."
        )
    if not wrong:
        sentences.append("No misconception was recognised.")
    return sentences


def missed_tests(records: Sequence[Record]) -> list[analysis.Missed]:
    """List the tests missed most, at most two of a question: one hard question would fill the table otherwise."""
    kept: Counter[str] = Counter()
    rows = []
    for row in analysis.missed_cases(records):
        kept[row.question] += 1
        if kept[row.question] <= 2:
            rows.append(row)
    return rows[:MOST_ROWS]


def _interval(alpha: Statistic, table: Table) -> tuple[float, float] | None:
    if alpha.value is None:
        return None
    return analysis.alpha_interval(alpha.value, len(table.students), len(table.questions))


def _figures(table: Table) -> list[tuple[str, str]]:
    """Return the figures with their captions; they need at least one student and one question."""
    if not len(table.students) or not len(table.questions):
        return []
    from autograder import charts
    from course_lib.figures.style import to_svg

    scores = charts.distribution(table.totals, float(table.max_points.sum()))
    parts = charts.outcomes(table.questions, table.shares)
    return [
        (to_svg(scores), "How the points are distributed. Dashed: the median; shaded: the middle half of the class."),
        (to_svg(parts), "Who earned all, some or none of the points of each question."),
    ]


def _provenance(graded: Sequence[Record]) -> list[tuple[str, int]]:
    """Count by engine version, isolation level and version of the set."""
    facts = (f"engine {r.engine}, isolation: {r.sandbox}, set {r.source_hash[:12] or 'unknown'}" for r in graded)
    return Counter(facts).most_common()


def _own_code(course: Course, records: Sequence[Record], set_name: str) -> dict[str, list[str]]:
    """Return each student's own code: the answer cells that differ from what was handed out."""
    source = gradable(read_source(course.solution(set_name)))
    handed_out = {grade_id(cell): cell.source.strip() for cell in source.cells if cell.cell_type == "code"}
    own = {}
    for record in records:
        if not record.quarantine:
            answers = read_answers(course.graded(record.student, set_name) / f"{set_name}.ipynb")
            sources = {name: answers[name].source for name in answers if name in handed_out}
            own[record.student] = [text for name, text in sources.items() if text.strip() != handed_out[name]]
    return own


def _link(course: Course, record: Record, report: Path) -> str:
    """Return the address of a student's feedback page as seen from the report; empty if there is none."""
    page = course.feedback / record.student / record.set_name / f"{record.set_name}.html"
    if not page.is_file():
        return ""
    return quote(os.path.relpath(page, report.parent).replace(os.sep, "/"), errors="replace")


__all__ = ["Pair", "QuestionRow", "contents", "question_rows", "summary", "write_report"]
