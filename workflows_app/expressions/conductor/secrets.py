"""Secrets in expressions.

``${workflow.secrets.NAME}`` stays as it is when a template is evaluated, so that no secret is ever stored with a task.
It is replaced at the last moment, when a task is handed to whoever runs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.conductor.named_values import named_value
from workflows_app.expressions.conductor.rendering import to_text

PREFIX = "workflow.secrets."

_OPEN = "${" + PREFIX
_REFERENCE = re.compile(r"\$\{workflow\.secrets\.([^}]+)\}")


def resolve_secrets(value: Any, lookup: Callable[[str], str | None]) -> Any:
    """A JSON value with the secrets put in. What holds none is shared with ``value``, which is not changed.

    ``lookup`` gives the text of a secret, None if there is none. ``${workflow.secrets.NAME.path}`` reads a part of
    a secret that is JSON. A string that is one reference becomes the secret's value, null if there is none; in a
    longer text a missing secret is the empty text. Raises ExpressionError if ``value`` is nested too deeply.
    """
    try:
        return _resolved(value, lookup)
    except RecursionError as error:
        raise ExpressionError("the value is nested too deeply") from error


def _resolved(value: Any, lookup: Callable[[str], str | None]) -> Any:
    if isinstance(value, str):
        return _resolved_text(value, lookup) if _OPEN in value else value
    if isinstance(value, dict):
        changed = {k: new for k, old in value.items() if (new := _resolved(old, lookup)) is not old}
        return {**value, **changed} if changed else value
    if isinstance(value, list):
        elements = [_resolved(element, lookup) for element in value]
        return elements if any(new is not old for new, old in zip(elements, value, strict=True)) else value
    return value


def _resolved_text(text: str, lookup: Callable[[str], str | None]) -> Any:
    if (whole := _REFERENCE.fullmatch(text)) is not None:
        return named_value(whole[1], lookup)

    def text_of(found: re.Match[str]) -> str:
        secret = named_value(found[1], lookup)
        return "" if secret is None else to_text(secret)

    return _REFERENCE.sub(text_of, text)
