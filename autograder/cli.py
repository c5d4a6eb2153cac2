"""The command line: release sample collect grade feedback report export doctor."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from autograder import doctor as examination
from autograder.course import Course, find_course
from autograder.export import unfinished, write_exports
from autograder.feedback import write_feedback
from autograder.gradebook import Gradebook
from autograder.grading import Tally, default_workers, grade_class, local_executor, read_records
from autograder.intake import collect as collect_submissions
from autograder.kernel import Limits
from autograder.questions import CourseProblem
from autograder.records import Record
from autograder.release import release_set
from autograder.report import write_report
from autograder.sample import write_class

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)
console = Console(stderr=False, highlight=False)

SetName = Annotated[str, typer.Argument(metavar="SET", help="Stem of the problem set, as in 01_derivatives.")]
CourseOption = Annotated[Path | None, typer.Option("--course", help="The course's folder; the current one by default.")]
DbOption = Annotated[str, typer.Option("--db", help="Address of the gradebook; that of nbgrader_config.py by default.")]


@app.command()
def release(sets: Annotated[list[str] | None, typer.Argument()] = None, course: CourseOption = None) -> None:
    """Make exercises/ from solutions/: notebooks without solutions, and their public checks."""
    found = find_course(course)
    with bar("releasing") as progress:
        names = sets or found.sets()
        task = progress.add_task("releasing", total=len(names))
        for name in names:
            written = release_set(found.solution(name), found.exercises / name)
            progress.update(task, advance=1, description=name)
            console.print(f"{name}: {'wrote ' + ', '.join(written) if written else 'up to date'}")


@app.command()
def sample(
    set_name: SetName,
    inbox: Annotated[Path | None, typer.Argument(help="Where to write; grading/inbox/SET by default.")] = None,
    students: Annotated[int, typer.Option(min=1, help="How many students.")] = 24,
    seed: Annotated[int, typer.Option(help="Decides who answers what.")] = 1,
    course: CourseOption = None,
) -> None:
    """Make a sample class: right answers, partial ones and misconceptions."""
    found = find_course(course)
    folder = inbox or default_inbox(found, set_name)
    ids = write_class(found.solution(set_name), found.exercises / set_name, folder, students, seed)
    console.print(f"{len(ids)} notebooks and roster.csv in {folder}")


@app.command()
def collect(
    set_name: SetName,
    inbox: Annotated[Path | None, typer.Argument(help="A folder of submissions; grading/inbox/SET by default.")] = None,
    roster: Annotated[Path | None, typer.Option(help="CSV: id, first_name, last_name, email, lms_user_id.")] = None,
    course: CourseOption = None,
    db: DbOption = "",
) -> None:
    """Take submissions in from a folder of notebooks, or of one folder a student."""
    found = find_course(course, db)
    collect_class(found, set_name, inbox or default_inbox(found, set_name), roster)


@app.command()
def grade(
    set_name: SetName,
    workers: Annotated[int, typer.Option(min=1, help="Processes that grade side by side.")] = default_workers(),
    regrade: Annotated[bool, typer.Option(help="Grade all, changed or not.")] = False,
    student: Annotated[list[str] | None, typer.Option(help="Only this student; may be given more than once.")] = None,
    cell_seconds: Annotated[float, typer.Option(min=0.1, help="Time limit of a cell.")] = Limits.cell,
    case_seconds: Annotated[float, typer.Option(min=0.1, help="Time limit of one test case.")] = Limits.case,
    course: CourseOption = None,
    db: DbOption = "",
) -> None:
    """Grade what is new or changed; whatever a submission does, the rest of the class is graded."""
    found = find_course(course, db)
    limits = Limits(cell=cell_seconds, case=case_seconds)
    run_grading(found, set_name, workers, limits, regrade, tuple(student or ()))


@app.command()
def feedback(set_name: SetName, course: CourseOption = None, db: DbOption = "") -> None:
    """Write one feedback page a student."""
    found = find_course(course, db)
    found.solution(set_name)
    pages = write_feedback(found, set_name)
    console.print(f"{len(pages)} feedback pages in {found.feedback}")


@app.command()
def report(set_name: SetName, course: CourseOption = None, db: DbOption = "") -> None:
    """Write the class report: distribution, difficulty, discrimination, misconceptions."""
    found = find_course(course, db)
    found.solution(set_name)
    console.print(f"class report in {write_report(found, set_name)}")


@app.command()
def export(
    set_name: SetName,
    canvas_id: Annotated[int | None, typer.Option(help="Canvas's number of the assignment.")] = None,
    course: CourseOption = None,
    db: DbOption = "",
) -> None:
    """Write grades as nbgrader's CSV and as files that Canvas and Moodle import."""
    found = find_course(course, db)
    found.solution(set_name)
    for file in write_exports(found, set_name, canvas_id):
        console.print(f"wrote {file}")
    for sentence in unfinished(found, set_name):
        console.print(f"[yellow]note:[/] {sentence}")


