"""Columns and read-only fields that a function computes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

F = TypeVar("F", bound=Callable[..., Any])

NOTHING = "-"


def column(description: str, *, ordering: str | None = None) -> Callable[[F], F]:
    """Names a column, and the field that it is sorted by."""

    def named(function: F) -> F:
        found: F = display(description=description, ordering=ordering)(function)
        return found

    return named


def moment(field: str, description: str | None = None) -> Callable[[Any], SafeString | str]:
    """A column for a time, to the second; the whole of it shows up under the pointer."""

    @column(description or field.removesuffix("_at").replace("_", " "), ordering=field)
    def shown(obj: Any) -> SafeString | str:
        return time_html(getattr(obj, field))

    shown.__name__ = f"{field}_moment"
    return shown


def time_html(value: datetime | None) -> SafeString | str:
    """A time that does not break into two lines."""
    if value is None:
        return NOTHING
    precise, shown = f"{value:%Y-%m-%d %H:%M:%S.%f %Z}", f"{value:%Y-%m-%d %H:%M:%S}"
    return format_html('<time class="whitespace-nowrap" title="{}">{}</time>', precise, shown)


def badge(word: str, colour: str) -> SafeString:
    """A coloured word. Colours: success, danger, warning, info, default."""
    return render_to_string("unfold/helpers/label.html", {"type": colour, "text": word})


def standing(current: bool) -> SafeString:
    """Whether a revision counts."""
    return badge("current", "success") if current else badge("not current", "warning")


def unbroken(text: object) -> SafeString:
    """A short text that stays in one line."""
    return format_html('<span class="whitespace-nowrap">{}</span>', text)


def shortened(text: str | None, most: int = 60) -> SafeString | str:
    """A text for a list: its beginning, and the rest of it under the pointer."""
    if not text:
        return NOTHING
    return text if len(text) <= most else format_html('<span title="{}">{}…</span>', text[:1000], text[:most])


def is_list(request: HttpRequest) -> bool:
    """Whether a list is asked for, and not the page of one row."""
    match = request.resolver_match
    return match is not None and (match.url_name or "").endswith("_changelist")
