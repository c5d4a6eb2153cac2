"""A student at work in JupyterLab: fill in an answer, run its check, press *Validate*."""

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from classroom import RIGHT, SET, answered, write_course
from lab_server import lab_server
from playwright.sync_api import TimeoutError

from autograder.notebooks import read_notebook

PATIENCE, TRIES = 120_000, 6


@pytest.fixture(scope="module")
def desk(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Open a copy of the set, in which all is answered but `double`, in a JupyterLab that serves nothing else."""
    course = write_course(tmp_path_factory.mktemp("course"))
    handed_out = read_notebook((course.exercises / SET / f"{SET}.ipynb").read_bytes())
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("student")
    contexts = []

    def open_copy(name: str) -> Any:
        (folder / name).mkdir()
        (folder / name / f"{SET}.ipynb").write_bytes(answered(handed_out, scaled=RIGHT["scaled"], why="That."))
        (folder / name / "checks.json").write_bytes((course.exercises / SET / "checks.json").read_bytes())
        context = browser.new_context(viewport={"width": 1440, "height": 1200})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.add_locator_handler(page.get_by_text("Select kernel for:"), choose_kernel)
        with page.expect_response(is_new_session):
            page.goto(address.format(f"lab/workspaces/{name}/tree/{name}/{SET}.ipynb"))
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
        page.asked = asked
        return page

    with lab_server(folder, home) as address:
        yield open_copy
        for context in contexts:
            context.close()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address.format("api/status"), timeout=5)


def is_new_session(response: Any) -> bool:
    """Whether a response says that a kernel runs for the notebook."""
    return "/api/sessions" in response.url and response.request.method == "POST" and response.status == 201


def choose_kernel(dialog: Any) -> None:
    """Answer the question that comes if cells are run before the kernel has started."""
    dialog.page.get_by_role("button", name="Select", exact=True).click()


def answer(page: Any, source: str) -> None:
    """Write an answer into the cell of `double`, as one does by hand."""
    page.locator(".jp-CodeCell", has_text="def double(x)").locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(source)


def run_all(page: Any, said: str) -> Any:
    """Run all cells until the check of `double` has said something; return the check's cell.

    A notebook that has just been opened may not run on the first click, when the machine is slow.
    """
    check = page.locator(".jp-CodeCell", has_text="check(double)")
    for left in reversed(range(TRIES)):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            check.get_by_text(said).wait_for(timeout=PATIENCE / TRIES)
            break
        except TimeoutError:
            if not left:
                raise
    return check


def validate(page: Any) -> str:
    page.get_by_role("button", name="Validate").first.click()
    page.locator(".jp-Dialog").wait_for()
    return page.locator(".jp-Dialog").inner_text()


@pytest.mark.browser
def test_right_answer_passes_its_check_and_validate(desk: Callable[[str], Any]) -> None:
    page = desk("right")
    answer(page, RIGHT["double"])
    run_all(page, "1 of 1 checks passed")
    assert "Success! Your notebook passes all the tests." in validate(page)
    assert [url for url in page.asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []


@pytest.mark.browser
def test_wrong_answer_is_told_in_a_few_lines(desk: Callable[[str], Any]) -> None:
    page = desk("wrong")
    answer(page, "def double(x):\n    return x * x")
    check = run_all(page, "expected 6, got 9")
    assert len(check.locator(".jp-OutputArea-output").inner_text().splitlines()) <= 6
    told = validate(page)
    assert "double: 0 of 1 checks passed" in told and "expected 6, got 9" in told
    assert "What is the difference between x + x and x times x?" in told
    assert "Traceback" not in told and len(told.splitlines()) <= 16


@pytest.mark.browser
def test_unanswered_question_is_named(desk: Callable[[str], Any]) -> None:
    told = validate(desk("unanswered"))
    assert "check(double)" in told and "not answered yet" in told and "Success" not in told
