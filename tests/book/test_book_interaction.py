"""What a reader does with a page: answer, move, search, switch colours, print, and open it from disk."""

from pathlib import Path
from typing import Any

import pytest
from book_site import documents, is_notebook
from book_visit import WAIT_FOR_MATH, WIDGETS_DRAWN, Visit, listen

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
def tab(browser: Any) -> Any:
    """A fresh tab of a desktop reader."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    yield context.new_page()
    context.close()


def answer(tab: Any, number: int) -> Any:
    """Choose an answer of the first self-check by keyboard and return its result."""
    form = tab.locator("form.self-check").first
    form.locator("input").nth(number).focus()
    tab.keyboard.press("Space")
    tab.keyboard.press("Enter")
    return form.get_by_role("status")


@pytest.mark.parametrize(("number", "verdict"), [(0, "Not this one."), (1, "Right.")])
def test_self_check_answers_the_keyboard_and_announces_why(tab: Any, server: str, number: int, verdict: str) -> None:
    tab.goto(f"{server}guides/authoring.html")
    result = answer(tab, number)
    assert result.inner_text().startswith(verdict)
    assert result.locator("p").count() == 2


def test_self_check_asks_for_a_choice_first(tab: Any, server: str) -> None:
    tab.goto(f"{server}guides/authoring.html")
    form = tab.locator("form.self-check").first
    form.get_by_role("button").click()
    assert form.get_by_role("status").inner_text() == "Choose an answer first."


def test_self_check_works_without_scripts(browser: Any, server: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{server}guides/authoring.html")
    reasons = tab.locator("form.self-check details").first
    assert not tab.locator(".self-check-button").first.is_visible()
    reasons.locator("summary").click()
    assert "Right." in reasons.inner_text()
    context.close()


def test_widget_moves_without_a_kernel(tab: Any, server: str) -> None:
    tab.goto(f"{server}guides/authoring.html")
    tab.evaluate("document.querySelector('#widgets').scrollIntoView()")
    tab.get_by_label("x", exact=True).focus()
    tab.keyboard.press("ArrowRight")
    assert tab.locator(".widget-subarea output").inner_text() == "2x = 8"


def test_search_finds_a_chapter(tab: Any, server: str) -> None:
    tab.goto(f"{server}search.html?q=derivative")
    link = tab.locator("#search-results a[href^='01_derivatives.html']").first
    link.wait_for(timeout=20_000)  # results are added one by one
    assert link.inner_text()


def test_colour_scheme_can_be_switched_and_is_remembered(tab: Any, server: str) -> None:
    tab.goto(f"{server}index.html")
    seen = set()
    for _ in range(3):
        tab.locator(".theme-switch-button").first.click()
        seen.add(tab.evaluate("document.documentElement.dataset.theme"))
    chosen = tab.evaluate("document.documentElement.dataset.theme")
    tab.reload()
    assert seen == {"light", "dark"}
    assert tab.evaluate("document.documentElement.dataset.theme") == chosen


def test_code_can_be_copied(tab: Any, server: str) -> None:
    tab.goto(f"{server}index.html")
    assert tab.locator(".copybtn").count() == tab.locator("div.highlight pre").count()


def test_paper_shows_the_text_alone(tab: Any, server: str) -> None:
    tab.goto(f"{server}guides/authoring.html")
    tab.emulate_media(media="print")
    for part in (".bd-sidebar-primary", ".bd-sidebar-secondary", ".prev-next-footer", ".self-check-button"):
        assert not tab.locator(part).first.is_visible(), part
    assert tab.locator("article h1").is_visible()


def test_missing_page_leads_to_the_start(tab: Any, server: str) -> None:
    tab.goto(f"{server}404.html")
    tab.wait_for_function("document.getElementById('start').href.endsWith('/index.html')")
    tab.get_by_role("link").click()
    assert tab.title().startswith("Descent")


@pytest.mark.parametrize("document", ["index", *(name for name in documents() if is_notebook(name))])
def test_page_opens_from_disk(tab: Any, site: Path, document: str) -> None:
    seen = Visit((site / f"{document}.html").as_uri())
    listen(tab, seen)
    tab.goto(seen.url, wait_until="load")
    tab.evaluate(WAIT_FOR_MATH)
    for widget in tab.locator(".cell_output:has(> script[type='application/vnd.jupyter.widget-view+json'])").all():
        widget.scroll_into_view_if_needed()
    tab.wait_for_function(WIDGETS_DRAWN, timeout=20_000)
    assert (seen.external, seen.failed, seen.errors) == ([], [], [])
