"""Values as Go's ``encoding/json`` writes them: every number is a double, keys are sorted, ``<>&`` are escaped."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any

_SURROGATES = re.compile("[\ud800-\udfff]")
_HTML = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_ESCAPED = re.compile("[<>&\u2028\u2029]")
# Numbers between these are written without an exponent.
_SMALLEST_PLAIN, _SMALLEST_WITH_EXPONENT = 1e-6, 1e21


def text_of(value: Any) -> str:
    """The text that a parameter stands for: a text itself, the elements of a list joined by commas, else JSON."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list):
        return ",".join(whole(element) if isinstance(element, str) else marshal(element) for element in value)
    return marshal(value)


def marshal(value: Any) -> str:
    """Compact JSON. Raises RecursionError for what is nested deeper than the stack is high."""
    if isinstance(value, str):
        return _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, dict):
        members = sorted(((str(key), inner) for key, inner in value.items()), key=_first)
        return "{" + ",".join(f"{_quoted(str(key))}:{marshal(inner)}" for key, inner in members) + "}"
    return "[" + ",".join(marshal(element) for element in value) + "]"


def escape(text: str) -> str:
    """JSON with the characters escaped that mean something in HTML."""
    return _ESCAPED.sub(lambda found: _HTML[found[0]], text)


def number(value: float) -> str:
    """``4.0`` is ``4``, ``1e-7`` is ``1e-7``, ``12345678901234567890`` is ``12345678901234567000``."""
    try:
        double = float(value)
    except OverflowError:  # no request brings it in: another door did
        return str(value)
    if double == 0:
        return "-0" if math.copysign(1, double) < 0 else "0"
    digits = repr(double)
    if _SMALLEST_PLAIN <= abs(double) < _SMALLEST_WITH_EXPONENT:
        return format(Decimal(digits), "f").removesuffix(".0") if "e" in digits else digits.removesuffix(".0")
    return digits.replace("e-0", "e-")


def whole(text: str) -> str:
    """The text with a replacement character for every lone surrogate."""
    if text.isascii() or not _SURROGATES.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _quoted(text: str) -> str:
    return escape(json.dumps(whole(text), ensure_ascii=False))


def _first(member: tuple[str, Any]) -> str:
    return member[0]
