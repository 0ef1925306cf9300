"""Finding ``${...}`` in a text."""

from __future__ import annotations

import re
from dataclasses import dataclass

# options such as ``encoding=url;``, a name, and after a bar what is used in place of a value that is not there
_EXPRESSION = re.compile(r"\$\{(?P<options>(?:[a-zA-Z]+=[a-zA-Z0-9]+;)*)(?P<name>[^;}|]+)(?:\|(?P<default>[^}]+))?\}")


@dataclass(frozen=True, slots=True)
class Expression:
    """One ``${...}``. ``encoding``: "url", "html", or "" for none."""

    name: str
    default: str = ""
    encoding: str = ""


ENCODINGS = ("url", "html")

Part = str | Expression


def split(text: str) -> list[Part]:
    """The literal texts and the expressions of a text, in order. What is malformed is literal text."""
    parts: list[Part] = []
    end = 0
    for found in _EXPRESSION.finditer(text):
        if found.start() > end:
            parts.append(text[end : found.start()])
        parts.append(Expression(found["name"], found["default"] or "", _encoding(found["options"])))
        end = found.end()
    if end < len(text) or not parts:
        parts.append(text[end:])
    return parts


def _encoding(options: str) -> str:
    """The last one that there is: ``plain`` or an unknown one does not undo another."""
    found = ""
    for option in options.split(";"):
        name, _, value = option.partition("=")
        if name == "encoding" and value in ENCODINGS:
            found = value
    return found
