"""Copy the front-end packages that ``npm ci`` installed to ``_static/vendor``, so that pages ask no other host."""

import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

# target under _static/vendor -> source under node_modules (a file or a folder)
PACKAGES = {
    "mathjax/tex-svg.js": "mathjax/es5/tex-svg.js",
    "mathjax/input/tex/extensions": "mathjax/es5/input/tex/extensions",
    "mathjax/a11y": "mathjax/es5/a11y",
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


def setup(app: Sphinx) -> None:
    """Copy at the start of every build that makes HTML."""
    app.connect("builder-inited", lambda app: copy_packages(app) if app.builder.format == "html" else None)
