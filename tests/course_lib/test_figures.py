"""Every figure of every chapter: the dictionaries `FIGURES` of the modules ``test_figures_<chapter>``."""

import re
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import pytest

from course_lib.figures import show

CHAPTERS = {
    file.stem.removeprefix("test_figures_"): import_module(file.stem).FIGURES
    for file in sorted(Path(__file__).parent.glob("test_figures_*.py"))
    if "FIGURES = " in file.read_text("utf-8") or "FIGURES: " in file.read_text("utf-8")
}
FIGURES = {f"{chapter}-{name}": figures for chapter, part in CHAPTERS.items() for name, figures in part.items()}


def test_figures_are_found() -> None:
    assert {"derivatives", "backprop", "activations", "losses"} <= set(CHAPTERS)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_small_labelled_svg_that_follows_the_page(name: str) -> None:
    for svg in show(*FIGURES[name]).svgs:
        root = ElementTree.fromstring(svg)
        assert root.get("role") == "img"
        assert len(root.get("aria-label", "").split()) >= 8
        assert len(svg) < 60_000
        without_fallbacks = re.sub(r"var\(--descent-\w+, #[0-9a-f]{6}\)", "", svg)
        assert re.findall(r"#[0-9a-f]{6}\b(?!-)", re.sub(r"#f[0-9a-f]{8}-", "", without_fallbacks)) == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_ids_of_a_chapter_are_different_and_every_reference_is_met(chapter: str) -> None:
    page = "".join(svg for figures in CHAPTERS[chapter].values() for svg in show(*figures).svgs)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:xlink:href="#|url\(#)([\w-]+)', page)) == set(ids)
