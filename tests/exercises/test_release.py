"""What students get: in step with the source, locked where it must be, with nothing in it that tells an answer."""

import ast
import json
import re
from pathlib import Path

from nbformat import NotebookNode, validate
from problem_sets import ROOT, in_notebook

from autograder.notebooks import grade_id, is_manual, is_test, read_notebook
from autograder.questions import ProblemSet, Question
from autograder.release import release_set
from course_lib.checks import Case
from course_lib.checks.student import case_to_json

HARMLESS = re.compile(r"def |import |from |\"\"\"|return \w+$|### ")


def read_exercise(exercise: Path) -> NotebookNode:
    return read_notebook((exercise / f"{exercise.name}.ipynb").read_bytes())


def texts(exercise: Path) -> str:
    """All that students get, as text, the sources of the cells as they read."""
    cells = "\n".join(cell.source for cell in read_exercise(exercise).cells)
    others = [file.read_text() for file in exercise.iterdir() if file.suffix != ".ipynb"]
    return "\n".join([cells, *others])


def telling_lines(source: str) -> list[str]:
    """Lines of an answer that would give it away, without docstrings and what any answer begins with."""
    code = ast.unparse(ast.parse(source))  # one spelling, no comments
    lines = {line.strip() for line in (*code.splitlines(), *source.splitlines())}
    return [line for line in lines if len(line) >= 12 and not HARMLESS.match(line)]


def test_exercises_are_a_fresh_release(folder: Path, exercise: Path, tmp_path: Path) -> None:
    """Run `autograder release` after a change in solutions/; nothing in exercises/ is edited by hand."""
    release_set(folder, tmp_path / folder.name)
    fresh = {file.name: file.read_bytes() for file in (tmp_path / folder.name).iterdir()}
    assert {file.name: file.read_bytes() for file in exercise.iterdir() if file.is_file()} == fresh
    assert release_set(folder, tmp_path / folder.name) == [], "a second release writes files again"


def test_every_exercise_has_its_source() -> None:
    released = {entry.name for entry in (ROOT / "exercises").iterdir() if entry.is_dir()}
    assert released == {entry.parent.name for entry in (ROOT / "solutions").glob("*/questions.py")}


def test_release_holds_no_answer(
    folder: Path, question: Question, exercise: Path, source_notebook: NotebookNode
) -> None:
    given = texts(exercise)
    answers = [question.reference_source, *question.accepted, in_notebook(source_notebook, question)]
    stub = in_notebook(read_exercise(exercise), question).splitlines()
    told = {line for source in answers for line in telling_lines(source)} - {line.strip() for line in stub}
    assert told, "nothing to look for"
    assert [line for line in told if line in given] == []


def test_release_holds_no_marks_of_solutions_or_hidden_tests(exercise: Path) -> None:
    given = texts(exercise)
    for mark in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "autograder.questions", "score("):
        assert mark not in given


def test_release_holds_no_hidden_case(question: Question, exercise: Path) -> None:
    """The file has the public cases and no others, and no array of a hidden one stands anywhere."""
    checks = json.loads((exercise / "checks.json").read_text())
    written = checks["questions"][question.name]["cases"]
    assert [set(case) - {"expected"} for case in written] == [set(case_to_json(case)) for case in public_of(question)]
    assert [(case["code"], case["inputs"]) for case in written] == [
        code_and_inputs(case) for case in public_of(question)
    ]
    given = texts(exercise)
    for case in question.cases:
        if case.hidden and case.comparison != "formula":
            assert code_and_inputs(case) not in [code_and_inputs(public) for public in public_of(question)]
            assert [data for data in arrays(case) if data in given] == []


def public_of(question: Question) -> list[Case]:
    return [case for case in question.cases if not case.hidden]


def code_and_inputs(case: Case) -> tuple[str, dict]:
    body = case_to_json(case)
    return body["code"], body["inputs"]


def arrays(case: Case) -> list[str]:
    """The numbers of each array of a case as they would stand in the file, but for those that might stand anywhere."""
    found, todo = [], list(case_to_json(case)["inputs"].values())
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            found += [value["array"]["data"]] if "array" in value else []
        todo += value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [json.dumps(data) for data in found if len({json.dumps(number) for number in data}) > 3 or is_odd(data)]


def is_odd(data: list) -> bool:
    return len(data) > 1 and any(isinstance(number, float) and number % 1 for number in data)


def test_release_has_no_outputs(exercise: Path) -> None:
    for cell in read_exercise(exercise).cells:
        assert cell.cell_type == "markdown" or (cell.outputs == [] and cell.execution_count is None)


