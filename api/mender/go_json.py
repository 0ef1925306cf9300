"""JSON as Go's ``encoding/json`` reads it, with its words for what is wrong (contracts/mender.md, section 2.4)."""

from __future__ import annotations

import json
import math
from typing import Any

from api.mender.go_scanner import scan
from workflows_app.json_text import deeper_than

# Bodies nested deeper are refused: nothing sensible is that deep, and everything that reads them may recurse.
MAX_DEPTH = 500
_SPACE = " \t\r\n"
_END = "unexpected end of JSON input"


class Wrong(Exception):
    """The text is not what was wanted. The message is Go's."""


class Literal(float):
    """A number that is no plain integer, with the text it had."""

    literal: str


def first_value(raw: bytes) -> Any:
    """The first value of a text, as a decoder of a stream reads it: what follows is left alone. Raises Wrong."""
    text = _text_of(raw)
    stripped = text.lstrip(_SPACE)
    if not stripped:
        raise Wrong("EOF")
    try:
        value, _ = _DECODER.raw_decode(stripped)
    except (ValueError, RecursionError) as error:
        raise _wrong(raw, error, stream=True) from error
    return _checked(value)


def only_value(raw: bytes) -> Any:
    """The one value that a text is. Raises Wrong."""
    text = _text_of(raw)
    try:
        value, end = _DECODER.raw_decode(text, len(text) - len(text.lstrip(_SPACE)))
    except (ValueError, RecursionError) as error:
        raise _wrong(raw, error, stream=False) from error
    if text[end:].strip(_SPACE):
        raise _wrong(raw, None, stream=False)
    return _checked(value)


def _text_of(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _checked(value: Any) -> Any:
    if deeper_than(MAX_DEPTH, value):
        raise Wrong("exceeded max depth")
    return value


def _wrong(raw: bytes, error: Exception | None, *, stream: bool) -> Wrong:
    """Only what cannot be read is looked at byte by byte."""
    if isinstance(error, RecursionError):
        return Wrong("exceeded max depth")
    found = scan(raw, stream=stream)
    if found == _END and stream:
        return Wrong("unexpected EOF")
    return Wrong(found or (str(error) if error else "invalid JSON"))


def _integer(digits: str) -> float | int:
    if digits == "-0":
        return -0.0
    if len(digits) > 300:
        return _real(digits)
    return int(digits)


def _real(digits: str) -> Literal:
    number = Literal(digits)
    if math.isinf(number):
        raise ValueError(f"json: cannot unmarshal number {digits[:40]} into Go value of type float64")
    number.literal = digits
    return number


def _constant(name: str) -> Any:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_float=_real, parse_int=_integer, parse_constant=_constant)
