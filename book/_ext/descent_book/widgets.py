"""Load the widget runtime from the site itself, and only when a widget comes near the screen.

The runtime (RequireJS and Jupyter's html-manager) weighs more than all else on a page, and most readers meet the first
widget after minutes of reading: ``static/widgets.js`` waits for that moment.
"""

from docutils import nodes
from sphinx.application import Sphinx

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def add_loader(app: Sphinx, pagename: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """Add the loader to pages that show a widget."""
    if doctree is not None and any(WIDGET_VIEW in node.astext() for node in doctree.findall(nodes.raw)):
        app.add_js_file("widgets.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Decide page by page."""
    app.connect("html-page-context", add_loader)
