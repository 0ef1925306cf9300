"""The operators of filters. A member that is missing is null here, and a number equals the string that spells it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workflows_app.expressions.jsonpath.patterns import Pattern
from workflows_app.expressions.jsonpath.walk import Walk

Operator = Callable[[Any, Any, Walk], bool]


def equal(left: Any, right: Any) -> bool:
    """Equality of JSON values; unlike Python's, ``true`` is not 1, and ``1`` is ``'1'``."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) and _is_number(right):
        return _spells(left, right)
    if _is_number(left) and isinstance(right, str):
        return _spells(right, left)
    return bool(left == right)


def _spells(text: str, number: float) -> bool:
    try:
        return float(text) == number
    except (ValueError, OverflowError):
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(left: Any, right: Any) -> bool:
    return equal(left, right) and isinstance(left, str) == isinstance(right, str)


def _ordered(compare: Callable[[Any, Any], bool]) -> Operator:
    """Numbers are compared with numbers and texts with texts; everything else is in no order."""

    def apply(left: Any, right: Any, walk: Walk) -> bool:
        comparable = (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str))
        return comparable and compare(left, right)

    return apply


def _holds(values: Any, wanted: Any, walk: Walk) -> bool:
    """Whether a list holds a value."""
    if not isinstance(values, list):
        return False
    walk.spend(len(values))
    return any(equal(value, wanted) for value in values)


def _contains(left: Any, right: Any, walk: Walk) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return _holds(left, right, walk)


def _each(left: Any, right: Any, walk: Walk) -> list[bool] | None:
    """For each element of the list ``left`` whether the list ``right`` holds it. None if one of them is no list."""
    if not isinstance(left, list) or not isinstance(right, list):
        return None
    return [_holds(right, value, walk) for value in left]


def _any_of(left: Any, right: Any, walk: Walk) -> bool:
    found = _each(left, right, walk)
    return found is not None and any(found)


def _none_of(left: Any, right: Any, walk: Walk) -> bool:
    found = _each(left, right, walk)
    return found is not None and not any(found)


def _subset_of(left: Any, right: Any, walk: Walk) -> bool:
    found = _each(left, right, walk)
    return found is not None and all(found)


def _size(left: Any, right: Any, walk: Walk) -> bool:
    return isinstance(left, (str, list, dict)) and _is_number(right) and len(left) == right


def _empty(left: Any, right: Any, walk: Walk) -> bool:
    return isinstance(left, (str, list, dict)) and isinstance(right, bool) and (not left) == right


def _matches(left: Any, right: Any, walk: Walk) -> bool:
    """Whether a pattern, on either side, matches the whole of a text, or of one of the texts of a list."""
    pattern, subject = (left, right) if isinstance(left, Pattern) else (right, left)
    if not isinstance(pattern, Pattern):
        return False
    return any(pattern.matches(_text(value), walk) for value in (subject if isinstance(subject, list) else [subject]))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value) if _is_number(value) else ""


OPERATORS: dict[str, Operator] = {
    "==": lambda left, right, walk: equal(left, right),
    "!=": lambda left, right, walk: not equal(left, right),
    "<>": lambda left, right, walk: not equal(left, right),
    "===": lambda left, right, walk: _same(left, right),
    "!==": lambda left, right, walk: not _same(left, right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "=~": _matches,
    "in": lambda left, right, walk: _holds(right, left, walk),
    "nin": lambda left, right, walk: not _holds(right, left, walk),
    "contains": _contains,
    "all": lambda left, right, walk: _subset_of(right, left, walk),
    "anyof": _any_of,
    "noneof": _none_of,
    "subsetof": _subset_of,
    "size": _size,
    "empty": _empty,
}
