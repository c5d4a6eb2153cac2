"""Every page of the book in a real browser; the claims about a page share one visit to it."""

import pytest
from book_visit import Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

BUDGET = 3_000_000  # bytes before any interaction: the page, its pictures, the scripts it needs

# What axe finds in the theme and stays: {(page or "*", rule): reason}. Empty: everything found was mended.
ALLOWED: dict[tuple[str, str], str] = {}


def test_page_asks_no_other_host(page: Visit) -> None:
    assert page.external == []


def test_every_request_is_answered(page: Visit) -> None:
    assert page.failed == []


def test_console_has_no_error(page: Visit) -> None:
    assert page.errors == []


def test_page_is_light_enough(page: Visit) -> None:
    assert page.bytes_at_start < BUDGET, f"{page.bytes_at_start / 1e6:.2f} MB before any interaction"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Visit, scheme: str) -> None:
    name = page.url.rpartition("/")[2]
    found = [v for v in page.violations[scheme] if not {(name, v["rule"]), ("*", v["rule"])} & ALLOWED.keys()]
    assert found == []


def test_mathematics_is_rendered(page: Visit) -> None:
    assert page.raw_math == []
    assert page.math_errors == []


def test_every_picture_says_what_it_shows(page: Visit) -> None:
    assert page.pictures_without_words == []


def test_phone_needs_no_sideways_scrolling(page: Visit) -> None:
    assert page.overflow == []
