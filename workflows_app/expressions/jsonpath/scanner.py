"""A text with a position, for parsers."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from workflows_app.expressions.base import ExpressionError

_BLANKS = re.compile(r"\s*")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a JSON number")
    return number


_JSON = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)


class Scanner:
    """``position`` is the index of the next character to read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    @property
    def ended(self) -> bool:
        return self.position >= len(self.text)

    def peek(self, size: int = 1) -> str:
        """The next characters, fewer at the end."""
        return self.text[self.position : self.position + size]

    def accept(self, wanted: str) -> bool:
        """Goes past ``wanted`` if it comes next."""
        if not self.text.startswith(wanted, self.position):
            return False
        self.position += len(wanted)
        return True

    def expect(self, wanted: str) -> None:
        """Goes past ``wanted``. Raises ExpressionError if it does not come next."""
        if not self.accept(wanted):
            self.fail(f"{wanted!r} is missing")

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Goes past what matches here. None, and no move, if it does not match."""
        found = pattern.match(self.text, self.position)
        if found is not None:
            self.position = found.end()
        return found

    def skip_blanks(self) -> None:
        self.take(_BLANKS)

    def quoted(self) -> str:
        """The string between the quote that comes next and its like. Raises ExpressionError if there is none."""
        quote, start = self.peek(), self.position + 1
        end = start
        while end < len(self.text) and self.text[end] != quote:
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            self.fail(f"no {quote} ends the string")
        self.position = end + 1
        return _ESCAPE.sub(_unescaped, self.text[start:end])

    def json(self) -> Any:
        """The JSON value that comes next. Raises ValueError if there is none."""
        value, self.position = _JSON.raw_decode(self.text, self.position)
        return value

    def fail(self, why: str) -> NoReturn:
        """Raises ExpressionError, with the place."""
        raise ExpressionError(f"{why} (at character {self.position + 1})")


def _unescaped(found: re.Match[str]) -> str:
    code, character = found.groups()
    return chr(int(code, 16)) if code else _CONTROL.get(character, character)
