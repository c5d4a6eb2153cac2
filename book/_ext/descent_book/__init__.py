"""What the book adds to Jupyter Book, one module an idea.

``vendor`` and ``offline``: a site that asks no other host for anything; ``widgets``: load their runtime late;
``freshness``: run pages again when their code changed; ``theme``: templates and accessible HTML; ``api`` and
``docstrings``: reference pages; ``streams``: printed lines left whole; ``together``: no line broken between a formula
and its full stop; ``self_check`` and ``chapters``: the directives of those names.
"""

from sphinx.application import Sphinx

from . import api, chapters, docstrings, freshness, offline, self_check, streams, theme, together, vendor, widgets


def setup(app: Sphinx) -> dict[str, object]:
    """Connect every part."""
    for part in (vendor, offline, widgets, freshness, theme, api, docstrings, streams, together, self_check, chapters):
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
