"""JSON documents for people to read: indented, and no longer than a page can bear. Pure functions.

The text is not escaped: that is for whoever puts it into HTML.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from workflows_app.json_text import dumps

# Characters shown of one document.
MOST = 100_000
_MOST_PREVIEW = 200


@dataclass(frozen=True, slots=True)
class Display:
    """``summary`` says what it is in two words. ``cut``: the text ends early."""

    text: str
    summary: str
    cut: bool

    @property
    def preview(self) -> str:
        """The beginning, in one line."""
        return " ".join(self.text[:_MOST_PREVIEW].split())


def display(value: Any, most: int = MOST) -> Display:
    """A value as indented JSON. Costs what is shown, not what there is."""
    try:
        text, cut = _collected(json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value), most)
    except RecursionError:  # deeper than the indenting encoder goes, though not than the compact one
        text, cut = _collected([dumps(value)], most)
    # (a lone surrogate is legal in JSON, and cannot be sent)
    return Display(text.encode("utf-8", "backslashreplace").decode(), summary(value), cut)


def summary(value: Any) -> str:
    """What a value is: "3 keys", "1 item", "empty", or its type."""
    if isinstance(value, dict):
        return _count(len(value), "key")
    if isinstance(value, list):
        return _count(len(value), "item")
    names = {str: "text", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")


def _collected(chunks: Iterable[str], most: int) -> tuple[str, bool]:
    parts, length = [], 0
    for chunk in chunks:
        parts.append(chunk)
        length += len(chunk)
        if length > most:
            return "".join(parts)[:most], True
    return "".join(parts), False


def _count(number: int, noun: str) -> str:
    if number == 0:
        return "empty"
    return f"{number:,} {noun}" + ("s" if number != 1 else "")
