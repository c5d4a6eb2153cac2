"""The built book, a plain file server, Chromium, and one visit to every page that all claims share."""

import fcntl
import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from book_visit import Visit, visit
from sphinx_external_toc.parsing import parse_toc_yaml

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
NOTEBOOKS = ROOT / "_build" / "jupyter_execute"
BUILD = ["build", "book", "--path-output", ".", "--config", "_config.yml", "-W", "-n", "--keep-going"]
SOURCES = ("book", "course_lib", "autograder", "_config.yml", "package-lock.json", "requirements.lock")
GENERATED = ("search", "genindex", "py-modindex", "prf-prf", "404")

CHROMIUM_PLACES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
CHROMIUM_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def documents() -> list[str]:
    """Names of all pages of the table of contents, so that a new chapter is tested without a change here."""
    return list(parse_toc_yaml(ROOT / "book" / "_toc.yml").keys())


def is_notebook(document: str) -> bool:
    """Tell whether a page has cells that run."""
    return (ROOT / "book" / f"{document}.md").read_text("utf-8").startswith("---\njupytext:")


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


@pytest.fixture(scope="session")
def site() -> Path:
    """Folder of the site, built strictly; a build that is still current is used again."""
    stamp = ROOT / "_build" / "strict.stamp"
    stamp.parent.mkdir(exist_ok=True)
    with (stamp.parent / "strict.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_current(stamp):
            result = run_build()
            assert result.returncode == 0, f"the strict build failed:\n{result.stdout}\n{result.stderr}"
            stamp.touch()
    return SITE


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serve files without a line for each request."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def server(site: Path) -> Iterator[str]:
    """Address of a plain file server."""
    handler = functools.partial(QuietHandler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}/"
        httpd.shutdown()


def find_chromium() -> str | None:
    """Path of Chromium: the variable CHROMIUM, or one of the usual places."""
    places = [os.environ["CHROMIUM"]] if os.environ.get("CHROMIUM") else CHROMIUM_PLACES
    return next((found for place in places if (found := shutil.which(place))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """One Chromium for the whole session."""
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium found: set CHROMIUM to its path, or install the system's chromium package")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session", params=PAGES)
def page(request: pytest.FixtureRequest, browser: object, server: str) -> Visit:
    """What one visit to a page has shown: every claim about the page reads it."""
    return visit(browser, f"{server}{request.param}.html", ROOT / "node_modules" / "axe-core" / "axe.min.js")
