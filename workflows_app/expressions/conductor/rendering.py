"""Values as parts of a text."""

from __future__ import annotations

from typing import Any

from workflows_app.expressions.base import ExpressionError
from workflows_app.json_text import dumps


def to_text(value: Any) -> str:
    """A string as it is, everything else as compact JSON. Raises ExpressionError for what JSON cannot say."""
    if isinstance(value, str):
        return value
    try:
        return dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise ExpressionError(f"a value cannot be made part of a text: {error}") from error
