"""A student's way, with a real kernel: open the released notebook, run it unanswered, answer it, run it again."""

import doctest
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from problem_sets import ROOT, in_notebook

from autograder.notebooks import grade_id, is_test, read_notebook
from autograder.questions import ProblemSet


@pytest.fixture
def downloaded(exercise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the exercise in a folder of its own, away from the course's sources."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    return Path(shutil.copytree(exercise, tmp_path / exercise.name))


def run_all(notebook: NotebookNode, folder: Path) -> dict[str, NotebookNode]:
    """Run every cell, errors or not, and return the test cells by id."""
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True, coalesce_streams=True,
                            resources={"metadata": {"path": str(folder)}})  # fmt: skip
    client.execute()
    return {grade_id(cell): cell for cell in notebook.cells if is_test(cell)}


def opened(folder: Path) -> NotebookNode:
    return read_notebook((folder / f"{folder.name}.ipynb").read_bytes())


def test_unanswered_notebook_fails_every_check_with_a_short_message(downloaded: Path, problem_set: ProblemSet) -> None:
    cells = run_all(opened(downloaded), downloaded)
    assert set(cells) == set(problem_set.questions)
    for name, cell in cells.items():
        (output,) = cell.outputs
        assert (output.output_type, output.ename) == ("error", "CheckFailed")
        shown = "\n".join(output.traceback)
        assert shown.startswith(f"{name}: 0 of ")
        assert len(shown.splitlines()) <= 4 and "Traceback" not in shown


def test_notebook_with_the_solution_pasted_in_passes_every_check(
    downloaded: Path, problem_set: ProblemSet, source_notebook: NotebookNode
) -> None:
    notebook = opened(downloaded)
    for cell in notebook.cells:
        if grade_id(cell).removesuffix("_answer") in problem_set.questions and cell.metadata.nbgrader.solution:
            cell.source = in_notebook(source_notebook, problem_set.questions[grade_id(cell).removesuffix("_answer")])
    for name, cell in run_all(notebook, downloaded).items():
        count = sum(not case.hidden for case in problem_set.questions[name].cases)
        assert [output.output_type for output in cell.outputs] == ["stream"]
        assert cell.outputs[0].text == f"{name}: {count} of {count} checks passed\n"


def test_examples_in_the_notebook_are_true(source_notebook: NotebookNode, problem_set: ProblemSet) -> None:
    """Each question shows an example of use; the solution gives what it says."""
    namespace: dict[str, object] = {}
    for cell in source_notebook.cells:
        if cell.cell_type == "code" and not is_test(cell) and grade_id(cell) != "setup":
            exec(cell.source, namespace)
        elif grade_id(cell) == "setup":
            exec("import numpy as np", namespace)
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    for cell in source_notebook.cells:
        name = grade_id(cell)
        if name.removesuffix("_text") in problem_set.questions and cell.cell_type == "markdown":
            examples = doctest.DocTestParser().get_doctest(cell.source.replace("```", ""), namespace, name, name, 0)
            assert examples.examples, f"{name} shows no example"
            assert runner.run(examples, clear_globs=False).failed == 0, name


def test_check_without_its_file_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    setup = nbformat.v4.new_code_cell('from course_lib.checks import load_checks\nload_checks("checks.json")')
    run_all(nbformat.v4.new_notebook(cells=[setup]), tmp_path)
    (output,) = setup.outputs
    assert output.ename == "CheckFailed"
    assert "download the set again" in "\n".join(output.traceback)