@app.command()
def doctor(course: CourseOption = None, db: DbOption = "") -> None:
    """Look at machine and course, and say what will work."""
    table = Table("", "what", "finding", box=None)
    good = True
    for finding in examination.examine(find_course(course, db)):
        good = good and (finding.ok or finding.name == "isolation")
        table.add_row("[green]ok[/]" if finding.ok else "[yellow]look[/]", finding.name, finding.text)
    console.print(table)
    raise typer.Exit(0 if good else 1)


def default_inbox(course: Course, set_name: str) -> Path:
    """Return the folder that submissions to a set are taken from unless another is named."""
    return course.submitted.parent / "inbox" / set_name


def collect_class(course: Course, set_name: str, inbox: Path, roster: Path | None) -> list[str]:
    """Collect a folder of submissions, enter the roster, and say what was left."""
    course.solution(set_name)
    if not inbox.is_dir():
        raise CourseProblem(f"{inbox} is not a folder: name the folder that holds the submissions")
    collected, refused = collect_submissions(inbox, course.submitted, set_name)
    roster = roster or (inbox / "roster.csv" if (inbox / "roster.csv").is_file() else None)
    if roster:
        with Gradebook(course) as gradebook:
            gradebook.save_students(read_roster(roster))
    console.print(f"collected {len(collected)} submissions to {set_name}")
    for name, reason in refused:
        if name != "roster.csv":
            console.print(f"[yellow]left {name}[/]: {reason}")
    return collected


def read_roster(file: Path) -> list[dict[str, str]]:
    """Read a roster; CourseProblem if it is no CSV with a column `id`."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            rows = [{key: (value or "").strip() for key, value in row.items() if key} for row in csv.DictReader(stream)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CourseProblem(f"the roster {file} cannot be read ({error}): save it as CSV in UTF-8") from None
    if not rows or any(not row.get("id") for row in rows):
        raise CourseProblem(f"the roster {file} needs a column 'id' that is filled in on every line")
    return rows


def run_grading(
    course: Course, set_name: str, workers: int, limits: Limits, regrade: bool = False, students: tuple[str, ...] = ()
) -> Tally:
    """Grade with a progress bar; print what was graded, how long one took, and who is quarantined why."""
    course.solution(set_name)
    began = time.monotonic()
    with bar("grading") as progress:
        task = progress.add_task("grading", total=None)

        def done(record: Record, left: int) -> None:
            progress.update(task, advance=1, description=record.student)

        tally = grade_class(
            course, set_name, local_executor(workers), limits, regrade, students,
            started=lambda total: progress.update(task, total=total), progress=done,
        )  # fmt: skip
    count, seconds = len(tally.graded), time.monotonic() - began
    pace = f", {seconds / count:.2f} s each with {workers} workers" if count else ""
    console.print(f"graded {count}{pace}; {tally.unchanged} were graded already")
    for record in tally.quarantined:
        console.print(f"[yellow]quarantined {record.student}[/]: {record.quarantine}")
    return tally


@contextmanager
def bar(description: str) -> Iterator[Progress]:
    """Show a progress bar with count and time left."""
    columns = (TextColumn("{task.description:24.24}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield progress


def explained(command: Callable[[], object]) -> int:
    """Run a command; say what is wrong in one line where the course or the disk is to blame. Returns the exit code."""
    try:
        command()
    except CourseProblem as problem:
        console.print(f"[red]stopped:[/] {problem}")
        return 2
    except (PermissionError, FileNotFoundError, OSError) as error:
        console.print(f"[red]stopped:[/] {error.strerror or error} ({error.filename or 'no file'})")
        return 2
    except KeyboardInterrupt:
        console.print("[yellow]stopped by you:[/] what was graded is kept; run the same command to go on")
        return 130
    return 0


def main() -> None:
    """Entry point of the command ``autograder``."""
    sys.exit(explained(app))


__all__ = ["app", "main", "read_records"]
