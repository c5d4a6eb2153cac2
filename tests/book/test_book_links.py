"""Every link of the built site leads somewhere, checked in the files themselves."""

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from book_site import GENERATED, PAGES
from bs4 import BeautifulSoup


@cache
def read(path: Path) -> tuple[frozenset[str], tuple[str, ...]]:
    """Anchors and addresses of one page."""
    soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    anchors = frozenset(tag["id"] for tag in soup.find_all(id=True)) | {""}
    names = ("href", "src")
    return anchors, tuple(tag[name] for name in names for tag in soup.find_all(attrs={name: True}))


def broken(path: Path, address: str, site: Path) -> bool:
    """Tell whether an address of the page at ``path`` leads nowhere."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return False
    base = site if parts.path.startswith("/") else path.parent
    target = (base / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return True
    return target.suffix == ".html" and unquote(parts.fragment) not in read(target)[0]


@pytest.mark.parametrize("name", PAGES)
def test_no_link_or_anchor_is_broken(site: Path, name: str) -> None:
    path = site / f"{name}.html"
    assert [address for address in read(path)[1] if broken(path, address, site)] == []


@pytest.mark.parametrize("name", [name for name in PAGES if name not in GENERATED])
def test_ids_are_unique(site: Path, name: str) -> None:
    soup = BeautifulSoup((site / f"{name}.html").read_text("utf-8"), "html.parser")
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("name", [name for name in PAGES if name not in (*GENERATED, "index")])
def test_page_leads_back_and_says_what_it_is(site: Path, name: str) -> None:
    soup = BeautifulSoup((site / f"{name}.html").read_text("utf-8"), "html.parser")
    assert soup.select_one("a.left-prev")
    assert soup.select_one('meta[property="og:title"]')["content"]
    assert soup.select_one('meta[property="og:description"]')["content"]


def test_all_pages_of_the_site_are_tested(site: Path) -> None:
    found = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    found = {name for name in found if not name.startswith("_static/")}
    assert found == set(PAGES)
