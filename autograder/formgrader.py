"""What formgrader shows of students, made harmless: it is shown in the page in which grades are given.

nbgrader's template passes HTML in Markdown on as it is, and names too. ``nbgrader_config.py`` names both functions of
this module as a filter and a preprocessor of the exporter that formgrader uses.
"""

from __future__ import annotations

import html
import re
from typing import Any

from nbformat import NotebookNode

TAGS = {
    "a", "b", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol",
    "p", "pre", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
NAMES = ("first_name", "last_name", "student")


def safe_markdown(text: str) -> str:
    """Turn Markdown into HTML without scripts, pictures, forms, ids and links that can be followed.

    Not even links: one that leads into formgrader itself could act there.

    Examples
    --------
    >>> safe_markdown("**so**, <b onclick='grade()'>then</b> <script>grade()</script>")
    '<p><strong>so</strong>, <b>then</b> &lt;script&gt;grade()&lt;/script&gt;</p>'
    >>> safe_markdown("![what I drew](attach&#109;ent:drawing.png)")
    '<pre>![what I drew](attach&amp;#109;ent:drawing.png)</pre>'
    """
    import bleach  # type: ignore[import-untyped]
    from nbconvert.filters import markdown2html
    from nbconvert.filters.markdown_mistune import InvalidNotebook

    without_links = re.sub(r"\\(href|url)\b", r"\1", text)  # of TeX, which MathJax would follow
    try:
        page = markdown2html(without_links)
    except InvalidNotebook:  # names a picture that the notebook does not hold
        page = f"<pre>{html.escape(text)}</pre>"
    return bleach.clean(page, tags=TAGS, attributes={}).strip()


def escape_names(notebook: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
    """Escape the names that come from a roster, where a student may have chosen them, in what the template gets.

    Examples
    --------
    >>> escape_names(NotebookNode(), {"first_name": "<b>Ada</b>", "last_name": None})[1]
    {'first_name': '&lt;b&gt;Ada&lt;/b&gt;', 'last_name': None}
    """
    resources.update({name: html.escape(resources[name]) for name in NAMES if isinstance(resources.get(name), str)})
    return notebook, resources
