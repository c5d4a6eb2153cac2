"""Grade one honest class with stock nbgrader and with this engine, and compare.

``python -m tests.benchmarks.grading --students 80 --workers 2 --json FILE``

Stock nbgrader runs in one process, one submission after another, as its own ``autograde`` does. Both grade the same
notebooks; the scores have to agree student by student, question by question.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import multiprocessing
import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[2]
SET = "01_derivatives"


def make_course(folder: Path, students: int) -> list[str]:
    """Make a course with a sample class handed in, its release beside it; return the students' ids."""
    from autograder.collecting import collect
    from autograder.course import find_course
    from autograder.release import release_set
    from autograder.sample import write_class

    shutil.copytree(ROOT / "solutions" / SET, folder / "solutions" / SET, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    course = find_course(folder)
    release_set(course.solutions / SET, course.exercises / SET)
    inbox = folder / "inbox"
    ids = write_class(course.solutions / SET, course.exercises / SET, inbox, students, seed=7)
    (inbox / "roster.csv").unlink()
    collect(inbox, course.submitted, SET)
    for student in ids:
        shutil.copy(course.exercises / SET / "checks.json", course.submitted / student / SET)
    return ids


def stock_config() -> str:
    """Return the course's settings without what runs nbgrader's commands through this engine."""
    lines = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if "autograder" not in line and not line.startswith("install("))


def stock(folder: Path, ids: list[str]) -> dict[str, dict[str, float]]:
    """Grade with stock nbgrader; return points by student and question."""
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config, PyFileConfigLoader

    os.environ["DESCENT_SET"] = str(folder / "solutions" / SET)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.chdir(folder)
    (folder / "nbgrader_config.py").write_text(stock_config(), encoding="utf-8")
    config = Config(PyFileConfigLoader("nbgrader_config.py", str(folder)).load_config())
    config.CourseDirectory.root = str(folder)
    shutil.rmtree(folder / "exercises")
    assert "autograder.plugin" not in sys.modules
    api = NbGraderAPI(config=config)
    api.generate_assignment(SET)
    for student in ids:
        outcome = api.autograde(SET, student, create=True)
        if not outcome["success"]:
            raise RuntimeError(f"nbgrader could not grade {student}: {outcome['log'][-2000:]}")
    with Gradebook(config.CourseDirectory.db_url, "descent") as gradebook:
        return {
            student: {
                grade.name: float(grade.auto_score or 0)
                for notebook in gradebook.find_submission(SET, student).notebooks
                for grade in notebook.grades
            }
            for student in ids
        }


def engine(folder: Path, workers: int, scheduler: str = "") -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Grade with this engine; return points by student and question, and what it cost."""
    from contextlib import nullcontext

    from autograder.course import find_course
    from autograder.grading import grade_class
    from autograder.scheduling import dask_executor, local_executor

    course, ends, spent, sizes = find_course(folder), [], [], []

    def note(*_: object) -> None:
        ends.append(time.perf_counter())
        spent.append(time.process_time())
        sizes.append(resident_mb())

    began, before = time.perf_counter(), time.process_time()
    with dask_executor(scheduler) if scheduler else nullcontext(local_executor(workers)) as new_executor:
        tally = grade_class(course, SET, new_executor, progress=note)
    seconds = time.perf_counter() - began
    assert not tally.quarantined, tally.quarantined[0].quarantine
    scores = {record.student: {q.name: q.points for q in record.questions} for record in tally.graded}
    warm = min(2 * workers, len(ends) // 2)
    facts = {
        "steady_seconds_per_submission": (ends[-1] - ends[warm]) / max(1, len(ends) - 1 - warm),
        "seconds_until_the_first": ends[0] - began,
        "grading_seconds": seconds,
        "parent_ms_per_submission": 1e3 * (spent[-1] - spent[0]) / max(1, len(spent) - 1),
        "parent_ms_until_the_first": 1e3 * (spent[0] - before),
        "median_seconds_per_submission": statistics.median(record.seconds for record in tally.graded),
        "parent_memory_mb_at_a_fifth": sizes[len(sizes) // 5],
        "parent_memory_mb_at_the_end": sizes[-1],
    }
    return scores, facts


def resident_mb() -> float:
    """Return the memory that this process holds now, in MB; its largest so far where that is not known."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        unit = 1 if platform.system() == "Darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def floor(folder: Path, ids: list[str]) -> float:
    """Return the CPU seconds that the cells of a submission take by themselves: setup and answers, in one process."""
    import contextlib
    import io

    from autograder.course import find_course
    from autograder.execution import load_task
    from autograder.intake import repair
    from autograder.notebooks import is_test, read_notebook

    course = find_course(folder)
    task, spent = load_task(course.solution(SET)), []
    os.environ["MPLBACKEND"] = "agg"
    for student in [ids[0], *ids]:
        place = course.submitted / student / SET
        os.chdir(place)
        notebook, _ = repair(read_notebook((place / f"{SET}.ipynb").read_bytes()), task.notebook)
        names: dict[str, object] = {"__name__": "__main__"}
        began = time.process_time()
        for cell in notebook.cells:
            if cell.cell_type == "code" and not is_test(cell):
                with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(cell.source, "cell", "exec"), names)
        spent.append(time.process_time() - began)
    return statistics.mean(spent[1:])


