"""Run the pages again when the code they import has changed.

Jupyter Book caches the outputs of a page by its code cells alone. Here the cache folder carries a fingerprint of all
that cells may read, so a change in ``course_lib`` or in a study's record never leaves an old figure behind.
"""

import hashlib
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

READ_BY_CELLS = ("requirements.lock", "course_lib/**/*.*", "book/studies/**/*.json")


def fingerprint(project: Path) -> str:
    """Hash the names and bytes of the files that the cells of a page may read."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in READ_BY_CELLS for path in project.glob(pattern)):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path.relative_to(project)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def choose_cache(app: Sphinx, config: Config) -> None:
    """Point the cache at the folder of this fingerprint and drop the older ones."""
    caches = Path(app.outdir).parent / ".jupyter_cache"
    current = caches / fingerprint(Path(app.srcdir).parent)
    for old in caches.glob("*"):
        if old != current:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    config.nb_execution_cache_path = str(current)


def setup(app: Sphinx) -> None:
    """Choose before myst-nb reads its settings."""
    app.connect("config-inited", choose_cache)
