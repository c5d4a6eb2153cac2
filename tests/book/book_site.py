"""Where the built book and Chromium are, and what pages there are."""

import subprocess
import sys
from pathlib import Path

import nbformat
from sphinx_external_toc.parsing import parse_toc_yaml

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
NOTEBOOKS = ROOT / "_build" / "jupyter_execute"
BUILD = ["build", "book", "--path-output", ".", "--config", "_config.yml", "-W", "-n", "--keep-going"]
SOURCES = ("book", "course_lib", "autograder", "_config.yml", "package-lock.json", "requirements.lock")
GENERATED = ("search", "genindex", "py-modindex", "prf-prf", "404")


def documents() -> list[str]:
    """Names of all pages of the table of contents, so that a new chapter is tested without a change here."""
    return list(parse_toc_yaml(ROOT / "book" / "_toc.yml").keys())


def is_notebook(document: str) -> bool:
    """Tell whether a page has cells that run."""
    return (ROOT / "book" / f"{document}.md").read_text("utf-8").startswith("---\njupytext:")


def printed(document: str) -> str:
    """All printed outputs of an executed page; what one cell printed may have come in several pieces."""
    notebook = nbformat.read(NOTEBOOKS / f"{document}.ipynb", as_version=4)
    found = ([o.text for o in cell.get("outputs", []) if o.output_type == "stream"] for cell in notebook.cells)
    return "\n".join("".join(pieces) for pieces in found)


PAGES = [*documents(), *GENERATED]


def run_build() -> subprocess.CompletedProcess:
    """Build the book as ``make`` does."""
    command = Path(sys.executable).with_name("jupyter-book")
    return subprocess.run([str(command), *BUILD], cwd=ROOT, capture_output=True, text=True, check=False)


def is_current(stamp: Path) -> bool:
    """Tell whether the last strict build is younger than everything it was made from."""
    files = (path for name in SOURCES for path in [ROOT / name, *(ROOT / name).rglob("*")])
    kept = (path for path in files if path.is_file() and "__pycache__" not in path.parts)
    return stamp.exists() and max(path.stat().st_mtime for path in kept) < stamp.stat().st_mtime
