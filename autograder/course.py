"""Where everything of one course lies: nbgrader's own folders, read from ``nbgrader_config.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

from autograder.questions import CourseProblem

CONFIG = "nbgrader_config.py"


@dataclass(frozen=True)
class Course:
    """The folders of a course and the address of its gradebook."""

    course_id: str
    root: Path
    solutions: Path
    exercises: Path
    submitted: Path
    autograded: Path
    feedback: Path
    db_url: str
    config: Config = field(default_factory=Config, compare=False, repr=False)

    @property
    def reports(self) -> Path:
        """Folder of class reports and exports."""
        return self.autograded.parent / "reports"

    def sets(self) -> list[str]:
        """Names of the problem sets, in order: folders with a ``questions.py``, or with a notebook of their name."""
        found = {file.parent.name for file in self.solutions.glob("*/questions.py")}
        return sorted(found | {file.stem for file in self.solutions.glob("*/*.ipynb") if file.stem == file.parent.name})

    def solution(self, set_name: str) -> Path:
        """Folder of a set's source; CourseProblem names the sets there are if it is not one of them."""
        if set_name not in self.sets():
            raise CourseProblem(
                f"there is no problem set {set_name!r}: {', '.join(self.sets()) or 'none is there yet'}"
            )
        return self.solutions / set_name

    def graded(self, student: str, set_name: str) -> Path:
        """Folder of one student's graded notebook and record."""
        return self.autograded / student / set_name


def find_course(start: Path | None = None, db_url: str = "") -> Course:
    """Find the course that folder `start` lies in: the nearest folder above with an ``nbgrader_config.py``."""
    here = (start or Path.cwd()).resolve()
    for root in (here, *here.parents):
        if (root / CONFIG).is_file():
            return _course(root, db_url)
    raise CourseProblem(
        f"no {CONFIG} in {here} or above it: run this inside the course's folder, or name it with --course"
    )


def _course(root: Path, db_url: str) -> Course:
    config = Config(PyFileConfigLoader(CONFIG, str(root)).load_config())
    config.CourseDirectory.root = str(root)
    folders = CourseDirectory(config=config)
    url = db_url or folders.db_url
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        url = f"sqlite:///{root / url.removeprefix('sqlite:///')}"
    return Course(
        folders.course_id or "default_course",
        root,
        root / folders.source_directory,
        root / folders.release_directory,
        root / folders.submitted_directory,
        root / folders.autograded_directory,
        root / folders.feedback_directory,
        url,
        config,
    )
