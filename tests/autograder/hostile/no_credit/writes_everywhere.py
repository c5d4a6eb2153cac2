"""Overwrites gradebook, sources and other students' work, and leaves files beside them."""

from pathlib import Path

course = Path("@course@")
for name in (
    "grading/gradebook.db",
    "solutions/01_double/questions.py",
    "solutions/01_double/01_double.ipynb",
    "grading/submitted/ada/01_double/01_double.ipynb",
    "grading/submitted/eve/01_double/extra.ipynb",
    "nbgrader_config.py",
):
    try:
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text("mine now")
    except OSError as error:
        print(type(error).__name__)


def double(x):
    return 0
