"""``NAME`` or ``NAME.path``: a text that is kept under a name, or a part of it if the text is JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.jsonpath import parse
from workflows_app.json_text import loads


def named_value(reference: str, lookup: Callable[[str], str | None]) -> Any:
    """The text, or what the path leads to in it.

    None if there is no such name, nothing at that path, the text is not JSON, or the path is malformed.
    """
    name, dot, path = reference.partition(".")
    text = lookup(name)
    if text is None or not dot:
        return text
    try:
        return parse(path).of(loads(text))
    except (ValueError, ExpressionError):
        return None
