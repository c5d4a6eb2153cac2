"""The hostile class: every file of ``hostile/`` gets the verdict that its folder names, and harms nobody.

Of each submission it is claimed, at every isolation level that this machine offers and that promises it (`weakest`):
no mark that was not earned, no secret in anything the engine writes of it, no file of the course changed, no knock at a
door, no process and no folder left behind, an end within `SECONDS`, and full marks for the honest student who is graded
next in the same worker.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from classroom import RIGHT, answered
from hostile.arena import (
    HERE,
    HIDDEN_INPUT,
    SECRETS,
    Census,
    Doors,
    Room,
    all_written,
    build_course,
    feedback_page,
    handed_out,
    state_of,
    submission,
)

from autograder import forked_kernel
from autograder.execution import LARGE, Graded, Task, grade
from autograder.isolation import LEVELS, offers
from autograder.kernel import Limits, Setting, new_kernel

SECONDS = 60.0
SHORT, LONG = Limits(cell=2, case=1, interrupt=1), Limits(cell=20, case=20, interrupt=1)
FULL = {"double": 2.0, "scaled": 3.0, "plain": 1.0}
VERDICTS = {
    "no_credit": dict.fromkeys(FULL, 0.0),
    "own_cell_only": {"double": 0.0, "scaled": 3.0, "plain": 0.0},
    "public_share": {"double": 1.0, "scaled": 1.0, "plain": 0.0},
    "full_credit": FULL,
    "repaired": FULL,
    "quarantine": {},
}
FILES = {file.relative_to(HERE).with_suffix("").as_posix(): file for file in sorted(HERE.glob("*/*.*py"))}
ONLY_IN_NAMESPACES = {
    "climbs_out_of_its_folder", "connects_by_abstract_socket", "connects_by_unix_socket", "deletes_everything",
    "disk_filler", "fork_bomb", "fork_bomb_in_the_cell", "imports_the_engine", "pools_of_processes",
    "reads_environment", "reads_gradebook", "reads_other_students", "reads_processes", "reads_sources",
    "saves_hidden_inputs_in_files", "searches_its_memory", "sends_itself_signals", "shadows_modules",
    "signals_others", "thread_bomb", "uses_inherited_files", "walks_the_file_system", "writes_everywhere",
    "writes_files_in_its_folder", "writes_into_packages",
}  # fmt: skip
EVEN_STOCK = {
    "callable_instead_of_function", "duplicated_test_cells", "exits_in_the_cell", "forged_outputs", "infinite_loop",
    "uses_the_shell", "warns_on_stderr",
}  # fmt: skip


AT_LANDLOCK_TOO = ONLY_IN_NAMESPACES - {"pools_of_processes", "writes_files_in_its_folder"}


def weakest(name: str) -> str:
    """Return the weakest level that promises a submission's verdict."""
    short = name.partition("/")[2]
    if short in ONLY_IN_NAMESPACES - AT_LANDLOCK_TOO:
        return "namespaces"
    return "landlock" if short in AT_LANDLOCK_TOO else "stock" if short in EVEN_STOCK else "limits"


ORDER = list(LEVELS)
CASES = [
    pytest.param(level, name, id=f"{level}-{name}")
    for level in ORDER
    for name in FILES
    if ORDER.index(level) <= ORDER.index(weakest(name))
]


@dataclass
class Arena:
    """A course that everybody may read and write: only isolation protects it."""

    folder: Path
    room: Path
    task: Task
    doors: Doors
    census: Census

    def grade(self, data: bytes, level: str, limits: Limits = LONG) -> Graded:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tempfile, "tempdir", str(self.room))
            return grade("eve", data, self.task, limits, level)


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    """Make the course, put a secret into the grader's environment, and start the worker's parent process there."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory(prefix="descent-course-") as name, Room() as room:
        patch.setenv("DESCENT_SECRET", SECRETS["variables"])
        for zygote in forked_kernel._zygotes.values():
            zygote.close()
        forked_kernel._zygotes.clear()
        folder = Path(name)
        task = build_course(folder)
        with Doors(folder) as doors, Census() as census:
            for modules in ((), LARGE):
                forked_kernel.zygote(modules)
            census.begin()
            yield Arena(folder, room, task, doors, census)


@cache
def readable(level: str) -> bool:
    """Whether students' processes can read all of Python; stops before anything hostile runs as root."""
    with new_kernel(level, Setting(LONG)) as kernel:
        output = kernel.run("import os; print(os.getuid(), os.geteuid())").outputs[0].text
        assert level == "stock" or "0" not in output.split(), f"at level {level} student code runs as root"
        return not kernel.run("import fileinput, multiprocessing").error


def skip_if_impossible(level: str, verdict: str) -> None:
    if not offers(level):
        pytest.skip(f"this machine does not offer isolation level {level!r}")
    if not readable(level) and verdict == "full_credit":
        pytest.skip(f"at level {level!r} this machine's Python cannot be read, as it lies in a folder of root's")


@pytest.mark.parametrize(("level", "name"), CASES)
def test_hostile_submission_gets_its_verdict_and_harms_nobody(
    arena: Arena, tmp_path: Path, level: str, name: str
) -> None:
    verdict = name.partition("/")[0]
    skip_if_impossible(level, verdict)
    data, before = submission(FILES[name], arena.folder, arena.doors.names()), state_of(arena.folder)
    began = time.monotonic()
    graded = arena.grade(data, level, LONG if VERDICTS[verdict] == FULL else SHORT)
    assert time.monotonic() - began < SECONDS
    assert {q.name: q.points for q in graded.record.questions} == VERDICTS[verdict], graded.record
    assert bool(graded.record.quarantine) == (verdict == "quarantine")
    page = feedback_page(graded, arena.task, tmp_path)
    assert [secret for secret in SECRETS.values() if secret in all_written(graded) + page] == []
    assert HIDDEN_INPUT not in page
    assert "<script" not in page
    assert len(graded.notebook) < 20_000_000
    assert state_of(arena.folder) == before
    assert arena.doors.knocks() == []
    assert arena.census.strays() == []
    assert list(arena.room.iterdir()) == []
    honest = arena.grade(answered(handed_out(arena.folder), **RIGHT), level)
    assert {q.name: q.points for q in honest.record.questions} == FULL


def test_the_class_is_large_and_every_file_says_what_it_tries() -> None:
    assert len(FILES) >= 60
    assert {name.partition("/")[0] for name in FILES} == set(VERDICTS)
    assert [name for name, file in FILES.items() if not file.read_text(encoding="utf-8").startswith('"""')] == []
    known = {name.partition("/")[2] for name in FILES}
    assert sorted({*ONLY_IN_NAMESPACES, *EVEN_STOCK} - known) == []


def test_no_tool_imports_a_hostile_file(pytestconfig: pytest.Config) -> None:
    from hostile.conftest import collect_ignore_glob

    assert all(Path(name).match(collect_ignore_glob[0]) for name in FILES)
