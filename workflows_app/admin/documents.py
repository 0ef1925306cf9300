"""JSON documents on admin pages: indented, escaped, and folded away when they are long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from workflows_app import json_display
from workflows_app.admin.columns import NOTHING, column

# Up to so many lines a document is shown at once.
_SHORT = 12


def document(field: str, description: str | None = None) -> Callable[[Any], SafeString | str]:
    """A read-only admin field that shows the JSON document in a model's ``field``."""

    @column(description or field.replace("_", " "))
    def shown(obj: Any) -> SafeString | str:
        return json_html(getattr(obj, field))

    shown.__name__ = f"{field}_document"
    return shown


def json_html(value: Any) -> SafeString | str:
    """A document as HTML."""
    if value is None:
        return NOTHING
    found = json_display.display(value)
    if found.summary == "empty":
        return found.summary
    return folded(found.text, found.summary, cut=found.cut)


def folded(text: str, summary: str, *, cut: bool = False) -> SafeString:
    """A text under its summary, folded away if it is long. ``cut``: it goes on."""
    is_open = SafeString(" open") if text.count("\n") < _SHORT else ""
    more = ", of which this is the beginning" if cut else ""
    return format_html(
        '<details class="document"{}><summary>{}{}</summary><pre>{}</pre></details>', is_open, summary, more, text
    )
