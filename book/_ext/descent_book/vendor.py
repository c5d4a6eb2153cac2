"""Copy the front-end packages that ``npm ci`` installed to ``_static/vendor``, so that pages ask no other host."""

import shutil
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

# target under _static/vendor -> source under node_modules (a file or a folder)
PACKAGES = {
    "mathjax/startup.js": "mathjax/es5/startup.js",
    "mathjax/core.js": "mathjax/es5/core.js",
    "mathjax/input": "mathjax/es5/input",
    "mathjax/output/svg.js": "mathjax/es5/output/svg.js",
    "mathjax/output/svg": "mathjax/es5/output/svg",
    "mathjax/a11y/assistive-mml.js": "mathjax/es5/a11y/assistive-mml.js",
    "widgets/require.js": "requirejs/require.js",
    "widgets/embed-amd.js": "@jupyter-widgets/html-manager/dist/embed-amd.js",
    "widgets/anywidget.js": "anywidget/dist/index.js",
}


def copy_packages(app: Sphinx) -> None:
    """Copy what is missing or older than its source."""
    modules = Path(app.srcdir).parent / "node_modules"
    for target, source in PACKAGES.items():
        origin = modules / source
        if not origin.exists():
            raise ExtensionError(f"{origin} is missing: run 'npm ci' in the project folder, then build again")
        files = [path for path in origin.rglob("*") if path.is_file()] if origin.is_dir() else [origin]
        for path in files:
            copy_if_newer(path, Path(app.outdir) / "_static" / "vendor" / target / path.relative_to(origin))


def copy_if_newer(source: Path, target: Path) -> None:
    """Copy ``source`` unless ``target`` has its size and is at least as new."""
    if target.exists():
        old, new = target.stat(), source.stat()
        if old.st_size == new.st_size and old.st_mtime >= new.st_mtime:
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def drop_unused_mathjax(
    app: Sphinx, pagename: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Sphinx sends MathJax to a page when any page below it has formulas: keep it where there are some."""
    if doctree is None or not any(doctree.findall(lambda node: isinstance(node, nodes.math | nodes.math_block))):
        scripts = context["script_files"]
        scripts[:] = [script for script in scripts if "mathjax" not in str(getattr(script, "filename", ""))]


def setup(app: Sphinx) -> None:
    """Copy at the start of every build that makes HTML; decide page by page who gets MathJax."""
    app.connect("html-page-context", drop_unused_mathjax, priority=900)
    app.connect("builder-inited", lambda app: copy_packages(app) if app.builder.format == "html" else None)
