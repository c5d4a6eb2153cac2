"""A student's own answers with their outputs, taken from the graded notebook and made safe to show.

What a student's code prints is untrusted: terminal codes, control and direction marks are removed, and length is
limited. Escaping for HTML is the business of the page.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_SOURCE = 20_000
MAX_OUTPUT = 4_000
MAX_IMAGE = 400_000
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_DIRECTION = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKS = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_STACKED = re.compile(f"({_MARKS}{{3}}){_MARKS}+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True)
class Answer:
    """The source of one answer cell, what it printed, and its PNG pictures in base64."""

    source: str
    output: str = ""
    pictures: tuple[str, ...] = ()


def clean(text: Any, limit: int = MAX_OUTPUT) -> str:
    r"""Return text without terminal codes, control characters and direction marks, cut in the middle if it is long.

    Examples
    --------
    >>> clean("\x1b[31mred\x1b[0m\x00")
    'red�'
    >>> clean("abcdefgh", limit=4)
    'ab\n[… 4 characters left out …]\ngh'
    """
    text = str(text)
    if len(text) > 3 * limit:  # bounds the work of the expressions below; the end is where errors stand
        text = text[: limit + limit // 2] + "\n…\n" + text[-limit - limit // 2 :]
    text = _TERMINAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _STACKED.sub(r"\1", _DIRECTION.sub("", _CONTROL.sub("\ufffd", text)))
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half:,} characters left out …]\n{text[-half:]}"


def read_answers(notebook: Path) -> dict[str, Answer]:
    """Read the answer cells of a graded notebook by nbgrader id; empty if there is no such notebook."""
    try:
        body = json.loads(notebook.read_text(encoding="utf-8"))
        cells = [cell for cell in body["cells"] if cell["metadata"].get("nbgrader", {}).get("solution")]
        return {cell["metadata"]["nbgrader"]["grade_id"]: _answer(cell) for cell in cells}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _answer(cell: dict[str, Any]) -> Answer:
    outputs = cell.get("outputs", [])
    text = "\n".join(filter(None, (_text(output) for output in outputs)))
    pictures = ["".join(_joined(output.get("data", {}).get("image/png", "")).split()) for output in outputs]
    shown = [picture for picture in pictures if 0 < len(picture) <= MAX_IMAGE and _BASE64.fullmatch(picture)]
    return Answer(clean(_joined(cell["source"]), MAX_SOURCE), clean(text).strip("\n"), tuple(shown[:3]))


def _text(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return _joined(output.get("text", ""))
    if output["output_type"] == "error":
        return f"{output.get('ename', '')}: {output.get('evalue', '')}".strip(": ")
    data = output.get("data", {})
    return "" if "image/png" in data else _joined(data.get("text/plain", ""))


def _joined(text: Any) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text)
