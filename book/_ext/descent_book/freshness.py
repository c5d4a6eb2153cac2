"""Run the pages again when the code they import has changed, and read them again after a build with warnings.

Jupyter Book caches the outputs of a page by its code cells alone. Here the cache folder carries a fingerprint of all
that cells may read, so a change in ``course_lib`` or in a study's record never leaves an old figure behind.
"""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

READ_BY_CELLS = ("requirements.lock", "course_lib/**/*.*", "book/studies/**/*.json")


def fingerprint(folder: Path, patterns: Sequence[str]) -> str:
    """Hash the names and bytes of the files that match."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in patterns for path in folder.glob(pattern)):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def choose_cache(app: Sphinx, config: Config) -> None:
    """Point the cache at the folder of this fingerprint and drop the older ones."""
    caches = Path(app.outdir).parent / ".jupyter_cache"
    current = caches / fingerprint(Path(app.srcdir).parent, READ_BY_CELLS)
    for old in caches.glob("*"):
        if old != current:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    config.nb_execution_cache_path = str(current)
    config.descent_extension = fingerprint(Path(__file__).parent, ("**/*.py", "**/*.html"))


def forget_warnings(app: Sphinx, exception: Exception | None) -> None:
    """After a build with warnings drop what it remembers: the next build reads every page again and warns again."""
    if app._warncount:
        (Path(app.doctreedir) / "environment.pickle").unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    """Choose the cache before myst-nb reads its settings."""
    app.add_config_value("descent_extension", "", "env")
    app.connect("config-inited", choose_cache)
    app.connect("build-finished", forget_warnings)
