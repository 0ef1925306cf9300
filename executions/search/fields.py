"""Fields that can be searched: how each kind of field reads values and becomes SQL.

To add a field, name its column in ``executions.search.columns``; to add a kind, write a class with ``condition``.
Values are always parameters; only columns and constants of the program stand in the SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from executions.search.conditions import Comparison, Operator, QueryError, Value
from executions.search.databases import database
from executions.search.sql import NEVER, Sql, all_of, any_of, negated
from executions.store.dialects import dialect
from workflows_app.json_text import storable

_O = Operator
_ORDERED = {_O.LESS: "<", _O.LESS_OR_EQUAL: "<=", _O.GREATER: ">", _O.GREATER_OR_EQUAL: ">="}
_NULLS = (_O.IS_NULL, _O.IS_NOT_NULL)
_NEGATIVE = (_O.NOT_EQUAL, _O.NOT_IN)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FIRST, _LAST = (
    (t - _EPOCH) // _MILLISECOND for t in (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
)
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
_LARGEST = 2**63 - 1
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)


class Field(Protocol):
    """``column``: what to sort by, None if it cannot be. ``nullable``: rows may have no value."""

    @property
    def column(self) -> str | None: ...

    @property
    def nullable(self) -> bool: ...

    def condition(self, comparison: Comparison) -> Sql:
        """Raises QueryError for an operator or a value that this kind of field cannot have."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """Upper and lower case are different."""

    column: str
    nullable: bool = False

    def condition(self, comparison: Comparison) -> Sql:
        if comparison.operator in _ORDERED or comparison.operator == _O.BETWEEN:
            values = [storable(_exact(comparison, value)) for value in comparison.values]
            return _ordered(comparison.operator, self.column, values)
        return _matched(comparison, self.column, self.nullable, self.equal, self.like)

    def equal(self, values: Sequence[Value]) -> Sql:
        return _in(self.column, [storable(str(value)) for value in values])

    def like(self, pieces: Sequence[str]) -> Sql:
        text, value = database().pattern(self.column, [storable(piece) for piece in pieces])
        return Sql(text, (value,))


@dataclass(frozen=True, slots=True)
class Identifier:
    """A UUID. What is none matches nothing."""

    column: str
    nullable: bool = False

    def condition(self, comparison: Comparison) -> Sql:
        _only(comparison, "=, !=, IN, NOT IN, STARTS_WITH and IS NULL", _ORDERED, [_O.BETWEEN])
        return _matched(comparison, self.column, self.nullable, self.equal, self.like)

    def equal(self, values: Sequence[Value]) -> Sql:
        ids = [text for value in values if _UUID.fullmatch(text := str(value).lower())]
        return _in(self.column, [dialect().encode_id(i) for i in ids])

    def like(self, pieces: Sequence[str]) -> Sql:
        text, value = database().pattern(database().id_text(self.column), [storable(p.lower()) for p in pieces])
        return Sql(text, (value,))


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number."""

    column: str
    nullable: bool = False

    def condition(self, comparison: Comparison) -> Sql:
        _only(comparison, "=, !=, <, <=, >, >=, IN, NOT IN, BETWEEN and IS NULL", [_O.STARTS_WITH])
        if comparison.operator in _ORDERED or comparison.operator == _O.BETWEEN:
            values = [_whole_number(comparison, value) for value in comparison.values]
            return _ordered(comparison.operator, self.column, values)
        numbers = [_whole_number(comparison, value) for value in comparison.values if not value.everything]
        return _matched(
            comparison, self.column, self.nullable, lambda _: _in(self.column, numbers), lambda _: NEVER
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Time:
    """A time, known to a millisecond: what was at 12.3456 is equal to 12.345.

    Given as epoch milliseconds or in ISO 8601; without a zone it is UTC.
    """

    column: str
    nullable: bool = False

    def condition(self, comparison: Comparison) -> Sql:
        _only(comparison, "=, !=, <, <=, >, >=, IN, NOT IN, BETWEEN and IS NULL", [_O.STARTS_WITH])
        if comparison.operator in _ORDERED or comparison.operator == _O.BETWEEN:
            times = [_milliseconds(comparison, value) for value in comparison.values]
            return self.ordered(comparison.operator, times)
        times = [_milliseconds(comparison, value) for value in comparison.values if not value.everything]
        return _matched(
            comparison,
            self.column,
            self.nullable,
            lambda _: any_of([self.ordered(_O.BETWEEN, [t, t]) for t in times]),
            lambda _: NEVER,
        )

    def ordered(self, operator: Operator, times: Sequence[int]) -> Sql:
        match operator:
            case _O.BETWEEN:
                return all_of([self.side(">=", times[0]), self.side("<", times[1] + 1)])
            case _O.LESS | _O.GREATER_OR_EQUAL:
                return self.side(operator.value, times[0])
            case _O.LESS_OR_EQUAL:
                return self.side("<", times[0] + 1)
            case _:
                return self.side(">=", times[0] + 1)

    def side(self, symbol: str, milliseconds: int) -> Sql:
        moment = _EPOCH + max(_FIRST, min(milliseconds, _LAST)) * _MILLISECOND
        return Sql(f"{self.column} {symbol} %s", (database().millisecond(moment),))


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values. ``stored``: what stands in the column for each value as the caller knows it, in capitals.

    ``groups``: values for which there is an index of their own; it is used when only such values are asked for. A
    column of None: every row has the same value, the one in ``stored`` that stands for something.
    """

    column: str | None
    stored: Mapping[str, Sequence[str]]
    groups: Sequence[Sequence[str]] = ()
    nullable: bool = field(default=False, init=False)

    def condition(self, comparison: Comparison) -> Sql:
        _only(comparison, "=, !=, IN, NOT IN, STARTS_WITH and IS NULL", _ORDERED, [_O.BETWEEN])
        if comparison.operator in _NULLS:
            return NEVER if comparison.operator == _O.IS_NULL else self.among(self.stored)
        if comparison.operator == _O.STARTS_WITH:
            chosen = {name for name in self.stored if name.startswith(str(comparison.values[0]).upper())}
        else:
            chosen = {name for value in comparison.values for name in self.named(comparison, value)}
        if comparison.operator in _NEGATIVE:
            chosen = set(self.stored) - chosen
        return self.among(chosen)

    def named(self, comparison: Comparison, value: Value) -> list[str]:
        found = [name for name in self.stored if value.matches(name)]
        if value.exact and not found:
            raise QueryError(
                f"{comparison.field} cannot be {str(value)!r}: it is one of {', '.join(self.stored)}", value.position
            )
        return found

    def among(self, names: Sequence[str] | set[str] | Mapping[str, Any]) -> Sql:
        values = sorted({value for name in names for value in self.stored[name]})
        if not values:
            return NEVER
        if self.column is None:
            return Sql("1 = 1")
        found = Sql(f"{self.column} IN ({_literals(values)})")
        # an index on some values is recognised by its own condition, word for word
        group = next((g for g in self.groups if set(values) <= set(g)), None)
        return found if group is None else all_of([Sql(f"{self.column} IN ({_literals(group)})"), found])


# ---- what kinds have in common


def _matched(
    comparison: Comparison,
    column: str,
    nullable: bool,
    equal: Callable[[Sequence[Value]], Sql],
    like: Callable[[Sequence[str]], Sql],
) -> Sql:
    """=, !=, IN, NOT IN, STARTS_WITH and IS NULL. A row without a value is unequal to every value."""
    if comparison.operator in _NULLS:
        return Sql(f"{column} {comparison.operator.value}")
    if comparison.operator == _O.STARTS_WITH:
        return like((str(comparison.values[0]), ""))
    exact = [value for value in comparison.values if value.exact]
    parts = [equal(exact)] if exact else []
    for value in comparison.values:
        if value.everything:
            parts.append(Sql(f"{column} IS NOT NULL"))
        elif not value.exact:
            parts.append(like(value.pieces))
    found = any_of(parts)
    if comparison.operator not in _NEGATIVE:
        return found
    return any_of([negated(found), Sql(f"{column} IS NULL")]) if nullable else negated(found)


def _in(column: str, values: Sequence[Any]) -> Sql:
    if not values:
        return NEVER
    if len(values) == 1:
        return Sql(f"{column} = %s", tuple(values))
    return Sql(f"{column} IN ({', '.join(['%s'] * len(values))})", tuple(values))


def _ordered(operator: Operator, column: str, values: Sequence[Any]) -> Sql:
    if operator == _O.BETWEEN:
        return Sql(f"{column} BETWEEN %s AND %s", tuple(values))
    return Sql(f"{column} {_ORDERED[operator]} %s", tuple(values))


def _literals(values: Sequence[str]) -> str:
    assert all(value.replace("_", "").isalpha() for value in values)
    return ", ".join(f"'{value}'" for value in values)


def _only(comparison: Comparison, allowed: str, *refused: Any) -> None:
    if any(comparison.operator in operators for operators in refused):
        raise QueryError(
            f"{comparison.field} cannot be compared with {comparison.operator}, only with {allowed}",
            comparison.position,
        )


def _exact(comparison: Comparison, value: Value) -> str:
    if not value.exact:
        raise QueryError(
            f"{comparison.field} {comparison.operator} needs a value without *, not {str(value)!r}", value.position
        )
    return str(value)


def _whole_number(comparison: Comparison, value: Value) -> int:
    text = str(value)
    if not _WHOLE_NUMBER.fullmatch(text):
        raise QueryError(f"{comparison.field} needs a whole number, not {text!r}", value.position)
    return max(-_LARGEST, min(int(text), _LARGEST))


def _milliseconds(comparison: Comparison, value: Value) -> int:
    text = str(value)
    if _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        raise QueryError(
            f"{comparison.field} needs a time, as epoch milliseconds or like 2026-01-31T10:00:00Z, not {text!r}",
            value.position,
        ) from None
