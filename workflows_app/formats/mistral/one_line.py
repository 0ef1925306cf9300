"""The one-line form of actions, workflows, commands and retries: ``std.echo output="hi" delay=2``.

Values are texts in quotes, expressions, JSON lists, numbers, true, false and null (contracts/mistral.md, section 7.4).
Beyond that a run of characters without blanks is a text, as in Mistral's own documentation: ``url=http://example.org``.
"""

from __future__ import annotations

import json
import re
from typing import Any

_NAME = re.compile(r"\s*(<%.*?%>|{{.*?}}|[^\s=(\"']+)")
_KEY = re.compile(r"\s*([-\w]+)=")
_EXPRESSION = re.compile(r"<%.*?%>|{{.*?}}")
_CALL = re.compile(r"(\w+)\s*\((.*)\)\s*\Z", re.DOTALL)


class Unclear(ValueError):
    """A line that cannot be read; the text says what is wrong."""


def command(text: str) -> tuple[str, dict[str, Any]]:
    """The name and the values behind it. Raises Unclear."""
    if not re.search(r"\s", text.strip()):
        return text.strip(), {}
    found = _NAME.match(text)
    if found is None:
        raise Unclear(f"no name begins {text!r}")
    return found[1], values(text, found.end())


def call(text: str) -> tuple[str, dict[str, Any]]:
    """The same, also in the form of a call: ``fail(msg="no")``. Raises Unclear."""
    found = _CALL.match(text.strip())
    return (found[1], values(found[2])) if found else command(text)


def values(text: str, start: int = 0) -> dict[str, Any]:
    """``{"count": 3, "delay": 1}`` for ``count=3 delay=1``. Raises Unclear."""
    found: dict[str, Any] = {}
    position = start
    while text[position:].strip(" \t\r\n,"):
        rest = re.compile(r"[\s,]*").match(text, position)
        position = rest.end() if rest else position
        key = _KEY.match(text, position)
        if key is None:
            raise Unclear(f"{text[position:].strip()!r} should be name=value")
        found[key[1]], position = _value(text, key.end())
    return found


def _value(text: str, start: int) -> tuple[Any, int]:
    """The value that begins there, and where it ends."""
    first = text[start : start + 1]
    if first in ("'", '"') and first:
        end = _closing(text, start + 1, first)
        return text[start + 1 : end], end + 1
    if first == "[" and (found := _list(text, start)) is not None:
        return found
    end = start
    while end < len(text) and not text[end].isspace():
        expression = _EXPRESSION.match(text, end)
        end = expression.end() if expression else end + 1
    if end == start:
        raise Unclear(f"a value is missing behind {text[:start].split()[-1]!r}")
    word = text[start:end]
    try:
        return _finite(json.loads(word)), end
    except ValueError:
        return word, end


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: such words are texts. Raises ValueError."""
    if (isinstance(value, float) and value != value) or value in (float("inf"), float("-inf")):
        raise ValueError
    return value


def _closing(text: str, start: int, quote: str) -> int:
    """Where the quote closes; quotes inside of expressions do not count."""
    position = start
    while position < len(text):
        if text[position] == quote:
            return position
        expression = _EXPRESSION.match(text, position)
        position = expression.end() if expression else position + 1
    plain = text.find(quote, start)
    if plain < 0:
        raise Unclear(f"the quote before {text[start:]!r} is not closed")
    return plain


def _list(text: str, start: int) -> tuple[Any, int] | None:
    try:
        value, end = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        return None
    return value, end
