"""Keep a formula in a line with what is written right beside it: a full stop, a bracket, "-axis".

MathJax draws a formula as a picture, and a browser may break a line on either side of one.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

BEFORE, AFTER = re.compile(r"\S{1,20}\Z"), re.compile(r"\A\S{1,20}")


def part(neighbour: nodes.Node | None, pattern: re.Pattern[str]) -> str:
    """Return the characters of a text that touch the formula beside it."""
    found = pattern.search(neighbour) if isinstance(neighbour, nodes.Text) else None
    return found.group() if found else ""


class Together(SphinxTransform):
    """Put each formula in a line of text, with the characters that touch it, into a span that does not break."""

    default_priority = 900

    def apply(self, **_: Any) -> None:
        """Change the page."""
        for formula in list(self.document.findall(nodes.math)):
            parent, at = formula.parent, formula.parent.index(formula)
            before = parent[at - 1] if at else None
            after = parent[at + 1] if at + 1 < len(parent) else None
            left, right = part(before, BEFORE), part(after, AFTER)
            if not left and not right:
                continue
            whole = [nodes.Text(left), formula, nodes.Text(right)]
            if right:
                parent[at + 1] = nodes.Text(after[len(right) :])
            parent[at] = nodes.inline("", "", *(node for node in whole if node is formula or node), classes=["kept"])
            if left:
                parent[at - 1] = nodes.Text(before[: -len(left)])


def setup(app: Sphinx) -> None:
    """Have every page changed as it is read."""
    app.add_transform(Together)
