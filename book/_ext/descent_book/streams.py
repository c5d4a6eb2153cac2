"""Show what a cell printed as it was printed.

A kernel sends printed text in pieces, cut wherever its timer fell. ``myst_nb`` ends each piece with a new line when it
merges them, which now and then breaks a line in two. Here the pieces are joined as they are.
"""

from myst_nb.core import render
from nbformat import NotebookNode
from sphinx.application import Sphinx

merge = render.coalesce_streams


def joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Merge the streams of one name, each piece right behind the one before it."""
    streams: dict[str, NotebookNode] = {}
    kept = []
    for output in outputs:
        if output["output_type"] == "stream" and output["name"] in streams:
            streams[output["name"]]["text"] += output["text"]
            continue
        if output["output_type"] == "stream":
            output = streams[output["name"]] = NotebookNode(output)
        kept.append(output)
    return merge(kept)


def setup(app: Sphinx) -> None:
    """Put ours before the one of ``myst_nb``."""
    render.coalesce_streams = joined
