"""What a page shows is what a student gets: nbval runs the executed notebooks again and compares the outputs."""

import subprocess
import sys
from pathlib import Path

import pytest
from book_site import NOTEBOOKS, ROOT, documents, is_notebook


@pytest.mark.slow
@pytest.mark.parametrize("document", [name for name in documents() if is_notebook(name)])
def test_notebook_gives_the_same_outputs_again(site: Path, document: str) -> None:
    notebook = NOTEBOOKS / f"{document}.ipynb"
    options = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=120", "-q", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, "-W", "default", str(notebook)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-2000:]
