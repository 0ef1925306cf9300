"""Secrets in expressions.

``${workflow.secrets.NAME}`` stays as it is when a template is evaluated, so that no secret is ever stored with a task.
It is replaced at the last moment, when a task is handed to whoever runs it.

By then the text of a definition and the data of a workflow stand side by side, and data may come from anybody: an
input or the body of a webhook that says ``${workflow.secrets.PAYMENTS}`` must not get it. ``resolve_written`` therefore
replaces a reference only where the template that the value was made from has it in the same place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.conductor.named_values import named_value
from workflows_app.expressions.conductor.rendering import to_text

PREFIX = "workflow.secrets."

OPEN = "${" + PREFIX
_REFERENCE = re.compile(r"\$\{workflow\.secrets\.([^}]+)\}")
# as a template writes it: not escaped; the name may be computed by an expression of its own
_WRITTEN = re.compile(r"(?<!\$)\$\{workflow\.secrets\.(?:(\$\{)|([^}]+)\})")

Allowed = Callable[[str], bool]


def resolve_secrets(value: Any, lookup: Callable[[str], str | None], allowed: Allowed | None = None) -> Any:
    """A JSON value with the secrets put in. What holds none is shared with ``value``, which is not changed.

    ``lookup`` gives the text of a secret, None if there is none. ``${workflow.secrets.NAME.path}`` reads a part of
    a secret that is JSON. A string that is one reference becomes the secret's value, null if there is none; in a
    longer text a missing secret is the empty text. ``allowed`` says of a name whether it may be looked up: what may
    not stays as it is. Raises ExpressionError if ``value`` is nested too deeply.
    """
    try:
        return _resolved(value, lookup, allowed)
    except RecursionError as error:
        raise ExpressionError("the value is nested too deeply") from error


def resolve_written(value: Any, templates: Sequence[Any], lookup: Callable[[str], str | None]) -> Any:
    """The same for a value that one or several templates have given: a reference is replaced where, in the same place,
    a template writes it itself (or computes its name). ``templates`` are JSON values with expressions in them.
    """
    try:
        return _resolved_beside(value, templates, lookup)
    except RecursionError as error:
        raise ExpressionError("the value is nested too deeply") from error


def secret_names(value: Any) -> frozenset[str]:
    """The names of all secrets that the strings of a JSON value refer to, without the paths behind them."""
    return frozenset(name for text in _texts(value) for name in _written_names(text) if name)


def _resolved(value: Any, lookup: Callable[[str], str | None], allowed: Allowed | None) -> Any:
    if isinstance(value, str):
        return _resolved_text(value, lookup, allowed) if OPEN in value else value
    if isinstance(value, dict):
        changed = {k: new for k, old in value.items() if (new := _resolved(old, lookup, allowed)) is not old}
        return {**value, **changed} if changed else value
    if isinstance(value, list):
        elements = [_resolved(element, lookup, allowed) for element in value]
        return elements if any(new is not old for new, old in zip(elements, value, strict=True)) else value
    return value


def _resolved_beside(value: Any, templates: Sequence[Any], lookup: Callable[[str], str | None]) -> Any:
    if not templates:
        return value
    if isinstance(value, str):
        if OPEN not in value:
            return value
        names = {name for template in templates if isinstance(template, str) for name in _written_names(template)}
        return _resolved_text(value, lookup, lambda name: name in names or None in names) if names else value
    if isinstance(value, dict):
        objects = [template for template in templates if isinstance(template, dict)]
        changed = {
            k: new
            for k, old in value.items()
            if (new := _resolved_beside(old, [t[k] for t in objects if k in t], lookup)) is not old
        }
        return {**value, **changed} if changed else value
    if isinstance(value, list):
        lists = [template for template in templates if isinstance(template, list) and len(template) == len(value)]
        elements = [_resolved_beside(old, [t[i] for t in lists], lookup) for i, old in enumerate(value)]
        return elements if any(new is not old for new, old in zip(elements, value, strict=True)) else value
    return value


def _resolved_text(text: str, lookup: Callable[[str], str | None], allowed: Allowed | None) -> Any:
    if (whole := _REFERENCE.fullmatch(text)) is not None:
        return named_value(whole[1], lookup) if _may(whole[1], allowed) else text

    def text_of(found: re.Match[str]) -> str:
        if not _may(found[1], allowed):
            return found[0]
        secret = named_value(found[1], lookup)
        return "" if secret is None else to_text(secret)

    replaced = _REFERENCE.sub(text_of, text)
    return text if replaced == text else replaced


def _may(reference: str, allowed: Allowed | None) -> bool:
    return allowed is None or allowed(reference.partition(".")[0])


def _written_names(text: str) -> Iterator[str | None]:
    """The names that a template refers to; None for one that is computed."""
    for computed, reference in _WRITTEN.findall(text):
        yield None if computed or "${" in reference else reference.partition(".")[0]


def _texts(value: Any) -> Iterator[str]:
    ahead = [value]
    while ahead:
        inner = ahead.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, dict):
            ahead.extend(inner.values())
        elif isinstance(inner, list):
            ahead.extend(inner)
