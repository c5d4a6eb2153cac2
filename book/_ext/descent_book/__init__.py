"""What the book adds to Jupyter Book: a site that asks no other host for anything, self-checks, cards, accessibility."""

from pathlib import Path

from sphinx.application import Sphinx

from . import offline, self_check, vendor, widgets


def setup(app: Sphinx) -> dict[str, object]:
    """Connect every part; each lives in its own module."""
    app.connect("config-inited", lambda app, config: config.html_static_path.append(str(Path(__file__).parent / "static")))
    for part in (vendor, offline, widgets, self_check):
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
