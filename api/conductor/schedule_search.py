"""What the searches of the scheduler understand: ``sort=name:DESC,createTime`` and ``query=state IN (FAILED) AND ...``.

The real server sorts by one field at most and finds nothing by most queries; here both do what they say.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from api.conductor.errors import Refused

_TERM = re.compile(r"\s*(\w+)\s*(?:(NOT\s+IN|IN)\s*\(([^)]*)\)|(!=|>=|<=|=|>|<)\s*('[^']*'|\"[^\"]*\"|\S+))\s*", re.I)
_LOOKUPS = {"=": "", "!=": "", ">": "__gt", "<": "__lt", ">=": "__gte", "<=": "__lte"}


def order(sort: str | None, fields: Mapping[str, str], default: str) -> list[str]:
    """The columns to sort by. Names that are unknown are passed over."""
    found = []
    for part in (sort or "").split(","):
        name, _, direction = part.strip().partition(":")
        column = fields.get(name)
        if column is not None:
            found.append(f"-{column}" if direction.strip().upper() == "DESC" else column)
    return [*(found or [default]), "pk"]


def condition(query: str | None, fields: Mapping[str, str]) -> Q:
    """What a query asks for: terms joined by AND. Times are epoch milliseconds. Raises Refused."""
    wanted = Q()
    rest = (query or "").strip()
    while rest:
        found = _TERM.match(rest)
        if found is None:
            raise Refused(400, f"Cannot read the query at {rest[:60]!r}: write field = value AND field IN (a, b)")
        rest = rest[found.end() :]
        if rest:
            if not rest[:4].upper().startswith("AND "):
                raise Refused(400, f"Cannot read the query at {rest[:60]!r}: AND was expected")
            rest = rest[4:]
        wanted &= _term(found, fields)
    return wanted


def _term(found: re.Match[str], fields: Mapping[str, str]) -> Q:
    name, within, listed, operator, value = found.groups()
    column = fields.get(name)
    if column is None:
        raise Refused(400, f"Unknown field {name}: the fields are {', '.join(sorted(fields))}")
    if within:
        values = [_value(v, column) for v in listed.split(",") if v.strip()]
        term = Q(**{f"{column}__in": values})
        return ~term if within.upper().startswith("NOT") else term
    term = Q(**{f"{column}{_LOOKUPS[operator]}": _value(value, column)})
    return ~term if operator == "!=" else term


def _value(text: str, column: str) -> Any:
    text = text.strip().strip("'\"").replace("\0", "")
    if column in ("id", "execution_id"):
        try:
            return uuid.UUID(text)
        except ValueError:
            return uuid.UUID(int=0)  # nobody's
    if not column.endswith("_at"):
        return text
    try:
        return datetime.fromtimestamp(int(text) / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise Refused(400, f"{text!r} is no time in epoch milliseconds") from None