class Watch:
    """Peak memory and CPU time of a process and all that it starts, seen from outside."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak, self.processes = pid, 0.0, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            pids = family(self.pid)
            self.processes = max(self.processes, len(pids))
            self.peak = max(self.peak, sum(map(share_mb, pids)))


def family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for place in found:
        for thread in Path(f"/proc/{place}/task").glob("*/children"):
            with suppress(OSError):
                found += map(int, thread.read_text(encoding="ascii").split())
    return found


def share_mb(pid: int) -> float:
    """Return a process's memory in MB, shared pages divided by those who share them; 0 if it is gone."""
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1e3
    return 0.0


def in_own_process(function, *arguments):  # type: ignore[no-untyped-def]
    """Run a function in a fresh process, so that neither side warms the other.

    Returns its result and what could be seen from outside: wall and CPU seconds with those of all its descendants, and
    peak memory.
    """
    adopt_orphans()
    began, spent = time.perf_counter(), cpu_seconds()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pid = pool.submit(os.getpid).result()
        with Watch(pid) as watch:
            result = pool.submit(function, *arguments).result()
        seconds = time.perf_counter() - began
    wait_for_orphans()
    return result, {"seconds": seconds, "cpu_seconds": cpu_seconds() - spent, "peak_memory_mb": watch.peak}


def adopt_orphans() -> None:
    """Make this process the parent of descendants that outlive theirs, so that their CPU time is counted."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def wait_for_orphans() -> None:
    """Wait for descendants that are about to end."""
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.05)
        except ChildProcessError:
            return


def cpu_seconds() -> float:
    """Return the CPU seconds of descendants that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare(theirs: dict[str, dict[str, float]], ours: dict[str, dict[str, float]]) -> list[str]:
    """List where the scores differ."""
    return [
        f"{student} {question}: {points} and {theirs[student].get(question)}"
        for student, row in ours.items()
        if student in theirs
        for question, points in row.items()
        if abs(points - theirs[student].get(question, -1.0)) > 1e-9
    ]


def main() -> None:
    """Run the comparison and print it."""
    arguments = options()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="descent-benchmark-") as name:
        facts = measure(Path(name), arguments)
    table = Table("what", "value", box=None)
    for key, value in facts.items():
        if not isinstance(value, (dict, list)):
            table.add_row(key.replace("_", " "), f"{value:.4g}" if isinstance(value, float) else str(value))
    console.print(table)
    if "hostile" in facts:
        console.print(facts["hostile"]["table"])
    if arguments.json:
        arguments.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    if facts.get("differences"):
        sys.exit(f"the scores differ: {facts['differences'][:5]}")


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=80)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--stock-students", type=int, help="grade only so many with stock nbgrader (0: none)")
    parser.add_argument("--no-dask", action="store_true", help="leave the local Dask cluster out")
    parser.add_argument("--hostile", action="store_true", help="give the hostile class to stock nbgrader too (minutes)")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def measure(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Grade one class with each, and return the facts."""
    ours, workers = folder / "ours", arguments.workers
    ids = make_course(ours, arguments.students)
    (scores, cost), seen = in_own_process(engine, ours, workers)
    cells, _ = in_own_process(floor, ours, ids[:40])
    facts: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "students": len(ids),
        "workers": workers,
        "submissions_per_second_with_startup": len(ids) / seen["seconds"],
        "submissions_per_second_steady": 1 / cost["steady_seconds_per_submission"],
        "seconds_with_startup": seen["seconds"],
        **cost,
        "cpu_ms_per_submission": 1e3 * seen["cpu_seconds"] / len(ids),
        "cells_cpu_ms_per_submission": 1e3 * cells,
        "peak_memory_mb": seen["peak_memory_mb"],
    }
    count = arguments.students if arguments.stock_students is None else arguments.stock_students
    if count:
        facts |= against_stock(folder / "stock", ours, ids[:count], scores, facts)
    if not arguments.no_dask:
        facts |= against_dask(folder / "dask", ours, workers, scores)
    if arguments.hostile:
        from tests.benchmarks.hostile import hostile_class

        facts["hostile"] = hostile_class()
    return facts


def against_stock(folder: Path, ours: Path, ids: list[str], scores: dict, facts: dict[str, Any]) -> dict[str, Any]:
    """Grade with stock nbgrader in one process, and compare."""
    shutil.copytree(ours, folder, ignore=shutil.ignore_patterns("grading"))
    shutil.copytree(ours / "grading" / "submitted", folder / "grading" / "submitted")
    theirs, seen = in_own_process(stock, folder, ids)
    each = seen["seconds"] / len(ids)
    return {
        "stock_students": len(ids),
        "stock_seconds_per_submission": each,
        "stock_cpu_ms_per_submission": 1e3 * seen["cpu_seconds"] / len(ids),
        "stock_peak_memory_mb": seen["peak_memory_mb"],
        "speedup_with_startup": each * facts["students"] / facts["seconds_with_startup"],
        "speedup_steady": each / facts["steady_seconds_per_submission"],
        "scores_equal": not (differences := compare(theirs, {student: scores[student] for student in ids})),
        "differences": differences,
    }


def against_dask(folder: Path, ours: Path, workers: int, scores: dict) -> dict[str, Any]:
    """Grade the same class over a local Dask cluster of processes."""
    from distributed import LocalCluster

    shutil.copytree(ours, folder, ignore=shutil.ignore_patterns("autograded", "gradebook.db*"))
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as cluster:
        (theirs, cost), _ = in_own_process(engine, folder, workers, cluster.scheduler_address)
    return {
        "dask_seconds": cost["grading_seconds"],
        "dask_submissions_per_second_steady": 1 / cost["steady_seconds_per_submission"],
        "dask_scores_equal": theirs == scores,
    }


if __name__ == "__main__":
    main()