def test_source_has_no_outputs_and_is_valid(source_notebook: NotebookNode) -> None:
    validate(source_notebook)
    assert (source_notebook.nbformat, source_notebook.nbformat_minor) == (4, 5)
    assert source_notebook.metadata.kernelspec.name == "python3"
    for cell in source_notebook.cells:
        assert cell.cell_type == "markdown" or (cell.outputs == [] and cell.execution_count is None)


def test_ids_are_unique_and_every_cell_has_one(source_notebook: NotebookNode) -> None:
    ids = [grade_id(cell) for cell in source_notebook.cells]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    assert len({cell.id for cell in source_notebook.cells}) == len(ids)


def test_cells_of_a_question(question: Question, source_notebook: NotebookNode) -> None:
    """Text, answer, test: in this order, with the locks and the points that questions.py says."""
    ids = [grade_id(cell) for cell in source_notebook.cells]
    at = ids.index(question.name)
    assert ids[at - 2 : at] == [f"{question.name}_text", f"{question.name}_answer"]
    text, answer, test = source_notebook.cells[at - 2 : at + 1]
    assert text.cell_type == "markdown" and text.metadata.nbgrader.locked
    assert flags(answer) == (False, True, False)
    assert flags(test) == (True, False, True)
    assert test.metadata.nbgrader.points == question.points
    assert f"({question.points} points)" in text.source
    names = ", ".join(question.names)
    assert test.source.splitlines() == [
        f"check({names})",
        "### BEGIN HIDDEN TESTS",
        "from autograder.questions import score",
        "",
        f"score({names})",
        "### END HIDDEN TESTS",
    ]


def flags(cell: NotebookNode) -> tuple[bool, bool, bool]:
    """What nbgrader knows of a cell: grade, solution, locked."""
    settings = cell.metadata.nbgrader
    assert settings.schema_version == 3 and settings.task is False
    return settings.grade, settings.solution, settings.locked


def test_written_questions(problem_set: ProblemSet, source_notebook: NotebookNode) -> None:
    """One at least; its rubric adds up; the source cell holds the placeholder, not the model answer."""
    cells = {grade_id(cell): cell for cell in source_notebook.cells if is_manual(cell)}
    assert problem_set.free_text
    assert set(cells) == {written.name for written in problem_set.free_text}
    for written in problem_set.free_text:
        cell = cells[written.name]
        assert cell.cell_type == "markdown"
        assert flags(cell) == (True, True, False)
        assert cell.metadata.nbgrader.points == written.points == sum(points for points, _ in written.rubric)
        assert cell.source == "Write your answer here."
        assert len(written.model_answer) > 200


def test_no_rubric_or_model_answer_is_released(problem_set: ProblemSet, exercise: Path) -> None:
    given = texts(exercise)
    for written in problem_set.free_text:
        for sentence in [*re.split(r"(?<=[.:])\s", written.model_answer), *(text for _, text in written.rubric)]:
            assert sentence not in given


def test_everything_else_is_locked(problem_set: ProblemSet, source_notebook: NotebookNode) -> None:
    others = [c for c in source_notebook.cells if not is_test(c) and not c.metadata.nbgrader.solution]
    assert all(flags(cell) == (False, False, True) for cell in others)
    answers = {f"{name}_answer" for name in problem_set.questions} | {w.name for w in problem_set.free_text}
    assert {grade_id(c) for c in source_notebook.cells if c.metadata.nbgrader.solution} == answers


def test_header_says_what_questions_say(problem_set: ProblemSet, source_notebook: NotebookNode) -> None:
    header, setup = source_notebook.cells[0], source_notebook.cells[1]
    assert header.source.startswith(f"# Problem set {int(problem_set.name[:2])}: {problem_set.title}\n")
    assert f"**{problem_set.points} points, about {problem_set.minutes} minutes.**" in header.source
    bullets = re.findall(r"^- (.+)$", header.source, re.M)
    assert [line for line in problem_set.objectives if line not in bullets] == []
    assert 'check = load_checks("checks.json")' in setup.source


def test_every_question_points_to_a_section_of_the_book(problem_set: ProblemSet, source_notebook: NotebookNode) -> None:
    """As in (Chapter 1, *Looking both ways*.)."""
    asked = [f"{name}_text" for name in problem_set.questions] + [f"{w.name}_text" for w in problem_set.free_text]
    for cell in (cell for cell in source_notebook.cells if grade_id(cell) in asked):
        pointers = re.findall(r"\(Chapter (\d+), \*([^*]+)\*\.\)", cell.source)
        assert pointers, f"{grade_id(cell)} names no section"
        for number, title in pointers:
            (chapter,) = (ROOT / "book").glob(f"{int(number):02d}_*.md")
            assert re.search(rf"^#+ {re.escape(title)}$", chapter.read_text(), re.M), title
