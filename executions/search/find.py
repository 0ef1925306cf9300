"""One page of what matches.

A page is ordered by what the caller asks for and, where that leaves it open, by id: ids begin with the time, newest
first unless said otherwise, and no row is on two pages or on none while nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connection

from executions.engine.rows import ExecutionRow, RunRow
from executions.search import documents, free_text
from executions.search.conditions import All, Comparison, Condition, QueryError
from executions.search.databases import database, escaped
from executions.search.fields import Field
from executions.search.grammar import parse
from executions.search.sql import ALWAYS, Sql, all_of, any_of
from executions.store.columns import (
    EXECUTION_COLUMNS,
    EXECUTION_TABLE,
    RUN_COLUMNS,
    RUN_TABLE,
    decode_execution,
    decode_run,
)
from executions.store.dialects import Dialect, dialect

# A search sees so many of the rows that match: further ones are neither counted nor paged through.
WINDOW = 100_000
MAX_SORT = 5
# How long a search may take to make the documents of what has changed.
_CATCH_UP_SECONDS = 2.0

Fields = Mapping[str, Field]
Row = TypeVar("Row", ExecutionRow, RunRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for. ``query``, ``sort`` and ``free_text`` are as they came; ``also`` narrows it further."""

    query: str = ""
    free_text: str = ""
    sort: str = ""
    start: int = 0
    size: int = 100
    also: Sql = ALWAYS


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """``total``: how many match in all, WINDOW if that is less."""

    rows: list[Row]
    total: int


def executions(search: Search, fields: Fields) -> Page[ExecutionRow]:
    """Executions that match. Raises QueryError."""
    conditions = [search.also, where(search.query, fields), _full_text(search.free_text)]
    return _page(_EXECUTIONS, search, fields, conditions)


def task_runs(search: Search, fields: Fields) -> Page[RunRow]:
    """Task runs that match. Raises QueryError.

    There is no index of the words of task runs: a free text looks into those that match otherwise, and is refused if
    they are more than WINDOW.
    """
    conditions = [search.also, where(search.query, fields)]
    conditions.append(_text_of_task_runs(search.free_text, conditions))
    return _page(_TASK_RUNS, search, fields, conditions)


def executions_by_task_runs(search: Search, task_fields: Fields, fields: Fields) -> Page[ExecutionRow]:
    """Executions with a task run that matches, each once, sorted by their own ``fields``. Raises QueryError."""
    conditions = [search.also, where(search.query, task_fields)]
    conditions.append(_text_of_task_runs(search.free_text, conditions))
    found = all_of(conditions)
    some = Sql(f"EXISTS (SELECT 1 FROM {RUN_TABLE} t WHERE t.execution_id = e.id AND {found.text})", found.values)
    return _page(_EXECUTIONS, search, fields, [some])


def executions_where(condition: Sql, most: int) -> list[ExecutionRow]:
    """Executions for a look-up, newest first, ``most`` at most."""
    return _EXECUTIONS.read(condition, "e.created_at DESC, e.id DESC", most, 0)


def execution_ids_where(condition: Sql) -> list[str]:
    """Ids of executions for a look-up, newest first, of the newest WINDOW."""
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT e.id FROM {EXECUTION_TABLE} e WHERE {condition.text}"
            f" ORDER BY e.created_at DESC, e.id DESC LIMIT {WINDOW}",
            condition.values,
        )
        return [of.decode_id(value) for (value,) in cursor.fetchall()]


def where(query: str, fields: Fields) -> Sql:
    """The SQL of a query. Raises QueryError for what is malformed, and for fields that there are not."""
    condition = parse(query)
    return ALWAYS if condition is None else _compiled(condition, fields)


def order(sort: str, fields: Fields) -> list[str]:
    """The terms of ORDER BY for ``field:ASC|field:DESC``; ASC goes without saying. Raises QueryError."""
    entries = [entry.strip() for entry in sort.split("|")] if sort.strip() else []
    if len(entries) > MAX_SORT:
        raise QueryError(f"sort has more than {MAX_SORT} fields")
    terms = []
    for entry in entries:
        name, _, direction = entry.partition(":")
        found = fields.get(name.strip())
        if found is None:
            raise QueryError(f"sort: unknown field {name.strip()!r}: there are {', '.join(fields)}")
        if found.column is None:
            raise QueryError(f"sort: {name} is the same for all")
        descending = direction.strip().upper() or "ASC"
        if descending not in ("ASC", "DESC"):
            raise QueryError(f"sort: {name} goes by ASC or DESC, not by {direction.strip()!r}")
        terms.append(f"{found.column} {descending}{' NULLS LAST' if found.nullable else ''}")
    return terms


