"""The notation appendix against the chapters: what they use is explained, what it explains is used."""

import re
from pathlib import Path

import pytest
from book_site import ROOT, documents

CHAPTERS = [name for name in documents() if re.match(r"\d\d_", name)]
GREEK = re.compile(  # not \pi, which is the number, and not \epsilon, which stands only where a deck is quoted
    r"\\(?:alpha|beta|[Gg]amma|[Dd]elta|varepsilon|zeta|eta|[Tt]heta|iota|kappa|[Ll]ambda|mu|nu|[Xx]i|Pi|rho|[Ss]igma|tau"
    r"|(?:var)?phi|Phi|chi|[Pp]si|[Oo]mega|ell)(?![a-z])"
)


def source(document: str) -> str:
    return (ROOT / "book" / f"{document}.md").read_text("utf-8")


def mathematics(text: str) -> str:
    """All formulas of a page, without spaces and braces; a bar cannot stand in a table, so it has its other name."""
    prose = re.sub(r"```\{code-cell\}.*?\n```|`[^`\n]*`", "", text, flags=re.DOTALL)
    formulas = re.findall(r"\$\$(.+?)\$\$|\$([^$]+)\$", prose.replace(r"\|", r"\Vert"), flags=re.DOTALL)
    return " ; ".join(re.sub(r"\\,|[\s{}]", "", displayed or inline) for displayed, inline in formulas)


def marked(formulas: str) -> set[str]:
    """Letters under a hat or a bar."""
    return set(re.findall(r"\\(?:hat|bar)(?:\\[a-z]+|\w)", formulas))


def rows() -> list[list[str]]:
    """Cells of the table, row by row."""
    lines = [line for line in source("appendices/notation").splitlines() if line.startswith("| $")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_greek_letter_of_a_chapter_is_explained(chapter: str) -> None:
    used, explained = (GREEK.findall(mathematics(source(page))) for page in (chapter, "appendices/notation"))
    assert set(used) - set(explained) == set()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_hat_and_bar_of_a_chapter_is_explained(chapter: str) -> None:
    assert marked(mathematics(source(chapter))) - marked(mathematics(source("appendices/notation"))) == set()


@pytest.mark.parametrize("cells", rows(), ids=lambda cells: cells[0])
def test_every_symbol_of_the_table_is_used_in_a_chapter(cells: list[str]) -> None:
    used = " ; ".join(mathematics(source(chapter)) for chapter in CHAPTERS)
    symbols = [symbol for formula in mathematics(cells[0]).split(" ; ") for symbol in re.split(r",(?=\\)", formula)]
    assert [symbol for symbol in symbols if symbol not in used] == []


@pytest.mark.parametrize("cells", rows(), ids=lambda cells: cells[0])
def test_every_name_in_code_is_one_that_the_course_uses(cells: list[str]) -> None:
    code = [path.read_text("utf-8") for path in Path(ROOT / "course_lib").rglob("*.py")]
    cells_of_chapters = [re.findall(r"```\{code-cell\}.*?\n```", source(name), flags=re.DOTALL) for name in CHAPTERS]
    text = "\n".join([*code, *(cell for chapter in cells_of_chapters for cell in chapter)])
    names = re.findall(r"`([^`]+)`", cells[1])
    assert [name for name in names if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)] == []
