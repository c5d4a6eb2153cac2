"""Scheduling: a worker that dies or hangs costs its own job, the rest is graded once; Ctrl-C and reruns; Dask."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from classroom import QUICK, RIGHT, SET, answered, submit
from hands import (
    alive,
    command,
    die,
    die_once,
    hang_or_not,
    make_class,
    pool_that,
    recorded,
    scores,
    start_child_and_hang,
    wait_for,
)
from nbformat import NotebookNode

from autograder.course import Course
from autograder.execution import load_task
from autograder.grading import Tally, grade_class, local_executor, read_records, ungraded
from autograder.notebooks import read_notebook
from autograder.questions import CourseProblem
from autograder.scheduling import Job, dask_executor, run_jobs
from autograder.workers import WorkerPool


def test_a_pool_returns_values_and_exceptions() -> None:
    with WorkerPool(2) as pool:
        assert [pool.submit(divmod, n, 3).result() for n in range(4)] == [divmod(n, 3) for n in range(4)]
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result()
        workers = {pool.submit(os.getpid).result() for _ in range(8)}
        assert os.getpid() not in workers
        assert all(os.getpgid(pid) == pid for pid in workers), "each worker leads a group of its own"
    assert not any(alive(pid) for pid in workers)
    with pytest.raises(RuntimeError, match="make a new pool"):
        pool.submit(os.getpid)


def test_a_worker_that_dies_costs_its_own_job_only() -> None:
    with WorkerPool(2) as pool:
        futures = [pool.submit(os._exit, 3) if n == 4 else pool.submit(abs, -n) for n in range(12)]
        assert [future.result() for n, future in enumerate(futures) if n != 4] == [n for n in range(12) if n != 4]
        with pytest.raises(BrokenProcessPool, match="died"):
            futures[4].result()


def test_a_deadline_ends_the_whole_process_group(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with WorkerPool(1, seconds=3) as pool:
        with pytest.raises(TimeoutError, match="not finished after 3 s"):
            pool.submit(start_child_and_hang, str(file)).result()
        child = int(file.read_text(encoding="ascii"))
        wait_for(lambda: not alive(child))
        assert pool.submit(abs, -1).result() == 1, "the pool goes on with a new worker"


def test_a_pool_can_be_stopped_at_once() -> None:
    pool = WorkerPool(1)
    running, waiting = pool.submit(time.sleep, 1000), pool.submit(abs, 1)
    wait_for(running.running)
    began = time.monotonic()
    pool.shutdown(wait=False)
    assert time.monotonic() - began < 10
    assert waiting.cancelled()
    assert isinstance(running.exception(), BrokenProcessPool)


@pytest.fixture
def class_of_six(course: Course, handed_out: NotebookNode) -> tuple[Course, dict[str, float]]:
    return course, make_class(course, handed_out, 6)


def run(course: Course, new_executor=None, **settings: object) -> Tally:  # type: ignore[no-untyped-def]
    load_task.cache_clear()
    return grade_class(course, SET, new_executor or local_executor(2), QUICK, **settings)  # type: ignore[arg-type]


def test_who_brings_a_worker_down_is_quarantined_and_the_class_goes_on(
    class_of_six: tuple[Course, dict[str, float]],
) -> None:
    course, expected = class_of_six
    tally = run(course, pool_that(die, "s01"))
    assert [record.student for record in tally.quarantined] == ["s01"]
    assert "died twice" in tally.quarantined[0].quarantine
    del expected["s01"]
    assert scores(course) == recorded(course) == expected
    assert [record.student for record in run(course).graded] == ["s01"], "the next run tries again"


def test_a_job_that_hangs_in_the_grader_is_given_up(tmp_path: Path) -> None:
    class Pool(WorkerPool):
        def submit(self, function, /, *arguments):  # type: ignore[no-untyped-def]
            return super().submit(hang_or_not, *arguments)

    jobs = [Job(f"s{number:02}", b"", tmp_path) for number in range(6)]
    results = {graded.record.student: graded.record.quarantine for graded in run_jobs(jobs, lambda: Pool(2, 4))}
    assert sorted(results) == [job.student for job in jobs]
    assert "the grader was stuck with it" in results.pop("s01")
    assert set(results.values()) == {""}


def test_a_worker_that_dies_once_costs_a_second_try(class_of_six: tuple[Course, dict[str, float]]) -> None:
    course, expected = class_of_six
    assert run(course, pool_that(die_once, "s03")).quarantined == []
    assert scores(course) == expected


def test_ctrl_c_leaves_a_consistent_gradebook_and_a_rerun_grades_the_rest(
    course: Course, handed_out: NotebookNode
) -> None:
    expected = make_class(course, handed_out, 8, seconds=2.0)
    grading = command(course, "grade", SET, "--workers", "2")
    wait_for(lambda: len(list(course.autograded.glob("*/*/record.json"))) >= 2)
    os.killpg(grading.pid, signal.SIGINT)
    out, _ = grading.communicate(timeout=60)
    assert grading.returncode == 130, out
    assert "stopped by you" in out
    assert "Traceback" not in out
    before = scores(course)
    assert before == recorded(course)
    assert 2 <= len(before) < 8
    assert sorted(before) + ungraded(course, SET) == sorted(expected) or set(ungraded(course, SET)) == set(
        expected
    ) - set(before)
    again = command(course, "grade", SET, "--workers", "2")
    out, _ = again.communicate(timeout=120)
    assert f"graded {8 - len(before)}," in out
    assert f"{len(before)} were graded already" in out
    assert scores(course) == recorded(course) == expected


def test_one_question_is_graded_again_and_the_other_points_stay(course: Course, handed_out: NotebookNode) -> None:
    submit(course, "ada", answered(handed_out, **RIGHT))
    submit(course, "bob", answered(handed_out, double="def double(x):\n    return x * x"))
    run(course)
    before = {record.student: record for record in read_records(course, SET)}
    file = course.solutions / SET / "questions.py"
    text = file.read_text(encoding="utf-8")
    stricter = text.replace("return 2 * x", "return 3 * x").replace("return x + x", "return x + x + x")
    file.write_text(stricter.replace("x / np.abs(x).max()", "x / np.abs(x).min()"), encoding="utf-8")
    tally = run(course, question="double")
    ada = next(record for record in tally.graded if record.student == "ada")
    points = {question.name: question.points for question in ada.questions}
    assert points["double"] == 0, "graded by the new reference"
    assert points["scaled"] == 3, "left as it was"
    assert dict(ada.earlier) == dict.fromkeys(("plain", "scaled"), before["ada"].source_hash)
    assert scores(course)["ada"] == 4
    outputs = {c.metadata.nbgrader.grade_id: c.get("outputs") for c in read_notebook(
        (course.graded("ada", SET) / f"{SET}.ipynb").read_bytes()).cells if "nbgrader" in c.metadata}  # fmt: skip
    assert "double: 0 of 2 points" in outputs["double"][0].text
    assert "scaled: 3 of 3 points" in outputs["scaled"][0].text
    assert run(course).unchanged == 2
    assert scores(course)["ada"] == 4


def test_one_question_of_a_new_submission_is_graded_with_the_rest(course: Course, handed_out: NotebookNode) -> None:
    submit(course, "ada", answered(handed_out, **RIGHT))
    run(course, question="double")
    assert scores(course) == {"ada": 6.0}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"question": "dubble"}, "no question 'dubble' that is graded by running it: double, scaled, plain"),
        ({"students": ("s0x",)}, "nothing has been collected from s0x for 01_double; did you mean s0"),
    ],
)
def test_a_misspelt_name_is_said(class_of_six: tuple[Course, dict[str, float]], settings: dict, reason: str) -> None:
    with pytest.raises(CourseProblem, match=reason):
        run(class_of_six[0], **settings)


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    """A Dask cluster of two processes that gives a task up when two workers have died of it."""
    distributed = pytest.importorskip("distributed")
    import dask

    settings = {"distributed.scheduler.allowed-failures": 1, "distributed.admin.log-format": "%(message)s"}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as made,
    ):
        yield made


def test_a_dask_cluster_gives_the_same_grades_and_never_an_old_result(
    class_of_six: tuple[Course, dict[str, float]], cluster
) -> None:  # type: ignore[no-untyped-def]
    course, expected = class_of_six
    with dask_executor(cluster.scheduler_address) as new_executor:
        run(course, new_executor)
        assert scores(course) == recorded(course) == expected
        file = course.solutions / SET / "questions.py"
        text = (
            file.read_text(encoding="utf-8")
            .replace("return 2 * x", "return x * x")
            .replace("return x + x", "return x**2")
        )
        file.write_text(text, encoding="utf-8")
        run(course, new_executor, regrade=True)
    assert scores(course)["s00"] == 1.0, "the workers have loaded the changed set"


def test_a_dask_worker_that_is_killed_costs_a_second_try(course: Course, handed_out: NotebookNode, cluster) -> None:  # type: ignore[no-untyped-def]
    expected = make_class(course, handed_out, 8, seconds=0.3)

    def kill_one() -> None:
        wait_for(lambda: list(course.autograded.glob("*/*/record.json")))
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    with dask_executor(cluster.scheduler_address) as new_executor:
        tally = run(course, new_executor)
    killer.join()
    assert tally.quarantined == []
    assert scores(course) == recorded(course) == expected


def test_who_kills_every_dask_worker_is_quarantined(class_of_six: tuple[Course, dict[str, float]], cluster) -> None:  # type: ignore[no-untyped-def]
    course, expected = class_of_six
    with dask_executor(cluster.scheduler_address) as new_executor:

        def mortal():  # type: ignore[no-untyped-def]
            executor = new_executor()
            submit = executor.submit
            executor.submit = lambda run, job: submit(die if job.student == "s01" else run, job)
            return executor

        tally = run(course, mortal)
    assert [record.student for record in tally.quarantined] == ["s01"]
    del expected["s01"]
    assert scores(course) == expected


def test_no_dask_scheduler_is_one_sentence() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(CourseProblem, match="no Dask scheduler answers at"), dask_executor("tcp://127.0.0.1:9"):
        pass
