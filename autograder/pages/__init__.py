"""The pages for students and teachers: Jinja2 templates and one style sheet, each page one file that needs no other."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

__all__ = ["points", "write_page"]

FOLDER = Path(__file__).parent


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = points
    environment.filters["percent"] = lambda share: f"{100 * share:.0f} %"
    environment.globals["style"] = (FOLDER / "page.css").read_text(encoding="utf-8")
    return environment


def points(value: float) -> str:
    """Write points with at most two decimals.

    Examples
    --------
    >>> points(2.0), points(1.2345), points(1234.5), points(-0.001)
    ('2', '1.23', '1234.5', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def write_page(file: Path, template: str, **values: Any) -> Path:
    """Render a template with everything escaped, and write it whole or not at all; return the file."""
    html = _environment().get_template(template).render(**values)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(html.encode("utf-8", errors="replace"))
    part.replace(file)
    return file
