"""Take out of Jupyter Book's default extensions whatever would make a page ask another host."""

from sphinx.application import Sphinx
from sphinx.config import Config


def drop_thebe(app: Sphinx, config: Config) -> None:
    """Jupyter Book always loads sphinx-thebe, whose stub points at a CDN; the course has no live kernel."""
    for name, listeners in app.events.listeners.items():
        app.events.listeners[name] = [item for item in listeners if not is_thebe(item.handler)]
    app.registry.css_files = [item for item in app.registry.css_files if "thebe" not in str(item[0])]


def is_thebe(handler: object) -> bool:
    """Tell whether an event handler belongs to sphinx-thebe."""
    return getattr(handler, "__module__", "").startswith("sphinx_thebe")


def setup(app: Sphinx) -> None:
    """Run after every other extension has registered its handlers."""
    app.connect("config-inited", drop_thebe, priority=999)
