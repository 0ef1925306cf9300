"""Lists: filters, order, pages and fields (contracts/mistral.md, sections 4.5 and 4.6).

A page begins behind the row that ``marker`` names, by the values of that row: nothing is counted and nothing skipped
over, however long the list is.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from rest_framework.request import Request

from api.mistral.errors import Refused
from api.mistral.ids import Of, is_uuid, number_of
from api.mistral.states import stored_as
from api.mistral.wire import as_flag, as_whole, moment_of
from workflows_app.json_text import is_storable

MOST = 1000
OPERATORS = ("eq", "neq", "in", "nin", "gt", "gte", "lt", "lte", "has")
_PAGING = ("limit", "marker", "sort_keys", "sort_dirs", "fields")
_SECOND = timedelta(seconds=1)


class Kind(StrEnum):
    TEXT = "text"
    ID = "id"
    NUMBER = "number"
    FLAG = "flag"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A field that can be filtered by and sorted: where its value is stored, and how it is written on the wire.

    ``words``: stored states by what they are called here. ``of``: the id is the number of a row of this kind.
    ``fixed``: every row has this value, which is not stored. ``beside``: the value counts as null where this column is.
    ``asks``: gives the condition for any of these ids, where no column has them.
    """

    stored: str = ""
    kind: Kind = Kind.TEXT
    words: Mapping[str, str] | None = None
    of: Of | None = None
    fixed: str | None = None
    beside: str | None = None
    asks: Callable[[Sequence[str]], Q] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is listed. ``name`` is the key of the list in the answer, ``fields`` all keys of an item, ``columns`` those
    that have a column. ``flags`` are parameters of the endpoint itself. ``order`` is the usual order."""

    name: str
    fields: Sequence[str]
    columns: Mapping[str, Column]
    flags: Sequence[str] = ()
    order: str = "created_at"
    marker: str = "id"
    locate: Callable[[str], Any] | None = None


@dataclass(slots=True)
class Query:
    """What a request asks for. ``marker``: the last item of the page before."""

    limit: int | None = None
    marker: str | None = None
    sort: list[tuple[str, bool]] = field(default_factory=list)  # (key, descending)
    fields: list[str] = field(default_factory=list)
    filters: list[tuple[str, str, str]] = field(default_factory=list)  # (name, operator, value)
    nulls: list[str] = field(default_factory=list)


def read(listing: Listing, request: Request) -> Query:
    """Raises Refused for parameters that mean nothing, and values that make no sense."""
    given = request.query_params
    for name in given:
        if not is_storable(name + "".join(given.getlist(name))):
            raise Refused(400, "The query contains characters that cannot be stored")
    query = Query()
    if given.get("limit", "") != "":
        query.limit = as_whole("limit", given["limit"])
        if query.limit == -1:  # all of them, as the client's command says it
            query.limit = None
        elif query.limit <= 0:
            raise Refused(400, "Limit must be positive.")
    query.marker = given.get("marker") or None
    query.fields = _words(given.get("fields"))
    unknown = [name for name in query.fields if name not in listing.fields]
    if unknown:
        shown = ", ".join(unknown)[:200]
        raise Refused(400, f"Some fields do not exist  [{shown}], please choose from [{', '.join(listing.fields)}]")
    query.sort = _sort(listing, _words(given.get("sort_keys")), _words(given.get("sort_dirs")))
    query.nulls = _words(given.get("nulls"))
    for name in query.nulls:
        _column(listing, name)
    for name in given:
        if name in _PAGING or name == "nulls" or name in listing.flags:
            continue
        if name not in listing.fields:
            raise Refused(400, f'Unknown argument: "{name[:100]}"')
        for value in given.getlist(name):
            if value != "":
                operator, found = _operation(value)
                query.filters.append((name, operator, found))
    return query


def page(
    listing: Listing,
    query: Query,
    rows: QuerySet[Any],
    render: Callable[[list[Any]], list[dict[str, Any]]],
    request: Request,
) -> dict[str, Any]:
    """The answer: items in order, and the address of what follows if there may be more. Raises Refused."""
    rows = rows.filter(condition(listing, query))
    keys = [(_stored(listing, name), descending) for name, descending in query.sort]
    nullable = {key for key, _ in keys if _may_be_null(rows.model, key)}
    if query.marker is not None:
        rows = rows.filter(_behind(keys, nullable, _marked(listing, query.marker, rows.model._default_manager.all())))
    ordered = rows.order_by(*(_order(key, down, key in nullable) for key, down in keys))
    most = min(query.limit or MOST, MOST)
    items = render(list(ordered[:most]))
    answer: dict[str, Any] = {listing.name: [project(item, query.fields) for item in items]}
    if query.limit is not None and len(items) == most:
        answer["next"] = _next(listing, query, request, items[-1], most)
    return answer


def project(item: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """The item, or the fields that are asked for and its id."""
    return {key: item.get(key) for key in dict.fromkeys(("id", *fields))} if fields else item


def plain_page(listing: Listing, query: Query, items: Sequence[dict[str, Any]], request: Request) -> dict[str, Any]:
    """The same for a short list that is in memory. Filters and order look at the items as they are answered."""
    found = [item for item in items if all(_fits(item, *filter) for filter in query.filters)]
    for name, descending in reversed(query.sort):
        found.sort(key=lambda item: (item.get(name) is not None, item.get(name) or ""), reverse=descending)
    if query.marker is not None:
        places = [n for n, item in enumerate(found) if item[listing.marker] == query.marker]
        if not places:
            raise Refused(404, f"No item found to begin behind [marker={query.marker[:100]}]")
        found = found[places[0] + 1 :]
    most = min(query.limit or MOST, MOST)
    answer: dict[str, Any] = {listing.name: [project(item, query.fields) for item in found[:most]]}
    if query.limit is not None and len(found) >= most:
        answer["next"] = _next(listing, query, request, found[most - 1], most)
    return answer


# ---- filters


def condition(listing: Listing, query: Query) -> Q:
    """The filters as a condition. Raises Refused."""
    found = Q()
    for name in query.nulls:
        column = _column(listing, name)
        found &= Q(**{f"{column.beside or column.stored or 'pk'}__isnull": True})
    for name, operator, value in query.filters:
        column = _column(listing, name)
        found &= _condition(name, column, operator, value)
        if column.beside is not None:
            found &= Q(**{f"{column.beside}__isnull": False})
    return found


def _condition(name: str, column: Column, operator: str, text: str) -> Q:
    texts = text.split(",") if operator in ("in", "nin") else [text]
    if column.fixed is not None:
        return _constant(column.fixed, operator, texts)
    if column.asks is not None:
        if operator not in ("eq", "neq", "in", "nin"):
            raise Refused(400, f"{name} can be compared by eq, neq, in and nin only, not by {operator}")
        fits = column.asks([t.strip() for t in texts])
        return ~fits if operator in ("neq", "nin") else fits
    if column.words is not None:
        stored = [state for word in texts for state in stored_as(column.words, word.strip())]
        if operator not in ("eq", "neq", "in", "nin"):
            raise Refused(400, f"{name} can be compared by eq, neq, in and nin only, not by {operator}")
        fits = Q(**{f"{column.stored}__in": stored})
        return ~fits if operator in ("neq", "nin") else fits
    if operator == "has":
        if column.kind is not Kind.TEXT:
            raise Refused(400, f"{name} is no text and has no parts")
        return Q(**{f"{column.stored}__contains": text})
    if column.kind is Kind.TIME:
        return _moment(name, column.stored, operator, texts)
    values = [_value(name, column, t) for t in texts]
    if operator in ("eq", "neq", "in", "nin"):
        fits = Q(**{f"{column.stored}__in": [v for v in values if v is not None]})
        return ~fits if operator in ("neq", "nin") else fits
    return Q(**{f"{column.stored}__{operator}": values[0]}) if values[0] is not None else Q(pk__in=[])


def _constant(value: str, operator: str, texts: Sequence[str]) -> Q:
    """For a column that has the same value everywhere: all rows, or none."""
    first = texts[0]
    fits = {
        "eq": value == first,
        "neq": value != first,
        "in": value in texts,
        "nin": value not in texts,
        "gt": value > first,
        "gte": value >= first,
        "lt": value < first,
        "lte": value <= first,
        "has": first in value,
    }[operator]
    return Q() if fits else Q(pk__in=[])


def _value(name: str, column: Column, text: str) -> Any:
    """A text as the column holds it; None for an id that cannot be there. Raises Refused."""
    text = text.strip() if column.kind is not Kind.TEXT else text
    if column.of is not None:
        return number_of(column.of, text)
    if column.kind is Kind.ID:
        return uuid.UUID(text) if is_uuid(text) else None
    if column.kind is Kind.NUMBER:
        return as_whole(name, text)
    if column.kind is Kind.FLAG:
        return as_flag(name, text)
    return text


def _moment(name: str, stored: str, operator: str, texts: Sequence[str]) -> Q:
    """Times are compared as clients see them: by the second."""
    moments = [_time(name, text) for text in texts]
    first = moments[0]
    if operator in ("eq", "neq", "in", "nin"):
        fits = Q(pk__in=[])
        for moment in moments:
            fits |= Q(**{f"{stored}__gte": moment, f"{stored}__lt": moment + _SECOND})
        return ~fits if operator in ("neq", "nin") else fits
    edge = first + _SECOND if operator in ("gt", "lte") else first
    return Q(**{f"{stored}__{'gte' if operator in ('gt', 'gte') else 'lt'}": edge})


def _time(name: str, text: str) -> datetime:
    try:
        found = moment_of(text).replace(microsecond=0)
        if not 1900 < found.year < 9000:
            raise ValueError
    except (ValueError, OverflowError):
        raise Refused(
            400, f"Invalid input for field/attribute {name}. Value: '{text[:100]}'. not a time like 2026-01-31 10:00:00"
        ) from None
    return found


def _operation(value: str) -> tuple[str, str]:
    operator, colon, rest = value.partition(":")
    return (operator, rest) if colon and operator in OPERATORS else ("eq", value)


def _fits(item: Mapping[str, Any], name: str, operator: str, text: str) -> bool:
    value = item.get(name)
    shown = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    texts = text.split(",")
    return {
        "eq": shown == text,
        "neq": shown != text,
        "in": shown in texts,
        "nin": shown not in texts,
        "gt": shown > text,
        "gte": shown >= text,
        "lt": shown < text,
        "lte": shown <= text,
        "has": text in shown,
    }[operator]


# ---- order and pages


def _sort(listing: Listing, keys: list[str], directions: list[str]) -> list[tuple[str, bool]]:
    keys = keys or [listing.order]
    for key in keys:
        _column(listing, key)
    for direction in directions:
        if direction not in ("asc", "desc"):
            raise Refused(400, "Unknown sort direction, must be 'desc' or 'asc'.")
    if len(directions) > len(keys):
        raise Refused(400, "Length of sort_keys must be equal or greater than sort_dirs.")
    directions = directions + ["asc"] * (len(keys) - len(directions))
    found = dict(zip(keys, (direction == "desc" for direction in directions), strict=True))
    found.setdefault(listing.marker, False)
    return list(found.items())


def _marked(listing: Listing, marker: str, rows: QuerySet[Any]) -> Any:
    """The row that a marker names. Raises Refused."""
    column = listing.columns[listing.marker]
    if column.kind is Kind.ID and not is_uuid(marker):
        raise Refused(400, f"Invalid input for field/attribute marker. Value: '{marker[:100]}'. not a UUID")
    if listing.locate is not None:
        found = listing.locate(marker)
        if found is None:
            raise Refused(404, f"No item found to begin behind [marker={marker[:100]}]")
        return found
    value = _value("marker", column, marker)
    found = rows.filter(**{column.stored: value}).first() if value is not None else None
    if found is None:
        raise Refused(404, f"No item found to begin behind [marker={marker[:100]}]")
    return found


def _order(key: str, descending: bool, nullable: bool) -> OrderBy:
    """NULL is smaller than everything. Where there is none, the order is that of the index."""
    if not nullable:
        return F(key).desc() if descending else F(key).asc()
    return F(key).desc(nulls_last=True) if descending else F(key).asc(nulls_first=True)


def _may_be_null(model: type[Model], key: str) -> bool:
    *path, last = key.split("__")
    for part in path:
        found = model._meta.get_field(part).related_model
        if not isinstance(found, type):
            return True
        model = found
    return last != "pk" and (bool(path) or bool(getattr(model._meta.get_field(last), "null", True)))


def _behind(keys: Sequence[tuple[str, bool]], nullable: Container[str], row: Any) -> Q:
    """What comes after a row: equal in the first keys, later in the next one."""
    found = Q(pk__in=[])
    same = bound = Q()
    for number, (key, descending) in enumerate(keys):
        value = row
        for part in key.split("__"):
            value = getattr(value, part)
        if value is None:
            later = Q(pk__in=[]) if descending else Q(**{f"{key}__isnull": False})
            equal = Q(**{f"{key}__isnull": True})
        else:
            later = Q(**{f"{key}__{'lt' if descending else 'gt'}": value})
            if descending and key in nullable:
                later |= Q(**{f"{key}__isnull": True})
            equal = Q(**{key: value})
            if number == 0 and key not in nullable:  # where an index can begin
                bound = Q(**{f"{key}__{'lte' if descending else 'gte'}": value})
        found |= same & later
        same &= equal
    return bound & found


def _next(listing: Listing, query: Query, request: Request, last: Mapping[str, Any], most: int) -> str:
    parts = [
        ("sort_keys", ",".join(key for key, _ in query.sort)),
        ("sort_dirs", ",".join("desc" if descending else "asc" for _, descending in query.sort)),
        ("limit", str(most)),
        ("marker", str(last[listing.marker])),
    ]
    if query.fields:
        parts.append(("fields", ",".join(query.fields)))
    if query.nulls:
        parts.append(("nulls", ",".join(query.nulls)))
    parts += [(name, f"{operator}:{value}") for name, operator, value in query.filters]
    parts += [(name, request.query_params[name]) for name in listing.flags if name in request.query_params]
    return f"{request.build_absolute_uri(request.path)}?{urlencode(parts, safe=':,')}"


def _column(listing: Listing, name: str) -> Column:
    column = listing.columns.get(name)
    if column is None:
        known = ", ".join(sorted(listing.columns))
        if name in listing.fields:
            raise Refused(400, f"{name} cannot be filtered by or sorted; what can be: {known}")
        raise Refused(400, f"Unknown column: {name[:100]}; known are {known}")
    return column


def _stored(listing: Listing, name: str) -> str:
    column = _column(listing, name)
    return column.stored or "pk"


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]