# ---- SQL


@dataclass(frozen=True, slots=True)
class _Table(Generic[Row]):
    source: str
    alias: str
    columns: Sequence[str]
    decode: Callable[[Dialect, Sequence[Any]], Row]
    newest_first: tuple[str, ...]

    def read(self, found: Sql, order: str, limit: int, offset: int) -> list[Row]:
        of = dialect()
        names = ", ".join(f"{self.alias}.{name}" for name in self.columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {names} FROM {self.source} WHERE {found.text} ORDER BY {order} LIMIT %s OFFSET %s",
                [*found.values, limit, offset],
            )
            return [self.decode(of, values) for values in cursor.fetchall()]

    def count(self, found: Sql, most: int = WINDOW) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT COUNT(*) FROM (SELECT 1 FROM {self.source} WHERE {found.text} LIMIT {most}) counted",
                found.values,
            )
            return int(cursor.fetchone()[0])


_EXECUTIONS = _Table(
    f"{EXECUTION_TABLE} e", "e", EXECUTION_COLUMNS, decode_execution, ("e.created_at DESC", "e.id DESC")
)
_TASK_RUNS = _Table(
    f"{RUN_TABLE} t JOIN {EXECUTION_TABLE} e ON e.id = t.execution_id", "t", RUN_COLUMNS, decode_run, ("t.id DESC",)
)


def _page(table: _Table[Row], search: Search, fields: Fields, conditions: Sequence[Sql]) -> Page[Row]:
    if search.start + search.size > WINDOW:
        raise QueryError(f"start and size reach beyond the first {WINDOW:,} results: narrow the query instead")
    terms = order(search.sort, fields)
    last = f"{table.alias}.id"
    if terms:
        terms.append(f"{last} {'DESC' if ' DESC' in terms[0] else 'ASC'}")
    found = all_of([condition for condition in conditions if condition != ALWAYS])
    rows = table.read(found, ", ".join(terms or table.newest_first), search.size, search.start) if search.size else []
    # a page that is not full is the last one
    if len(rows) < search.size and (rows or not search.start):
        return Page(rows, search.start + len(rows))
    return Page(rows, table.count(found))


def _compiled(condition: Condition, fields: Fields) -> Sql:
    if isinstance(condition, Comparison):
        found = fields.get(condition.field)
        if found is None:
            raise QueryError(
                f"unknown field {condition.field!r}: there are {', '.join(fields)}", condition.position
            )  # fmt: skip
        return found.condition(condition)
    parts = [_compiled(part, fields) for part in condition.parts]
    return all_of(parts) if isinstance(condition, All) else any_of(parts)


def _full_text(text: str) -> Sql:
    """Executions whose documents match: by the index of words, then, for words in succession, by the text itself."""
    terms = free_text.terms(text)
    if not terms:
        return ALWAYS
    documents.catch_up(_CATCH_UP_SECONDS)
    words = {(word, t.open_end and n == len(t.words)) for t in terms for n, word in enumerate(t.words, 1)}
    match, values = database().words_match(sorted(words))
    parts = [Sql(match, tuple(values))]
    for term in terms:
        if len(term.words) > 1:
            end = "" if term.open_end else " "
            pattern = f"% {escaped(' '.join(term.words))}{end}%"
            parts.append(Sql("' ' || words || ' ' LIKE %s ESCAPE '!'", (pattern,)))
    found = all_of(parts)
    return Sql(f"e.id IN (SELECT execution_id FROM executions_searchdocument WHERE {found.text})", found.values)


def _text_of_task_runs(text: str, conditions: Sequence[Sql]) -> Sql:
    """Task runs that contain every term as it is written, whatever the case of its letters."""
    terms = free_text.terms(text)
    if not terms:
        return ALWAYS
    if _TASK_RUNS.count(all_of(conditions), WINDOW + 1) > WINDOW:
        raise QueryError(
            f"freeText would have to look into more than {WINDOW:,} tasks: narrow the query, by a time for example"
        )
    of = database()
    whole = (
        f"({of.id_text('t.id')} || ' ' || {of.id_text('e.id')} || ' ' || e.name || ' ' || t.name || ' ' || t.ref"
        " || ' ' || COALESCE(e.correlation_id, '') || ' ' || COALESCE(t.worker, '') || ' ' || COALESCE(t.reason, '')"
        " || ' ' || COALESCE(t.input, '') || ' ' || COALESCE(t.output, ''))"
    )
    return all_of(
        [
            Sql(f"{whole} {of.contains} %s ESCAPE '!'", (f"%{escaped(free_text.as_in_json(term.text))}%",))
            for term in terms
        ]
    )
