"""Pieces of SQL with their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sql:
    """A condition. ``text`` is made of constants alone; values are parameters."""

    text: str
    values: tuple[Any, ...] = ()


ALWAYS, NEVER = Sql("1 = 1"), Sql("1 = 0")


def all_of(parts: Sequence[Sql]) -> Sql:
    """True if there are none."""
    return _joined(" AND ", parts) if parts else ALWAYS


def any_of(parts: Sequence[Sql]) -> Sql:
    """False if there are none."""
    return _joined(" OR ", parts) if parts else NEVER


def negated(part: Sql) -> Sql:
    return Sql(f"NOT ({part.text})", part.values)


def _joined(word: str, parts: Sequence[Sql]) -> Sql:
    if len(parts) == 1:
        return parts[0]
    return Sql(f"({word.join(part.text for part in parts)})", tuple(value for part in parts for value in part.values))
