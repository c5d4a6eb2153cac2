"""The ``chapters`` directive: one card a chapter; those that are not in the table of contents yet say so.

The body is YAML, one entry a chapter: its file stem, then ``title`` and ``text``.
"""

from pathlib import Path

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Chapters(SphinxDirective):
    """Write a grid of cards."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the grid; a chapter is a link when the book has its page."""
        self.env.note_dependency(str(Path(self.env.srcdir) / "_toc.yml"))
        entries = yaml.safe_load("\n".join(self.content))
        cards = [line for stem, entry in entries.items() for line in self.card(stem, **entry)]
        text = ["````{grid} 1 2 2 2", ":gutter: 3", ":class-container: chapter-cards", *cards, "````"]
        container = nodes.container()
        self.state.nested_parse(StringList(text, self.env.docname), self.content_offset, container)
        return container.children

    def card(self, stem: str, title: str, text: str) -> list[str]:
        """One card as MyST lines."""
        written = stem in self.env.found_docs
        link = [f":link: {stem}", ":link-type: doc"] if written else [":class-card: in-preparation"]
        number = int(stem[:2])
        note = [] if written else ["", "*In preparation.*"]
        return [f"```{{grid-item-card}} {number} · {title}", ":shadow: none", *link, "", text, *note, "```"]


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("chapters", Chapters)
