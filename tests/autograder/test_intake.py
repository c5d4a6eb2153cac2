"""Intake: every kind of damaged submission is repaired, or quarantined with a reason."""

import json
import time
from collections.abc import Callable

import pytest
from classroom import RIGHT, SET, answered, submit
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.course import Course
from autograder.execution import Task
from autograder.formgrader import safe_markdown
from autograder.intake import FACTS, MAX_BYTES, Facts, find_submissions, read_facts, repair
from autograder.notebooks import NotebookProblem, grade_id, read_notebook, write_notebook


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(c for c in notebook.cells if grade_id(c) == name)


def drop(notebook: NotebookNode, name: str) -> None:
    notebook.cells.remove(cell(notebook, name))


BAD_BYTES = {
    "not UTF-8": b'{"cells": "\xff\xfe"}',
    "broken JSON": b'{"cells": [',
    "but not a notebook": b"[1, 2, 3]",
    "nbformat 5": b'{"nbformat": 5, "nbformat_minor": 0, "cells": [], "metadata": {}}',
    "nested too deeply": b"[" * 100_000,
    "no nbformat": b'{"cells": []}',
    "2,001 cells, more than 2,000": b'{"nbformat": 4, "cells": [' + b"0," * 2000 + b"0]}",
    "600,003 lists and dicts": b'{"nbformat": 4, "cells": [], "metadata": [' + b"{}," * 600_000 + b"0]}",
    "not a valid notebook": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [7]}',
}


@pytest.mark.parametrize("reason", BAD_BYTES)
def test_unreadable_file_has_a_reason(reason: str) -> None:
    with pytest.raises(NotebookProblem, match=reason):
        read_notebook(BAD_BYTES[reason])


def test_byte_order_mark_is_accepted(handed_out: NotebookNode) -> None:
    assert read_notebook(b"\xef\xbb\xbf" + write_notebook(handed_out)).cells


def test_half_a_surrogate_pair_stops_nothing(handed_out: NotebookNode) -> None:
    data = write_notebook(handed_out).replace(b"# Doubling", b"# \\ud800")
    assert write_notebook(read_notebook(data))


def test_nbformat_3_is_upgraded() -> None:
    code = {"cell_type": "code", "collapsed": False, "input": "1", "language": "python", "metadata": {}, "outputs": []}
    sheet = {"metadata": {}, "cells": [code]}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [sheet]}
    assert read_notebook(json.dumps(old).encode()).cells[0].source == "1"


def test_notebook_of_another_set_is_refused(task: Task, handed_out: NotebookNode) -> None:
    handed_out.cells = [new_code_cell("1 + 1")]
    with pytest.raises(NotebookProblem, match="notebook of another set"):
        repair(handed_out, task.notebook)


def test_untouched_notebook_needs_no_repair(task: Task, handed_out: NotebookNode) -> None:
    notebook, notes = repair(handed_out, task.notebook)
    assert notes == []
    assert [grade_id(c) for c in notebook.cells] == [grade_id(c) for c in task.notebook.cells]


def _delete_test(notebook: NotebookNode) -> None:
    drop(notebook, "double")


def _change_test(notebook: NotebookNode) -> None:
    cell(notebook, "double").source = "2"


def _change_points(notebook: NotebookNode) -> None:
    cell(notebook, "double").metadata.nbgrader.points = 100


def _drop_points(notebook: NotebookNode) -> None:
    del cell(notebook, "double").metadata.nbgrader["points"]


def _unlock(notebook: NotebookNode) -> None:
    cell(notebook, "double").metadata.nbgrader.update(grade=False, locked=False, solution=True)


def _turn_to_markdown(notebook: NotebookNode) -> None:
    notebook.cells = [
        new_markdown_cell(c.source, metadata=c.metadata) if c.cell_type == "code" else c for c in notebook.cells
    ]


def _duplicate_test(notebook: NotebookNode) -> None:
    notebook.cells.append(cell(notebook, "double"))


def _foreign_cell(notebook: NotebookNode) -> None:
    extra = new_code_cell("100", metadata={"nbgrader": {"grade_id": "bonus", "grade": True, "points": 50}})
    notebook.cells.append(extra)


def _odd_metadata(notebook: NotebookNode) -> None:
    for c in notebook.cells[:2]:
        c.metadata["nbgrader"] = "gone"


REPAIRS: dict[str, tuple[Callable[[NotebookNode], None], str]] = {
    "deleted test cell": (_delete_test, "cell 'double' was deleted: put back"),
    "changed test cell": (_change_test, "test cell 'double' had been changed: put back"),
    "changed points": (_change_points, "the points of 'double' had been changed: put back"),
    "no points": (_drop_points, "the points of 'double' had been changed: put back"),
    "unlocked": (_unlock, ""),
    "turned into markdown": (_turn_to_markdown, "cell 'double' had been turned into markdown: turned back"),
    "duplicated test cell": (_duplicate_test, "stands there more than once"),
    "foreign graded cell": (_foreign_cell, "cell 'bonus' is not part of this set"),
    "metadata of the wrong type": (_odd_metadata, "cell 'setup' was deleted: put back"),
}


