"""Adjust the theme: our templates first, and HTML that a screen reader can make sense of.

The theme's templates that are replaced stand in ``templates/``, each with its reason; what the extensions write into
the body of a page is mended here.
"""

from copy import deepcopy
from pathlib import Path

from docutils import nodes
from myst_nb.core import render
from myst_nb.core.utils import coalesce_streams
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

FOLDER = Path(__file__).parent
WRAPPERS = ("proof-content", "exercise-content", "solution-content")


def add_folders(app: Sphinx, config: Config) -> None:
    """Put our templates before the theme's, and our scripts beside the book's assets."""
    config.templates_path.insert(0, str(FOLDER / "templates"))
    config.html_static_path.append(str(FOLDER / "static"))
    config.ogp_site_url = config.html_baseurl  # one setting for the address of the site


class UnwrapContents(SphinxPostTransform):
    """Theorems, exercises and solutions wrap their text in sections that share one id: take the wrappers away."""

    default_priority = 900

    def run(self, **kwargs: object) -> None:
        """Replace each wrapper by what it holds."""
        for section in list(self.document.findall(nodes.section)):
            if any(name in WRAPPERS for name in section["ids"]):
                section["ids"] = []  # else they pass to its first child
                section.replace_self(section.children)


def merge_streams_in_a_copy(outputs: list) -> list:
    """Merge printed pieces for the page alone; myst-nb 1.4 would change the notebook it leaves behind too."""
    return coalesce_streams(deepcopy(outputs))


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
        f'<details class="admonition hide {classes}">\n<summary class="code-toggle">'
        f'<span class="collapsed admonition-title">{node["prompt_show"]}</span>'
        f'<span class="expanded admonition-title">{node["prompt_hide"]}</span></summary>\n'
    )


def depart_hidden_code(self: HTML5Translator, node: HideCodeCellNode) -> None:
    """Close the cell."""
    self.body.append("</details>\n")


def setup(app: Sphinx) -> None:
    """Replace what the extensions before us have registered."""
    app.connect("config-inited", add_folders)
    app.add_post_transform(UnwrapContents)
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
    render.coalesce_streams = merge_streams_in_a_copy
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_code, depart_hidden_code))
