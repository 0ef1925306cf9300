"""A parsed query: conditions on fields, joined by AND and OR."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class QueryError(ValueError):
    """A query, a sort order or a free text that cannot be understood.

    ``position``: where in the text, counted from 1; None if it is not about one place.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message if position is None else f"{message} (at character {position})")
        self.position = position


class Operator(StrEnum):
    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    IN = "IN"
    NOT_IN = "NOT IN"
    BETWEEN = "BETWEEN"
    STARTS_WITH = "STARTS_WITH"
    IS_NULL = "IS NULL"
    IS_NOT_NULL = "IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Value:
    """What a field is compared with: the text between its wildcards. ``("a", "b")`` stands for ``a*b``."""

    pieces: tuple[str, ...]
    position: int

    @property
    def exact(self) -> bool:
        return len(self.pieces) == 1

    @property
    def everything(self) -> bool:
        """Nothing but wildcards."""
        return len(self.pieces) > 1 and not any(self.pieces)

    def matches(self, text: str) -> bool:
        """Whether a text, which is in capitals, is like this; the case of letters does not count."""
        first, *middle = (piece.upper() for piece in self.pieces)
        if not middle:
            return text == first
        last = middle.pop()
        at, end = len(first), len(text) - len(last)
        if at > end or not text.startswith(first) or not text.endswith(last):
            return False
        for piece in middle:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    def __str__(self) -> str:
        return "*".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition. ``position`` is that of the field's name."""

    field: str
    operator: Operator
    values: tuple[Value, ...]
    position: int


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]


Condition = Comparison | All | AnyOf
