"""Outputs of cells, rebuilt field by field from untrusted data."""

from __future__ import annotations

import re
from typing import Any

from nbformat import NotebookNode, from_dict

MAX_ITEMS, MAX_TEXT = 1_000, 2_000_000
SHOWN = ("text/plain", "text/latex", "image/png", "image/jpeg")
BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def printed(text: str) -> NotebookNode:
    """Return text as an output of a cell; made without nbformat's check of each output, which takes milliseconds."""
    return from_dict({"output_type": "stream", "name": "stdout", "text": text})


def last_value(text: str, count: int) -> NotebookNode:
    """Return text as the value of a cell's last expression."""
    body = {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": count}
    return from_dict(body)


def stopped(name: str, value: str, lines: list[str]) -> NotebookNode:
    """Return an exception as an output of a cell."""
    return from_dict({"output_type": "error", "ename": name, "evalue": value, "traceback": lines})


def as_items(value: Any) -> list[Any]:
    """Return a list of bounded length; an empty one for what is no list."""
    return value[:MAX_ITEMS] if isinstance(value, list) else []


def as_output(item: Any) -> NotebookNode | None:
    """Rebuild an output from untrusted data, field by field; None if it is none."""
    kind = item.get("output_type") if isinstance(item, dict) else None
    if kind == "stream":
        name = "stderr" if item.get("name") == "stderr" else "stdout"
        return from_dict({"output_type": "stream", "name": name, "text": as_text(item.get("text"))})
    if kind == "error":
        traceback = [as_text(line) for line in as_items(item.get("traceback"))]
        name, value = as_text(item.get("ename")), as_text(item.get("evalue"))
        return stopped(name, value, traceback)
    if kind in ("display_data", "execute_result") and isinstance(item.get("data"), dict):
        shown = {mime: _content(mime, item["data"][mime]) for mime in SHOWN if mime in item["data"]}
        data = {mime: content for mime, content in shown.items() if content or mime == "text/plain"}
        body = {"output_type": kind, "data": data, "metadata": {}}
        count = item.get("execution_count")
        return from_dict(
            {**body, "execution_count": count if type(count) is int else None} if kind == "execute_result" else body
        )
    return None


def _content(mime: str, value: Any) -> str:
    """Return text, or a picture in base64 without line breaks; an empty one for a picture that is none."""
    text = as_text(value)
    if not mime.startswith("image/"):
        return text
    picture = "".join(text.split())
    return picture if BASE64.fullmatch(picture) else ""


def as_text(value: Any) -> str:
    """Return text of bounded length that UTF-8 can hold; an empty one for what is no text."""
    return value[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""
