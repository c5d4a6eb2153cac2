"""A made-up class: notebooks put together from right answers, partial ones and known misconceptions.

It shows the whole way from submissions to a report without a student, and it is what the tests grade.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from nbformat import NotebookNode, from_dict

from autograder.notebooks import grade_id, read_notebook, write_notebook
from autograder.questions import ProblemSet, Question, load_set

STUDENTS = (
    "Ada Okafor", "Bruno Keller", "Chen Li", "Dalia Haddad", "Emil Novak", "Farah Amini", "Goran Petrov", "Hana Sato",
    "Ines Duarte", "Jonas Lind", "Kavya Rao", "Luca Moretti", "Mina Park", "Noor Rahman", "Oskar Nowak", "Priya Nair",
    "Quinn Walsh", "Rosa Jimenez", "Sven Berg", "Tala Yilmaz", "Uma Desai", "Viktor Horvath", "Wanda Zielinska",
    "Yusuf Demir",
)  # fmt: skip
WRITTEN = ("Write your answer here.", "YOUR ANSWER HERE", "")


def write_class(source: Path, exercise: Path, inbox: Path, students: int = 24, seed: int = 1) -> list[str]:
    """Write a class's notebooks and its roster into folder `inbox`; files that are there already are left alone.

    Parameters
    ----------
    source, exercise
        The set's folders under ``solutions/`` and ``exercises/``.
    inbox
        Where ``<student>.ipynb`` and ``roster.csv`` go.
    students
        How many, at least 1.
    seed
        Seed of the one generator that decides who answers what.

    Returns
    -------
    list of str
        Student ids.
    """
    if students < 1:
        raise ValueError(f"students must be at least 1, got {students}")
    problem_set = load_set(source)
    released = read_notebook((exercise / f"{problem_set.name}.ipynb").read_bytes())
    rng = np.random.default_rng(seed)
    inbox.mkdir(parents=True, exist_ok=True)
    people = [_person(i) for i in range(students)]
    for person in people:
        notebook = _fill_in(released, problem_set, ability=rng.beta(2.2, 1.6), rng=rng)
        _write(inbox / f"{person['id']}.ipynb", write_notebook(notebook))
    _write(inbox / "roster.csv", _roster(people))
    return [person["id"] for person in people]


def _person(index: int) -> dict[str, str]:
    first, last = STUDENTS[index % len(STUDENTS)].split()
    again = index // len(STUDENTS)
    name = f"{first.lower()}.{last.lower()}{again + 1 if again else ''}"
    return {"id": name, "first_name": first, "last_name": last, "email": f"{name}@university.example"}


def _roster(people: Sequence[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(people[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(people)
    return text.getvalue().encode("utf-8")


def _fill_in(released: NotebookNode, problem_set: ProblemSet, ability: float, rng: np.random.Generator) -> NotebookNode:
    notebook = from_dict(released)
    cells = {grade_id(cell): cell for cell in notebook.cells}
    for question in problem_set.questions.values():
        answer = _answer(question, ability, rng)
        if answer:
            cells[f"{question.name}_answer"].source = answer.rstrip()
    for written in problem_set.free_text:
        if rng.random() < 0.5 + ability / 2:
            cells[written.name].source = _words(written.model_answer, ability, rng)
    return notebook


def _answer(question: Question, ability: float, rng: np.random.Generator) -> str:
    """Choose a right answer, one with a misconception, or (rarely) none."""
    luck = rng.random()
    if luck < ability:
        return str(rng.choice(question.accepted or [question.reference_source]))
    if luck > 0.97 or not question.misconceptions:
        return ""
    # the first misconceptions of a question are the most common ones
    weights = (1.0 + np.arange(len(question.misconceptions))) ** -2.0
    index = int(rng.choice(len(weights), p=weights / weights.sum()))
    return question.misconceptions[index][1]


def _words(model_answer: str, ability: float, rng: np.random.Generator) -> str:
    sentences = model_answer.split(". ")
    keep = max(1, round(ability * len(sentences)))
    chosen = sorted(rng.choice(len(sentences), size=keep, replace=False))
    return ". ".join(sentences[i].rstrip(".") for i in chosen) + "."


def _write(file: Path, data: bytes) -> None:
    if not (file.is_file() and file.read_bytes() == data):
        file.write_bytes(data)
