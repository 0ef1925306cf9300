"""The tokens of a Go template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# stands on both sides of the number of an inserted value
MARK = "\0"

_OPEN = re.compile(r"\{\{(- )?", re.ASCII)
_COMMENT = re.compile(r"\{\{(- )?/\*.*?\*/( -)?\}\}", re.DOTALL)
_SPACE = " \t\r\n"
_TOKENS = re.compile(
    rf"""
    (?P<close>[ \t\r\n]-\}}\}}|\}}\}})
  | (?P<space>[ \t\r\n]+)
  | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
  | (?P<char>'(?:[^'\\\n]|\\.)+')
  | (?P<inserted>{MARK}[0-9]+{MARK})
  | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+
        |[0-9][0-9_]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+))
  | (?P<field>\.[^\W\d]\w*)
  | (?P<variable>\$\w*)
  | (?P<word>[^\W\d]\w*)
  | (?P<sign>:=|[.|(),=])
    """,
    re.VERBOSE,
)


class Malformed(Exception):
    """The text is no template."""


@dataclass(frozen=True, slots=True)
class Token:
    """``kind``: text, open, or one of the groups above."""

    kind: str
    text: str


def tokens(text: str) -> Iterator[Token]:
    """Raises Malformed."""
    position, trim = 0, False
    while True:
        start = text.find("{{", position)
        literal = text[position:] if start < 0 else text[position:start]
        if trim:
            literal = literal.lstrip(_SPACE)
        if start < 0:
            yield Token("text", literal)
            return
        comment = _COMMENT.match(text, start)
        opened = comment or _OPEN.match(text, start)
        assert opened is not None
        yield Token("text", literal.rstrip(_SPACE) if opened[1] else literal)
        position = opened.end()
        if comment is not None:
            trim = bool(comment[2])
            continue
        yield Token("open", opened[0])
        while True:
            found = _TOKENS.match(text, position)
            if found is None:
                raise Malformed(f"unexpected {text[position : position + 10]!r}")
            position = found.end()
            kind = found.lastgroup or ""
            yield Token(kind, found[0])
            if kind == "close":
                trim = found[0][0] in _SPACE
                break
