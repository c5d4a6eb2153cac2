"""The built book, a plain file server, Chromium, and one visit to every page that all claims share."""

import fcntl
import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from book_site import PAGES, ROOT, SITE, is_current, run_build
from book_visit import DESKTOP, SCROLL_THROUGH, WIDGETS_DRAWN, Visit, visit


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


@pytest.fixture(scope="session", params=PAGES)
def page(request: pytest.FixtureRequest, browser: object, server: str) -> Visit:
    """What one visit to a page has shown: every claim about the page reads it."""
    return visit(browser, f"{server}{request.param}.html", ROOT / "node_modules" / "axe-core" / "axe.min.js")


@pytest.fixture(scope="module")
def chapter(request: pytest.FixtureRequest, browser: Any, server: str) -> Iterator[Any]:
    """Open the page that a module names as its `CHAPTER`, with all widgets drawn."""
    page = browser.new_page(viewport=DESKTOP, reduced_motion="reduce")
    page.goto(f"{server}{request.module.CHAPTER}.html", wait_until="networkidle")
    page.evaluate(SCROLL_THROUGH)
    page.wait_for_function(WIDGETS_DRAWN, timeout=20_000)
    yield page
    page.close()
