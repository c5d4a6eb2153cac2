"""Adjust the theme: our templates first, and HTML that a screen reader can make sense of.

The theme's templates that are replaced stand in ``templates/``, each with its reason; what the extensions write into
the body of a page is mended here.
"""

from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.writers.html5 import HTML5Translator

FOLDER = Path(__file__).parent


def add_folders(app: Sphinx, config: Config) -> None:
    """Put our templates before the theme's, and our scripts beside the book's assets."""
    config.templates_path.insert(0, str(FOLDER / "templates"))
    config.html_static_path.append(str(FOLDER / "static"))


def unwrap_contents(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Theorems, exercises and solutions wrap their text in sections that all have one id: take the wrapper away."""
    for section in list(doctree.findall(nodes.section)):
        if isinstance(section.parent, nodes.Admonition) or "-content" in "".join(section["ids"]):
            section.replace_self(section.children)


def visit_citation(self: HTML5Translator, node: nodes.citation) -> None:
    """Write a plain list of sources: the roles docutils gives them are deprecated and contradict each other."""
    self.body.append(self.starttag(node, "div", CLASS="citation"))


def depart_citation(self: HTML5Translator, node: nodes.citation) -> None:
    """Close the source."""
    self.body.append("</div>\n")


def visit_hidden_code(self: HTML5Translator, node: HideCodeCellNode) -> None:
    """Open a cell that is shown on demand; its name is the text one sees, not a hidden label."""
    classes = " ".join(node["classes"])
    self.body.append(
        f'<details class="admonition hide {classes}">\n<summary>'
        f'<span class="collapsed admonition-title">{node["prompt_show"]}</span>'
        f'<span class="expanded admonition-title">{node["prompt_hide"]}</span></summary>\n'
    )


def depart_hidden_code(self: HTML5Translator, node: HideCodeCellNode) -> None:
    """Close the cell."""
    self.body.append("</details>\n")


def setup(app: Sphinx) -> None:
    """Replace what the extensions before us have registered."""
    app.connect("config-inited", add_folders)
    app.connect("doctree-resolved", unwrap_contents)
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_code, depart_hidden_code))
