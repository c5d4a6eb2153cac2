"""Show docstrings as they were written: for a reader in a terminal, with |x|, a*b, w_ and Markdown tables.

reStructuredText gives those characters meanings that no docstring of the course intends. Before it is parsed they
are swapped for private characters of the same width, so that aligned tables stay aligned; afterwards they return.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx

PRIVATE = {"|": "\ue000", "*": "\ue001", "_": "\ue002", ":": "\ue003"}
GIVE_BACK = str.maketrans({private: plain for plain, private in PRIVATE.items()})
BAR = PRIVATE["|"]
TABLE_ROW = re.compile(rf"\s*{BAR}.*{BAR}\s*$")


def make_plain(app: Sphinx, what: str, name: str, obj: object, options: dict, lines: list[str]) -> None:
    """Take the special meaning from characters, after turning Markdown tables into list tables."""
    lines[:] = convert_tables([protect(line) for line in lines])
    if what in ("attribute", "property", "data") and lines:  # napoleon would take all before a colon for a type
        lines[0] = lines[0].replace(":", PRIVATE[":"])


def protect(line: str) -> str:
    """Hide ``|`` and ``*``, and ``_`` where it ends a word."""
    line = line.replace("|", PRIVATE["|"]).replace("*", PRIVATE["*"])
    return re.sub(r"(?<=\w)_(?!\w)", PRIVATE["_"], line)


def convert_tables(lines: list[str]) -> list[str]:
    """Replace runs of Markdown table rows; their second row only separates."""
    result: list[str] = []
    rows: list[list[str]] = []
    for line in [*lines, ""]:
        if TABLE_ROW.match(line):
            rows.append([cell.strip() for cell in line.strip().strip(BAR).split(f" {BAR} ")])
            continue
        if rows:
            result += list_table(rows)
            rows = []
        result.append(line)
    return result[:-1]


def list_table(rows: list[list[str]]) -> list[str]:
    """Write rows as a list table with one header row."""
    header, _, *body = rows
    header = [cell or "remark" for cell in header]  # a column without a name cannot be announced
    width = len(header)
    text = ["", ".. list-table::", "   :header-rows: 1", ""]
    for row in [header, *body]:
        cells = (row + [""] * width)[:width]
        text += [f"   {'* -' if i == 0 else '  -'} {cell}" for i, cell in enumerate(cells)]
    return [*text, ""]


def give_back(app: Sphinx, doctree: nodes.document) -> None:
    """Put the characters back into every text of the page."""
    for text in list(doctree.findall(nodes.Text)):
        if any(private in text for private in PRIVATE.values()):
            text.parent.replace(text, nodes.Text(text.translate(GIVE_BACK)))


def setup(app: Sphinx) -> None:
    """Run before napoleon, which looks for sections; give back before anything else sees the page."""
    app.connect("autodoc-process-docstring", make_plain, priority=100)
    app.connect("doctree-read", give_back, priority=100)
