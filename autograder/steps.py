"""What the commands do and say: collect a class, grade it, with progress and in sentences."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from autograder.collecting import ROSTER, Collected, collect
from autograder.course import Course
from autograder.execution import load_task
from autograder.gradebook import Gradebook
from autograder.grading import Tally, grade_class
from autograder.intake import find_submissions
from autograder.kernel import Limits
from autograder.questions import CourseProblem
from autograder.records import Record
from autograder.roster import Roster, read_roster
from autograder.scheduling import NewExecutor, dask_executor, local_executor

console = Console(stderr=False, highlight=False)


def say(text: str, label: str = "", style: str = "yellow") -> None:
    """Print a sentence behind a label, neither of them taken for markup."""
    console.print(f"[{style}]{escape(label)}[/]: {escape(text)}" if label else escape(text))


class Rate(ProgressColumn):
    """Submissions a second, or seconds for one where that is more."""

    def render(self, task: Task) -> Text:
        """Return the rate as text."""
        speed = task.speed or task.finished_speed
        return Text("" if not speed else f"{speed:.1f}/s" if speed >= 1 else f"{1 / speed:.1f} s each")


@contextmanager
def bar(description: str) -> Iterator[Progress]:
    """Show a progress bar with count, rate and time left."""
    columns = (
        TextColumn("{task.description:24.24}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield progress


def default_inbox(course: Course, set_name: str) -> Path:
    """Return the folder that submissions to a set are taken from unless another is named."""
    return course.submitted.parent / "inbox" / set_name


@dataclass(frozen=True)
class Taking:
    """How to collect: roster, ids of names that are not on it, due date, whether the files' dates count."""

    roster: Path | None = None
    known_as: Mapping[str, str] | None = None
    due: datetime | None = None
    file_times: bool = False


def collect_class(course: Course, set_name: str, inbox: Path, how: Taking | None = None) -> Collected:
    """Collect a folder or an archive of submissions, enter the students, and say what was left and why."""
    how, folder = how or Taking(), course.solution(set_name)
    if not inbox.exists():
        raise CourseProblem(f"{inbox} is not a folder or a zip archive: name the one that holds the submissions")
    file = how.roster or (inbox / ROSTER if (inbox / ROSTER).is_file() else None)
    roster = read_roster(file) if file else None
    with Gradebook(course) as gradebook:
        gradebook.save_set(load_task(folder))
        due = gradebook.due(set_name, how.due)
        found = collect(inbox, course.submitted, set_name, roster, how.known_as, due, how.file_times)
        gradebook.save_students(person.row() for person in (roster.people if roster else found.people))
    _say_collected(found, set_name, roster, {f.student for f in find_submissions(course.submitted, set_name)})
    return found


def _say_collected(found: Collected, set_name: str, roster: Roster | None, there: set[str]) -> None:
    say(f"collected {len(found.people)} submission{'s' * (len(found.people) != 1)} to {set_name}")
    for student, reason in found.unusable:
        say(f"cannot be graded: {reason}", student)
    for name, nearest in found.aside:
        hint = f"; the nearest is {nearest}: if that is who it is, add --is '{name}={nearest}'" if nearest else ""
        say(f"not on the roster, set aside{hint}", name)
    for name, reason in found.left:
        say(reason, f"left {name}")
    if found.undated:
        names = ", ".join(found.undated)
        say(f"Canvas marks {len(found.undated)} as late ({names}), but the set has no due date: give it with --due")
    missing = sorted(person.id for person in (roster.people if roster else ()) if person.id not in there)
    if missing:
        say(f"nothing yet from {len(missing)} on the roster: {', '.join(missing)}")


@dataclass(frozen=True)
class Work:
    """How to grade: processes here or a Dask scheduler, limits, what to grade again."""

    workers: int = 1
    scheduler: str = ""
    limits: Limits = field(default_factory=Limits)
    regrade: bool = False
    students: tuple[str, ...] = ()
    question: str = ""


def run_grading(course: Course, set_name: str, how: Work) -> Tally:
    """Grade with a progress bar; print what was graded, how long one took, and who is quarantined why."""
    course.solution(set_name)
    began, where = time.monotonic(), how.scheduler or f"{how.workers} workers"
    executors = dask_executor(how.scheduler) if how.scheduler else nullcontext(local_executor(how.workers))
    with executors as new_executor:
        tally = _graded(course, set_name, how, new_executor)
    count, seconds = len(tally.graded), time.monotonic() - began
    pace = f", {seconds / count:.2f} s each with {where}" if count else ""
    say(f"graded {count}{pace}; {tally.unchanged} were graded already")
    for record in tally.quarantined:
        say(record.quarantine, f"quarantined {record.student}")
    return tally


class Interrupted(Exception):
    """Ctrl-C while grading; the message says how far it came."""


def _graded(course: Course, set_name: str, how: Work, new_executor: NewExecutor) -> Tally:
    done = 0
    with bar("grading") as progress:
        task = progress.add_task("grading", total=None)

        def start(total: int) -> None:
            progress.update(task, total=total)

        def advance(record: Record, left: int) -> None:
            nonlocal done
            done += 1
            progress.update(task, advance=1, description=record.student)

        again: dict[str, object] = {"regrade": how.regrade, "students": how.students, "question": how.question}
        try:
            return grade_class(course, set_name, new_executor, how.limits, started=start, progress=advance, **again)  # type: ignore[arg-type]
        except KeyboardInterrupt:
            raise Interrupted(f"{done} were graded and are kept; run the same command to go on") from None


def explained(command: Callable[[], object]) -> int:
    """Run a command; say what is wrong in one line where the course or the disk is to blame. Returns the exit code."""
    try:
        command()
    except CourseProblem as problem:
        say(str(problem), "stopped", "red")
        return 2
    except OSError as error:
        say(f"{error.strerror or error} ({error.filename or 'no file'})", "stopped", "red")
        return 2
    except (Interrupted, KeyboardInterrupt) as stop:
        say(str(stop) or "what was done is kept; run the same command to go on", "stopped by you")
        return 130
    return 0
