"""Where hostile submissions are tried: a course with secrets, doors nobody may knock at, a census of processes."""

import ctypes
import json
import os
import socket
import time
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from classroom import QUESTIONS, RIGHT, SET, answered, source_notebook
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.course import Course
from autograder.execution import Graded, Task, load_task
from autograder.feedback import write_student
from autograder.notebooks import read_notebook, write_notebook
from autograder.release import release_set

HERE = Path(__file__).parent
HIDDEN_INPUT = "-41.375"
PLACES = ("sources", "students", "gradebook", "variables")
SECRETS = {place: f"canary-{place}-{7001 + i}" for i, place in enumerate(PLACES)}
PR_SET_CHILD_SUBREAPER = 36


def build_course(folder: Path) -> Task:
    """Make a course of one set, with a secret in each file that no submission may read or write."""
    folder.chmod(0o755)
    source = folder / "solutions" / SET
    source.mkdir(parents=True)
    questions = QUESTIONS.replace("x=-1.5", f"x={HIDDEN_INPUT}") + f"\n# {SECRETS['sources']}\n"
    (source / "questions.py").write_text(questions, encoding="utf-8")
    notebook = source_notebook()
    for cell in notebook.cells:
        cell.source = cell.source.replace("### END HIDDEN", f"# {SECRETS['sources']}\n### END HIDDEN")
    (source / f"{SET}.ipynb").write_bytes(write_notebook(notebook))
    release_set(source, folder / "exercises" / SET)
    theirs = folder / "grading" / "submitted" / "ada" / SET
    theirs.mkdir(parents=True)
    (theirs / f"{SET}.ipynb").write_bytes(
        answered(handed_out(folder), **{name: f"# {SECRETS['students']}\n{text}" for name, text in RIGHT.items()})
    )
    (folder / "grading" / "gradebook.db").write_text(SECRETS["gradebook"], encoding="utf-8")
    for path in folder.rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)
    return load_task(source)


def handed_out(folder: Path) -> NotebookNode:
    return read_notebook((folder / "exercises" / SET / f"{SET}.ipynb").read_bytes())


def state_of(folder: Path) -> dict[str, str]:
    """Hash every file below a folder."""
    return {str(f): sha256(f.read_bytes()).hexdigest() for f in sorted(folder.rglob("*")) if f.is_file()}


class Room(TemporaryDirectory):
    """Where the engine puts its temporary folders, which everybody may enter."""

    def __init__(self) -> None:
        super().__init__(prefix="descent-room-", ignore_cleanup_errors=True)

    def __enter__(self) -> Path:  # type: ignore[override]
        Path(self.name).chmod(0o755)
        return Path(self.name)


@dataclass
class Doors:
    """Sockets of every family that a submission might knock at; `knocks` names those at which something arrived."""

    folder: Path
    doors: dict[str, socket.socket] = field(default_factory=dict)

    def __enter__(self) -> "Doors":
        families = {"tcp": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
                    "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
                    "unix": (socket.AF_UNIX, socket.SOCK_STREAM, str(self.folder / "listener")),
                    "abstract": (socket.AF_UNIX, socket.SOCK_STREAM, f"\0descent-{os.getpid()}")}  # fmt: skip
        for name, (family, kind, address) in families.items():
            self.doors[name] = door = socket.socket(family, kind)
            door.bind(address)
            door.setblocking(False)
            if kind == socket.SOCK_STREAM:
                door.listen()
        (self.folder / "listener").chmod(0o777)
        return self

    def __exit__(self, *_: object) -> None:
        for door in self.doors.values():
            door.close()

    def names(self) -> dict[str, str]:
        """Return what stands for the doors in a submission's text."""
        return {"@tcp@": str(self.doors["tcp"].getsockname()[1]), "@udp@": str(self.doors["udp"].getsockname()[1]),
                "@abstract@": f"descent-{os.getpid()}", "@course@": str(self.folder)}  # fmt: skip

    def knocks(self) -> list[str]:
        """Name the doors at which something arrived since the last call."""
        return [name for name, door in self.doors.items() if _arrived(door)]


def _arrived(door: socket.socket) -> bool:
    try:
        if door.type == socket.SOCK_DGRAM:
            door.recv(100)
        else:
            door.accept()[0].close()
    except BlockingIOError:
        return False
    return True


class Census:
    """Counts the processes below this one; orphans come here too, because this process adopts them."""

    def __enter__(self) -> "Census":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        return self

    def begin(self) -> None:
        """Take the processes that are there now as belonging here."""
        self.before = set(descendants())

    def __exit__(self, kind: type | None, value: BaseException | None, trace: TracebackType | None) -> None:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)

    def strays(self, patience: float = 1.0) -> list[int]:
        """Return the processes that were not there before and do not go away."""
        deadline = time.monotonic() + patience
        while (left := set(descendants()) - self.before) and time.monotonic() < deadline:
            time.sleep(0.01)
        return sorted(left)


def descendants() -> list[int]:
    """List the living processes below this one."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found, new = set[int](), {os.getpid()}
    while new:
        new = {pid for pid, parent in parents.items() if parent in new} - found
        found |= new
    return sorted(found)


def submission(file: Path, folder: Path, names: dict[str, str]) -> bytes:
    """Make the notebook that a hostile file describes.

    ``# %%`` separates cells: the text before the first goes into the answer of *double*, that after ``# %% scaled``
    into the answer of *scaled*, all others are added at the end. A file that defines ``submission(notebook)`` makes a
    malformed notebook of the honest one.
    """
    text = file.read_text(encoding="utf-8")
    for name, value in names.items():
        text = text.replace(name, value)
    honest = answered(handed_out(folder), **RIGHT)
    if "\ndef submission(notebook):" in text:
        namespace: dict = {}
        exec(compile(text, str(file), "exec"), namespace)
        notebook = json.loads(honest)
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])
        made = namespace["submission"](notebook)
        return made if isinstance(made, bytes) else json.dumps(made).encode()
    return _notebook(text, folder, file.parent.name)


def _notebook(text: str, folder: Path, verdict: str) -> bytes:
    first, *parts = text.split("\n# %%")
    answers = {"double": first} if verdict == "no_credit" else {**RIGHT, "double": first}
    added = []
    for part in parts:
        name, _, source = part.partition("\n")
        if name.strip():
            answers[name.strip()] = source
        else:
            added.append(new_code_cell(source))
    notebook = handed_out(folder)
    notebook.cells += added
    return answered(notebook, **answers)


def all_written(graded: Graded) -> str:
    """Return what came out of a submission's run: the record, and what its cells put out."""
    outputs = [cell.get("outputs", []) for cell in read_notebook(graded.notebook).cells] if graded.notebook else []
    return graded.record.to_json() + json.dumps(outputs, ensure_ascii=False)


def feedback_page(graded: Graded, task: Task, office: Path) -> str:
    """Return the page that the student gets, as an assistant's folder `office` has it."""
    course = Course("descent", office, office, office, office, office / "autograded", office / "feedback", "")
    folder = course.graded(graded.record.student, SET)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{SET}.ipynb").write_bytes(graded.notebook)
    return write_student(course, task.problem_set, graded.record, None).read_text(encoding="utf-8")
