"""JSON documents kept as text.

The engine never looks into a document with SQL, so documents are text columns: the order of keys and every
number stay as they came, nothing is parsed unless it is read, and a NUL character, which PostgreSQL's jsonb
refuses, is stored in its escaped form.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.expressions import BaseExpression


def dumps(value: Any) -> str:
    """Compact JSON. Raises ValueError for NaN and infinities, which no other JSON parser would read."""
    return _dumps(value, separators=(",", ":"))


def dumps_for_people(value: Any) -> str:
    """JSON for a text file: indented, and with an end of line after the last one."""
    return _dumps(value, indent=2) + "\n"


def _dumps(value: Any, **layout: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, **layout)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, legal in JSON only in its escaped form
        return json.dumps(value, allow_nan=False, **layout)
    return text


def size_of(value: Any) -> int:
    """Bytes of the value as JSON."""
    return len(dumps(value).encode("utf-8", "surrogatepass"))


def loads(text: str | bytes) -> Any:
    """The value of a JSON text; of a key that is there twice, the last one counts.

    Raises ValueError, also for NaN, Infinity, numbers too large for a double, and a depth beyond the stack.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("too deeply nested") from error


def deeper_than(levels: int, value: Any) -> bool:
    """Whether objects and lists are nested in more levels than that; looks without recursion."""
    level = [value]
    for _ in range(levels):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(inner, (dict, list)) for inner in level)


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Whether a text column takes it: neither NUL characters nor lone surrogates are in it."""
    return (text.isascii() and "\0" not in text) or _UNSTORABLE.search(text) is None


def storable(text: str) -> str:
    """The text without what a database refuses: NUL characters and lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"the number {digits[:40]} is too large")
    return number


if TYPE_CHECKING:
    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField


class JsonTextField(_TextField):
    """A text column that holds a JSON document and reads as its value. None is NULL, not the document ``null``."""

    description = "JSON document"
    if TYPE_CHECKING:  # what the type checker takes for the field's values
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any
        _pyi_lookup_exact_type: Any

    def from_db_value(self, value: str | None, _expression: BaseExpression, _connection: Any) -> Any:
        return None if value is None else loads(value)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            try:
                return loads(value)
            except ValueError as error:
                raise ValidationError(f"Not JSON: {error}") from error
        return value

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, BaseExpression):
            return value
        return dumps(value)

    def value_to_string(self, obj: models.Model) -> str:
        return dumps(self.value_from_object(obj))

    def formfield(self, **kwargs: Any) -> Any:
        from django import forms

        return super().formfield(**{"form_class": forms.JSONField, **kwargs})
