"""Grade one honest class with stock nbgrader and with this engine, and compare.

``python -m tests.benchmarks.grading --students 80 --workers 2 --json FILE``

Stock nbgrader runs in one process, one submission after another, as its own ``autograde`` does. Both grade the same
notebooks; the scores have to agree student by student, question by question.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[2]
SET = "01_derivatives"


def make_course(folder: Path, students: int) -> list[str]:
    """Make a course with a sample class handed in, its release beside it; return the students' ids."""
    from autograder.course import find_course
    from autograder.collecting import collect
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


def stock(folder: Path, ids: list[str]) -> dict[str, dict[str, float]]:
    """Grade with stock nbgrader; return points by student and question."""
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config, PyFileConfigLoader

    os.environ["DESCENT_SET"] = str(folder / "solutions" / SET)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.chdir(folder)
    config = Config(PyFileConfigLoader("nbgrader_config.py", str(folder)).load_config())
    config.CourseDirectory.root = str(folder)
    shutil.rmtree(folder / "exercises")
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


def engine(folder: Path, workers: int, executor: str = "") -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Grade with this engine; return points by student and question, and what it cost."""
    from autograder.course import find_course
    from autograder.grading import grade_class, local_executor

    course = find_course(folder)
    ends: list[float] = []
    began, spent = time.perf_counter(), time.process_time()
    make = _dask(executor) if executor else local_executor(workers)
    tally = grade_class(course, SET, make, progress=lambda record, left: ends.append(time.perf_counter()))
    seconds, own = time.perf_counter() - began, time.process_time() - spent
    assert not tally.quarantined, tally.quarantined[0].quarantine
    scores = {record.student: {q.name: q.points for q in record.questions} for record in tally.graded}
    first = ends[workers] if len(ends) > 2 * workers else ends[0]
    steady = (ends[-1] - first) / max(1, len(ends) - 1 - ends.index(first))
    facts = {
        "seconds": seconds,
        "steady_seconds_per_submission": steady,
        "parent_ms_per_submission": 1e3 * own / len(tally.graded),
        "median_seconds_per_submission": statistics.median(record.seconds for record in tally.graded),
        "peak_memory_mb": peak_memory_mb(),
    }
    return scores, facts


def _dask(address: str):  # type: ignore[no-untyped-def]
    from distributed import Client

    return lambda: Client(address).get_executor(pure=False)


def peak_memory_mb() -> float:
    """Return the largest resident size of this process or one of its children, in MB."""
    unit = 1 if platform.system() == "Darwin" else 1024
    return (
        max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * unit / 1e6
    )


def in_own_process(function, *arguments):  # type: ignore[no-untyped-def]
    """Run a function in a fresh process, so that neither side warms the other; return its result and wall time."""
    import multiprocessing

    began = time.perf_counter()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        result = pool.submit(function, *arguments).result()
    return result, time.perf_counter() - began


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=80)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--stock-students", type=int, help="grade only so many with stock nbgrader (0: none)")
    parser.add_argument("--dask", action="store_true", help="grade over a local Dask cluster too")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    count = arguments.students if arguments.stock_students is None else arguments.stock_students
    console, facts = Console(), {}
    with tempfile.TemporaryDirectory(prefix="descent-benchmark-") as name:
        ours = Path(name) / "ours"
        ids = make_course(ours, arguments.students)
        (scores, cost), seconds = in_own_process(engine, ours, arguments.workers)
        facts |= {"students": len(ids), "workers": arguments.workers, "engine_seconds": seconds, **cost}
        if count:
            folder = Path(name) / "stock"
            shutil.copytree(ours, folder, ignore=shutil.ignore_patterns("grading"))
            shutil.copytree(ours / "grading" / "submitted", folder / "grading" / "submitted")
            theirs, seconds = in_own_process(stock, folder, ids[:count])
            each = seconds / count
            facts |= {
                "stock_students": count,
                "stock_seconds_per_submission": each,
                "speedup_with_startup": each * len(ids) / facts["engine_seconds"],
                "speedup_steady": each / facts["steady_seconds_per_submission"],
                "differences": compare(theirs, {student: scores[student] for student in ids[:count]}),
            }
        if arguments.dask:
            facts["dask_seconds"] = dask_seconds(Path(name) / "dask", ours, arguments.workers)
    table = Table("what", "value", box=None)
    for key, value in facts.items():
        table.add_row(key.replace("_", " "), f"{value:.4g}" if isinstance(value, float) else str(value))
    console.print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    if facts.get("differences"):
        sys.exit("the scores differ")


def dask_seconds(folder: Path, ours: Path, workers: int) -> float:
    """Grade the same class over a local Dask cluster of processes; return the wall time."""
    from distributed import LocalCluster

    shutil.copytree(ours, folder, ignore=shutil.ignore_patterns("autograded", "gradebook.db*"))
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        _, seconds = in_own_process(engine, folder, workers, cluster.scheduler_address)
    return seconds


if __name__ == "__main__":
    main()
