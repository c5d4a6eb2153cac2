"""The command line: release sample collect grade feedback report export publish doctor."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from autograder import doctor as examination
from autograder.course import find_course
from autograder.export import unfinished, write_exports
from autograder.feedback import write_feedback
from autograder.grading import default_workers
from autograder.kernel import Limits
from autograder.publish import publish as publish_feedback
from autograder.questions import CourseProblem
from autograder.release import release_set
from autograder.report import write_report
from autograder.sample import write_class
from autograder.steps import Taking, Work, bar, collect_class, console, default_inbox, explained, run_grading, say

HELP = """Grade a class: collect its submissions, grade them, and give grades and feedback back.

The commands stand in the order in which one needs them; each explains itself with --help and can be run again.
"""
app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=HELP)
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
    inbox: Annotated[Path | None, typer.Argument(help="Folder or zip archive; grading/inbox/SET by default.")] = None,
    roster: Annotated[
        Path | None, typer.Option(help="CSV with id, first_name, last_name, email, lms_user_id; or Canvas's, Moodle's.")
    ] = None,
    known_as: Annotated[
        list[str] | None, typer.Option("--is", metavar="NAME=ID", help="Whose a name is that is not on the roster.")
    ] = None,
    due: Annotated[
        datetime | None,
        typer.Option(help="When the set was due, in this machine's time zone.", formats=["%Y-%m-%d %H:%M", "%Y-%m-%d"]),
    ] = None,
    file_times: Annotated[bool, typer.Option(help="Take a file's date as the time of handing in.")] = False,
    course: CourseOption = None,
    db: DbOption = "",
) -> None:
    """Take submissions in: a folder of notebooks, or what Canvas or Moodle let you download."""
    found = find_course(course, db)
    how = Taking(roster, _names(known_as or ()), due.astimezone() if due else None, file_times)
    collect_class(found, set_name, inbox or default_inbox(found, set_name), how)


def _names(pairs: Sequence[str]) -> dict[str, str]:
    names = dict(pair.rpartition("=")[::2] for pair in pairs)
    if any(not (name and student) for name, student in names.items()):
        raise CourseProblem("--is needs a name and an id, as in --is 'Ada Okafr=ada.okafor'")
    return names


@app.command()
def grade(
    set_name: SetName,
    workers: Annotated[int, typer.Option(min=1, help="Processes that grade side by side.")] = default_workers(),
    scheduler: Annotated[str, typer.Option(metavar="ADDR", help="Grade on the Dask cluster of this scheduler.")] = "",
    regrade: Annotated[bool, typer.Option("--regrade", help="Grade all, changed or not.")] = False,
    student: Annotated[list[str] | None, typer.Option(help="Only this student; may be given more than once.")] = None,
    question: Annotated[str, typer.Option(help="Grade this question again; all other points stay.")] = "",
    cell_seconds: Annotated[float, typer.Option(min=0.1, help="Time limit of a cell.")] = Limits.cell,
    case_seconds: Annotated[float, typer.Option(min=0.1, help="Time limit of one test case.")] = Limits.case,
    course: CourseOption = None,
    db: DbOption = "",
) -> None:
    """Grade what is new or changed; whatever a submission does, the rest of the class is graded."""
    found = find_course(course, db)
    limits = Limits(cell=cell_seconds, case=case_seconds)
    run_grading(found, set_name, Work(workers, scheduler, limits, regrade, tuple(student or ()), question))


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
        say(sentence, "note")


@app.command()
def publish(
    set_name: SetName,
    to: Annotated[Path | None, typer.Option(help="Folder to give out from; grading/published by default.")] = None,
    course: CourseOption = None,
    db: DbOption = "",
) -> None:
    """Give each student's feedback page out: in a folder of their own, and as archives for Canvas and Moodle."""
    found = find_course(course, db)
    found.solution(set_name)
    target = to or found.submitted.parent / "published"
    done = publish_feedback(found, set_name, target)
    say(f"{len(done.pages)} pages, one folder a student, in {target}")
    for system, (file, count) in done.archives.items():
        say(f"{count} pages to upload to {system.capitalize()} in {file}")


@app.command()
def doctor(course: CourseOption = None, db: DbOption = "") -> None:
    """Look at machine and course, and say what will work."""
    table = Table("", "what", "finding", box=None)
    good = True
    for finding in examination.examine(find_course(course, db)):
        good = good and (finding.ok or finding.name in ("isolation", "plugin"))
        table.add_row("[green]ok[/]" if finding.ok else "[yellow]look[/]", finding.name, escape(finding.text))
    console.print(table)
    raise typer.Exit(0 if good else 1)


def main() -> None:
    """Entry point of the command ``autograder``."""
    sys.exit(explained(app))