@pytest.mark.parametrize("damage", REPAIRS)
def test_damage_is_repaired_from_the_source(task: Task, handed_out: NotebookNode, damage: str) -> None:
    change, note = REPAIRS[damage]
    change(handed_out)
    cell(handed_out, "double_answer").source = RIGHT["double"]
    notebook, notes = repair(handed_out, task.notebook)
    assert [c for c in notebook.cells if grade_id(c) == "double"] == [
        {**cell(task.notebook, "double"), "id": cell(notebook, "double")["id"]}
    ]
    assert cell(notebook, "double_answer").source == RIGHT["double"]
    assert sum(bool(grade_id(c)) for c in notebook.cells) == len(task.notebook.cells)
    assert any(note in n for n in notes) or not note


def test_the_last_filled_in_copy_of_an_answer_counts(task: Task, handed_out: NotebookNode) -> None:
    stub = cell(handed_out, "double_answer")
    copy = new_code_cell(RIGHT["double"], metadata=stub.metadata)
    handed_out.cells = [stub, copy, new_code_cell(stub.source, metadata=stub.metadata), *handed_out.cells[3:]]
    notebook, _ = repair(handed_out, task.notebook)
    assert cell(notebook, "double_answer").source == RIGHT["double"]


def test_cells_that_a_student_added_stay_where_they_were(task: Task, handed_out: NotebookNode) -> None:
    place = handed_out.cells.index(cell(handed_out, "double_answer")) + 1
    handed_out.cells.insert(place, new_code_cell("helper = 1"))
    notebook, _ = repair(handed_out, task.notebook)
    assert notebook.cells[place].source == "helper = 1"
    assert grade_id(notebook.cells[place]) == ""


def test_a_deleted_answer_leaves_an_empty_cell(task: Task, handed_out: NotebookNode) -> None:
    drop(handed_out, "double_answer")
    notebook, notes = repair(handed_out, task.notebook)
    assert cell(notebook, "double_answer").source == ""
    assert notes == ["cell 'double_answer' was deleted: put back"]


def test_a_picture_that_is_not_there_stops_nobody_who_reads_the_answer(task: Task, handed_out: NotebookNode) -> None:
    cell(handed_out, "why").source = "See ![sketch](attachment:sketch.png)."
    handed_out.cells.append(new_markdown_cell("![](attachment:other.png) An attachment: not one."))
    notebook, notes = repair(handed_out, task.notebook)
    assert notes == ["a picture in cell 'why' is left out: look at it in the notebook as handed in"]
    pages = [safe_markdown(c.source) for c in notebook.cells if c.cell_type == "markdown"]
    assert pages[-2:] == [
        "<p>See ![sketch](attachment: sketch.png).</p>",
        "<p>![](attachment: other.png) An attachment: not one.</p>",
    ]


@pytest.mark.parametrize("mark", ["### BEGIN HIDDEN TESTS\n", "### END HIDDEN TESTS\n"])
def test_marks_of_hidden_tests_without_end_take_no_time(task: Task, handed_out: NotebookNode, mark: str) -> None:
    cell(handed_out, "double").source = mark * 100_000
    began = time.process_time()
    repair(handed_out, task.notebook)
    assert time.process_time() - began < 2.0


def test_submissions_are_found_or_refused_by_name(course: Course, handed_out: NotebookNode) -> None:
    data = answered(handed_out, **RIGHT)
    submit(course, "ada", data)
    submit(course, "bob", data, "my work (1).ipynb")
    submit(course, "cyn", data, "a.ipynb")
    submit(course, "cyn", data, "b.ipynb")
    submit(course, "dan", b"", "notes.txt")
    submit(course, "-rf", data)
    submit(course, "eve", b"x" * (MAX_BYTES + 1))
    (course.submitted / "fay" / SET).mkdir(parents=True)
    (course.submitted / "fay" / SET / f"{SET}.ipynb").symlink_to("/etc/hostname")
    found = {f.student: f for f in find_submissions(course.submitted, SET)}
    assert found["ada"].file
    assert found["ada"].notes == ()
    assert found["bob"].notes == ("the notebook was called my work (1).ipynb",)
    assert "2 notebooks, none called" in found["cyn"].reason
    assert "is missing" in found["dan"].reason
    assert "not a student id" in found["-rf"].reason
    assert "more than" in found["eve"].reason
    assert "is missing" in found["fay"].reason


def test_what_collecting_found_out_goes_with_the_submission(course: Course, handed_out: NotebookNode) -> None:
    submit(course, "ada", answered(handed_out, **RIGHT))
    submit(course, "bob", answered(handed_out, **RIGHT))
    facts = Facts("canvas", "okaforada_1_2_w.ipynb", notes=("Canvas marks it as late",))
    (course.submitted / "ada" / SET / FACTS).write_text(json.dumps(facts.plain()), encoding="utf-8")
    (course.submitted / "bob" / SET / FACTS).write_text('{"reason": "protected by a password"}', encoding="utf-8")
    ada, bob = find_submissions(course.submitted, SET)
    assert ada.notes == ("Canvas marks it as late",)
    assert (bob.file, bob.reason) == (None, "protected by a password")
    assert read_facts(course.submitted / "ada" / SET) == facts


@pytest.mark.parametrize("text", ["", "[1]", '{"notes": 3}', "{" * 9000, '{"notes": [[1]], "origin": {}}'])
def test_damaged_facts_stop_nothing(course: Course, handed_out: NotebookNode, text: str) -> None:
    submit(course, "ada", answered(handed_out, **RIGHT))
    (course.submitted / "ada" / SET / FACTS).write_text(text, encoding="utf-8")
    assert [found.student for found in find_submissions(course.submitted, SET) if found.file] == ["ada"]
