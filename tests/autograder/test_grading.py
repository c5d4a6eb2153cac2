"""Grading a class: gradebook, records, what is graded again and what is not."""

import json
import subprocess
import sys
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from classroom import QUICK, RIGHT, SET, answered, submit
from hands import Here, by_hand
from nbformat import NotebookNode
from nbgrader import api
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from autograder.course import Course, find_course
from autograder.execution import load_task
from autograder.gradebook import Gradebook
from autograder.grading import Tally, grade_class, local_executor, read_records
from autograder.questions import CourseProblem
from autograder.records import Record


def run(course: Course, **settings: object) -> Tally:
    load_task.cache_clear()
    return grade_class(course, SET, Here, QUICK, **settings)  # type: ignore[arg-type]


@pytest.fixture
def small_class(course: Course, handed_out: NotebookNode) -> Course:
    submit(course, "ada", answered(handed_out, **RIGHT, why="That."))
    submit(course, "bob", answered(handed_out, double="def double(x):\n    return x * x"))
    submit(course, "eve", b"{")
    return course


def test_class_is_graded_although_one_is_broken(small_class: Course) -> None:
    tally = run(small_class)
    assert sorted(record.student for record in tally.graded) == ["ada", "bob"]
    assert [record.student for record in tally.quarantined] == ["eve"]
    with Gradebook(small_class) as gradebook:
        scores = {score.student: score for score in gradebook.scores(SET)}
    assert (scores["ada"].score, scores["ada"].max_score, scores["ada"].needs_manual) == (6, 10, True)
    assert (scores["bob"].score, scores["bob"].needs_manual) == (0, False)
    assert scores["bob"].comments == {"why": "No response."}
    assert "eve" not in scores


def test_records_say_what_was_graded_and_by_what(small_class: Course) -> None:
    run(small_class)
    ada, bob, eve = read_records(small_class, SET)
    assert ada.points == 6
    assert bob.questions[0].misconceptions[0].name == "squares"
    assert "broken JSON" in eve.quarantine
    assert Record.from_json(ada.to_json()) == ada


def test_second_run_grades_nothing_again(small_class: Course) -> None:
    run(small_class)
    again = run(small_class)
    assert (again.graded, again.unchanged) == ([], 3)


def test_changed_submission_is_graded_again_and_manual_grade_is_reviewed(
    small_class: Course, handed_out: NotebookNode
) -> None:
    run(small_class)
    by_hand(small_class, "ada", 3.5)
    submit(small_class, "ada", answered(handed_out, double=RIGHT["double"], why="Something else."))
    assert [record.student for record in run(small_class).graded] == ["ada"]
    with Gradebook(small_class) as gradebook:
        ada = gradebook.scores(SET)[0]
    assert (ada.score, ada.needs_manual) == (2 + 1 + 3.5, True)


def test_regrading_the_same_submission_keeps_the_manual_grade(small_class: Course) -> None:
    run(small_class)
    by_hand(small_class, "ada", 3.5)
    assert len(run(small_class, regrade=True).graded) == 2
    with Gradebook(small_class) as gradebook:
        ada = gradebook.scores(SET)[0]
    assert (ada.score, ada.needs_manual) == (9.5, False)


