"""The last step of ``make course``: make a sample class, grade it, and show where everything is."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from rich.panel import Panel
from rich.table import Table

from autograder.course import Course, find_course
from autograder.export import write_exports
from autograder.feedback import write_feedback
from autograder.grading import default_workers, read_records
from autograder.report import write_report
from autograder.sample import write_class
from autograder.steps import Work, collect_class, console, default_inbox, explained, run_grading


def run(set_name: str, students: int = 24) -> None:
    """Take a sample class through every step, from notebooks to exports."""
    course = apart(find_course())
    inbox = default_inbox(course, set_name)
    write_class(course.solution(set_name), course.exercises / set_name, inbox, students)
    collect_class(course, set_name, inbox)
    tally = run_grading(course, set_name, Work(default_workers()))
    pages = course.feedback
    if tally.graded or tally.quarantined or not pages.is_dir():
        write_feedback(course, set_name)
        write_report(course, set_name)
        write_exports(course, set_name)
    console.print(summary(course, set_name))


def apart(course: Course) -> Course:
    """Return the course with folders and a gradebook of the sample class alone: it never mixes with a real one."""
    folder = course.root / "grading" / "sample"
    return replace(
        course,
        submitted=folder / "submitted",
        autograded=folder / "autograded",
        feedback=folder / "feedback",
        db_url=f"sqlite:///{folder / 'gradebook.db'}",
    )


def summary(course: Course, set_name: str) -> Panel:
    """Return the last screen: where site, grades, feedback and report are, and what the class misunderstood most."""
    records = read_records(course, set_name)
    graded = [record for record in records if not record.quarantine]
    seconds = sorted(record.seconds for record in graded)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    site = course.root / "_build" / "html" / "index.html"
    for name, place in (
        ("the book", site if site.is_file() else "not built yet: make book"),
        ("the class report", course.reports / f"{set_name}.html"),
        ("feedback", course.feedback),
        ("grades", course.db_url),
        ("exports", course.reports),
    ):
        table.add_row(name, _short(place, course.root))
    table.add_row("", "")
    median = f", {seconds[len(seconds) // 2]:.2f} s for one (median)" if seconds else ""
    table.add_row("submissions graded", f"{len(graded)} of {len(records)}{median}")
    for rank, (text, count) in enumerate(misunderstood(course, set_name)[:3]):
        table.add_row("misunderstood most" if rank == 0 else "", f"{text} ({count} students)")
    return Panel(table, title="Descent", expand=False)


def misunderstood(course: Course, set_name: str) -> list[tuple[str, int]]:
    """Count the misconceptions that the graders recognised, the most common first."""
    counts = Counter(
        f"{question.name}: {misconception.name}"
        for record in read_records(course, set_name)
        for question in record.questions
        for misconception in question.misconceptions
    )
    return counts.most_common()


def _short(place: Path | str, root: Path) -> str:
    return str(place).replace(f"{root}/", "")


if __name__ == "__main__":
    sys.exit(explained(lambda: run(sys.argv[1] if len(sys.argv) > 1 else "01_derivatives")))
