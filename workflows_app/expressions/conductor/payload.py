"""Templates whose root is any JSON value, such as the payload of an event: ``${order.id}`` is its member ``order``."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.conductor.compiler import MAX_DEPTH
from workflows_app.expressions.conductor.reading import shown
from workflows_app.expressions.conductor.rendering import to_text
from workflows_app.expressions.conductor.template import OPEN, Expression, Part, split
from workflows_app.expressions.jsonpath import MAX_LENGTH, Path, parse


def check(value: Any) -> None:
    """Raises ExpressionError if an expression in ``value`` is malformed."""
    _resolved(value, None, 0)


def resolve(value: Any, payload: Any) -> Any:
    """``value`` with every expression replaced by what its path gives in ``payload``; null where that has nothing.

    Raises ExpressionError.
    """
    return _resolved(value, payload, 0)


def _resolved(value: Any, payload: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ExpressionError(f"a value with expressions is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        return _text(value, payload) if OPEN in value else value
    if isinstance(value, dict):
        return {key: _resolved(inner, payload, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, payload, depth + 1) for inner in value]
    return value


def _text(text: str, payload: Any) -> Any:
    match split(text):
        case (Expression() as expression,):
            return _value(expression, payload)
        case parts:
            return _joined(parts, payload)


def _joined(parts: tuple[Part, ...], payload: Any) -> str:
    return "".join(part if isinstance(part, str) else to_text(_value(part, payload)) for part in parts)


def _value(expression: Expression, payload: Any) -> Any:
    text = _joined(expression.parts, payload)
    if not text.strip():
        return ""
    try:
        return _path(text).of(payload)
    except ExpressionError as error:
        raise ExpressionError(f"{shown(text)} is not a valid expression: {error}") from error


@lru_cache(maxsize=1024)
def _path(text: str) -> Path:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"it is longer than {MAX_LENGTH} characters")
    return parse(text)