def test_changed_question_grades_all_again(small_class: Course) -> None:
    run(small_class)
    file = small_class.solutions / SET / "questions.py"
    file.write_text(file.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert len(run(small_class).graded) == 2


def test_one_student_can_be_graded_alone(small_class: Course) -> None:
    assert [record.student for record in run(small_class, students=("bob",)).graded] == ["bob"]


def test_a_crash_between_gradebook_and_record_is_made_good(
    small_class: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(small_class)
    (small_class.graded("ada", SET) / "record.json").unlink()
    assert [record.student for record in run(small_class).graded] == ["ada"]
    with Gradebook(small_class) as gradebook:
        assert len(gradebook.scores(SET)) == 2


@pytest.mark.parametrize(("method", "penalty"), [("none", 0.0), ("zero", 6.0)])
def test_late_submission_is_penalized_as_nbgrader_is_told(small_class: Course, method: str, penalty: float) -> None:
    config = small_class.root / "nbgrader_config.py"
    more = f'c.LateSubmissionPlugin.penalty_method = "{method}"\n'
    config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
    course = find_course(small_class.root)
    (course.submitted / "ada" / SET / "timestamp.txt").write_text("2026-01-02 12:00:00 UTC\n", encoding="utf-8")
    run(course)
    with Session(create_engine(course.db_url)) as session, session.begin():
        session.scalars(select(api.Assignment)).one().duedate = datetime(2026, 1, 1, 12, 0)
    run(course, regrade=True)
    with Gradebook(course) as gradebook:
        ada = gradebook.scores(SET)[0]
    assert (ada.score, ada.late_penalty) == (6.0, penalty)


def test_removed_question_with_grades_by_hand_stops_with_a_reason(small_class: Course) -> None:
    run(small_class)
    by_hand(small_class, "ada", 2.0)
    notebook = small_class.solutions / SET / f"{SET}.ipynb"
    body = json.loads(notebook.read_text(encoding="utf-8"))
    body["cells"] = [c for c in body["cells"] if c["metadata"]["nbgrader"]["grade_id"] != "why"]
    notebook.write_text(json.dumps(body), encoding="utf-8")
    questions = small_class.solutions / SET / "questions.py"
    kept = questions.read_text(encoding="utf-8").replace("SET.written", "(lambda *a: None)")
    questions.write_text(kept, encoding="utf-8")
    with pytest.raises(CourseProblem, match="has grades given by hand"):
        run(small_class)


def test_a_gradebook_that_was_half_made_is_completed(small_class: Course) -> None:
    small_class.autograded.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(small_class.db_url)
    api.Base.metadata.tables["assignment"].create(engine)
    run(small_class)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    engine.dispose()


def test_a_gradebook_of_an_old_nbgrader_is_left_alone(small_class: Course) -> None:
    run(small_class)
    engine = create_engine(small_class.db_url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    engine.dispose()
    with pytest.raises(CourseProblem, match="nbgrader db upgrade"):
        run(small_class)


def test_unusable_gradebook_says_what_to_do(small_class: Course) -> None:
    broken = replace(small_class, db_url="postgresql+psycopg://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(CourseProblem, match="cannot be used") as caught:
        run(broken)
    assert "secret" not in str(caught.value)


def test_nbgrader_exports_what_was_graded(small_class: Course) -> None:
    run(small_class)
    command = [sys.executable, "-m", "nbgrader", "export", "--to=grades.csv"]
    subprocess.run(command, cwd=small_class.root, check=True, capture_output=True)
    header, *body = (small_class.root / "grades.csv").read_text(encoding="utf-8").splitlines()
    rows = [header, *sorted(body)]
    assert [row.split(",")[3] for row in rows] == ["student_id", "ada", "bob"]
    assert [row.split(",")[-2:] for row in rows[1:]] == [["6.0", "10.0"], ["0.0", "10.0"]]


class Fragile(Executor):
    """Loses its worker to every job of one student, as a process pool does."""

    def submit(self, function, job):  # type: ignore[no-untyped-def, override]
        future: Future = Future()
        if job.student == "bob":
            future.set_exception(BrokenProcessPool("a worker died"))
        else:
            future.set_result(function(job))
        return future


def test_a_job_that_kills_its_worker_twice_is_quarantined_alone(small_class: Course) -> None:
    load_task.cache_clear()
    tally = grade_class(small_class, SET, Fragile, QUICK)
    assert [record.student for record in tally.graded] == ["ada"]
    assert {r.student: r.quarantine for r in tally.quarantined}["bob"].startswith(
        "the process that graded it died twice"
    )


def test_worker_processes_give_the_same_grades(small_class: Course) -> None:
    tally = grade_class(small_class, SET, local_executor(2), QUICK)
    assert {record.student: record.points for record in tally.graded} == {"ada": 6, "bob": 0}


def test_course_is_found_from_a_folder_below(course: Course) -> None:
    assert find_course(course.exercises / SET) == course


def test_no_course_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(CourseProblem, match=r"no nbgrader_config\.py"):
        find_course(tmp_path)


def test_unknown_set_names_the_sets_there_are(course: Course) -> None:
    with pytest.raises(CourseProblem, match="there is no problem set '02': 01_double"):
        course.solution("02")
