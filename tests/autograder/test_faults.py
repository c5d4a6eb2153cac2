"""Faults while grading: afterwards each submission is graded right and once, or said not to be; a rerun ends it.

``pytest -s tests/autograder/test_faults.py`` prints the table of faults, tries and outcomes. Moments and victims are
drawn from seeds.
"""

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from classroom import SET
from hands import command, make_class, recorded, scores, session_processes, wait_for
from nbformat import NotebookNode

from autograder.course import Course
from autograder.execution import load_task
from autograder.grading import read_records, ungraded

STUDENTS = 8
Class = tuple[Course, dict[str, float]]


@pytest.fixture(scope="module")
def table() -> Iterator[list[tuple[str, int, str]]]:
    """Rows of the fault table: fault, tries, outcome."""
    rows: list[tuple[str, int, str]] = []
    yield rows
    print(f"\n\n{'fault':44} {'tries':>5}  outcome")
    for fault, tries, outcome in rows:
        print(f"{fault:44} {tries:5}  {outcome}")


@pytest.fixture
def slow_class(course: Course, handed_out: NotebookNode) -> Class:
    return course, make_class(course, handed_out, STUDENTS, seconds=0.5)


def grade(course: Course, *more: str) -> subprocess.Popen[str]:
    return command(course, "grade", SET, "--workers", "2", "--db", course.db_url, *more)


def finish(grading: subprocess.Popen[str]) -> tuple[int, str]:
    out, _ = grading.communicate(timeout=200)
    return grading.returncode, " ".join(out.split())


def hold(course: Course, expected: dict[str, float]) -> int:
    """Check what must hold after any fault, and return how many are graded."""
    load_task.cache_clear()
    done, left = recorded(course), ungraded(course, SET)
    there = scores(course)
    assert {student: there[student] for student in done} == done, "what is reported as graded is in the gradebook"
    assert {student: expected[student] for student in there} == there, "what is in the gradebook is right"
    listed = {record.student for record in read_records(course, SET) if record.quarantine}
    assert sorted({*done, *left, *listed}) == sorted(expected), "nobody is lost"
    assert not {*done} & {*left}
    return len(done)


def complete(course: Course, expected: dict[str, float]) -> None:
    """Run grading again and check that the class is graded, each once."""
    code, out = finish(grade(course))
    assert code == 0, out
    assert hold(course, expected) == STUDENTS
    assert scores(course) == recorded(course) == expected


def records(course: Course) -> int:
    return len(list(course.autograded.glob(f"*/{SET}/record.json")))


def test_the_grader_is_killed_at_random_moments(slow_class: Class, table: list) -> None:
    course, expected = slow_class
    moments, counts = random.Random(20), []
    for after_a_record in (False, True, True, False, True):
        before, grading = records(course), grade(course)
        if after_a_record:
            wait_for(lambda before=before, run=grading: records(course) > before or run.poll() is not None, 120)  # type: ignore[misc]
        time.sleep(moments.uniform(0.0, 0.8 if after_a_record else 4.0))
        grading.kill()
        finish(grading)
        counts.append(hold(course, expected))
        wait_for(lambda pid=grading.pid: not session_processes(pid), 90)  # type: ignore[misc]
    assert counts == sorted(counts), "nothing that was graded is lost"
    complete(course, expected)
    table.append(("grader killed (-9) at random moments", len(counts), f"graded after each: {counts}; rerun: all"))


def test_workers_are_killed_at_random_moments(slow_class: Class, table: list) -> None:
    course, expected = slow_class
    dice, kills, grading = random.Random(4), 0, grade(course)
    while grading.poll() is None and kills < 4:
        time.sleep(dice.uniform(0.3, 1.5))
        victims = [pid for pid, group in session_processes(grading.pid).items() if group == pid != grading.pid]
        if victims and records(course):
            os.kill(dice.choice(victims), signal.SIGKILL)
            kills += 1
    code, out = finish(grading)
    assert code == 0, out
    count = hold(course, expected)
    complete(course, expected)
    table.append(
        ("workers killed (-9) at random moments", kills, f"graded in that run: {count} of {STUDENTS}; rerun: all")
    )


def test_a_database_that_stays_locked_stops_the_run_with_a_list(slow_class: Class, table: list) -> None:
    course, expected = slow_class
    grading = grade(course)
    wait_for(lambda: records(course) >= 1, 120)
    with closing(sqlite3.connect(course.db_url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        code, out = finish(grading)
    assert code == 2
    assert "database is locked" in out
    assert "Not graded (" in out
    assert "Run the same command again" in out
    assert "Traceback" not in out, out
    count = hold(course, expected)
    complete(course, expected)
    table.append(("database locked by another program", 1, f"stopped after {count} with a list; rerun: all"))


def test_a_database_that_is_locked_for_a_while_costs_only_time(slow_class: Class, table: list) -> None:
    course, expected = slow_class
    grading = grade(course)
    wait_for(lambda: records(course) >= 1, 120)
    with closing(sqlite3.connect(course.db_url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(3)
        other.execute("ROLLBACK")
    assert finish(grading)[0] == 0
    assert hold(course, expected) == STUDENTS
    table.append(("database locked for 3 s", 1, "graded all in that run"))


def test_postgresql_stops_midway(slow_class: Class, table: list, postgresql) -> None:  # type: ignore[no-untyped-def]
    course, expected = slow_class
    course = replace(course, db_url=postgresql.new_database())
    grading = grade(course)
    wait_for(lambda: records(course) >= 2, 120)
    postgresql.stop()
    try:
        code, out = finish(grading)
    finally:
        postgresql.start()
    assert code == 2, out
    assert "Not graded (" in out
    assert "only-for-tests" not in out
    assert "Traceback" not in out, out
    count = hold(course, expected)
    complete(course, expected)
    table.append(("PostgreSQL stopped midway", 1, f"stopped after {count} with a list; rerun: all"))


def test_files_may_not_grow_any_more(slow_class: Class, table: list) -> None:
    """Every program is allowed to do this to itself, so that it runs without root: the gradebook cannot be written."""
    course, expected = slow_class

    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux can limit a process that runs already")
    grading = grade(course)  # limited while it still imports: its workers inherit the limit
    resource.prlimit(grading.pid, resource.RLIMIT_FSIZE, (120_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    code, out = finish(grading)
    assert code == 2, out
    assert "Traceback" not in out, out
    count = hold(course, expected)
    assert count < STUDENTS
    complete(course, expected)
    table.append(("files may not grow (RLIMIT_FSIZE)", 1, f"stopped after {count}; rerun: all"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk can only be mounted by root: that the disk is full is tried with RLIMIT_FSIZE alone")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(filler: Path) -> None:
    """Write a file until the disk is full."""
    with suppress(OSError), filler.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))


def test_the_disk_fills_up(slow_class: Class, small_disk: Path, table: list) -> None:
    course, expected = slow_class
    shutil.move(course.submitted.parent, small_disk / "grading")
    course.submitted.parent.symlink_to(small_disk / "grading")
    grading = grade(course)
    wait_for(lambda: records(course) >= 2, 120)
    filler = small_disk / "filler"
    fill(filler)
    code, out = finish(grading)
    assert code == 2, out
    assert "Not graded (" in out
    assert "Traceback" not in out, out
    filler.unlink()
    count = hold(course, expected)
    complete(course, expected)
    table.append(("disk full", 1, f"stopped after {count} with a list; rerun: all"))
