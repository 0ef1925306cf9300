"""Where the expressions of a text are: ``${`` up to the brace that closes it, and what is nested inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from workflows_app.expressions.base import ExpressionError

MAX_NESTING = 32

OPEN = "${"
_ESCAPED = "$${"


@dataclass(frozen=True, slots=True)
class Expression:
    """What stands between the braces: text, and expressions whose values become part of it."""

    parts: tuple[Part, ...]

    @property
    def is_plain(self) -> bool:
        """Whether nothing is nested in it."""
        return all(isinstance(part, str) for part in self.parts)

    @property
    def beginning(self) -> str:
        """The text before the first expression that is nested in it; all of it if nothing is."""
        return self.parts[0] if self.parts and isinstance(self.parts[0], str) else ""


Part: TypeAlias = str | Expression


def split(text: str) -> tuple[Part, ...]:
    """The literal texts and the expressions of a text, in order.

    ``$${`` begins no expression and stands for ``${``. A ``${`` that nothing closes is left alone with all that
    follows it. Raises ExpressionError if expressions are nested deeper than ``MAX_NESTING``.
    """
    return _split(text, 0, len(text), _closing_braces(text), 0)


def _split(text: str, start: int, end: int, closing: dict[int, int], depth: int) -> tuple[Part, ...]:
    if depth > MAX_NESTING:
        raise ExpressionError(f"expressions are nested deeper than {MAX_NESTING} levels: {text[:60]}...")
    parts: list[Part] = []
    literal = position = start
    while (position := text.find(OPEN, position, end)) >= 0:
        if position > start and text[position - 1] == "$":
            position += len(OPEN)
            continue
        close = closing.get(position + 1)
        if close is None:
            break
        if literal < position:
            parts.append(_unescaped(text[literal:position]))
        parts.append(Expression(_split(text, position + len(OPEN), close, closing, depth + 1)))
        literal = position = close + 1
    if literal < end:
        parts.append(_unescaped(text[literal:end]))
    return tuple(parts)


def _closing_braces(text: str) -> dict[int, int]:
    """The position of every opening brace that is closed, with the position of its closing brace."""
    closing: dict[int, int] = {}
    unclosed: list[int] = []
    for position, character in enumerate(text):
        if character == "{":
            unclosed.append(position)
        elif character == "}" and unclosed:
            closing[unclosed.pop()] = position
    return closing


def _unescaped(text: str) -> str:
    return text.replace(_ESCAPED, OPEN)
