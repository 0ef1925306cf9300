"""The documents that full-text searches look into, brought up to date when somebody wants to search.

A trigger notes which executions have changed. They are read here: by the search itself, which so always finds what
was committed before it began, and by a sweep, so that there is never much to catch up on. Idempotent, and safe in any
number: a document carries the revision it was made from.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from django.db import connection, transaction

from executions.search.databases import database
from executions.search.free_text import document
from executions.store.columns import EXECUTION_TABLE
from executions.store.dialects import dialect

logger = logging.getLogger(__name__)

# Documents made in one transaction: on SQLite nobody else can write meanwhile.
BATCH = 200
# Characters of an input or an output that are looked at.
_MOST = 200_000

_READ = (
    "SELECT id, revision, name, correlation_id, idempotency_key, reason, attributes,"
    f" substr(input, 1, {_MOST}), substr(output, 1, {_MOST}) FROM {EXECUTION_TABLE} WHERE id IN ({{places}})"
)
_WRITE = (
    "INSERT INTO executions_searchdocument (execution_id, revision, words) VALUES {rows}"
    " ON CONFLICT (execution_id) DO UPDATE SET revision = excluded.revision, words = excluded.words"
    " WHERE executions_searchdocument.revision <= excluded.revision"
)


def catch_up(seconds: float) -> int:
    """Makes the documents of what has changed, until there is nothing left or the time is over. Gives how many."""
    end = time.monotonic() + seconds
    done = 0
    while found := _pending():
        if done and time.monotonic() >= end:
            logger.debug("full-text search is behind: %s documents made, more to come", done)
            break
        done += _index(found)
    return done


def _pending() -> list[tuple[int, Any]]:
    """(number, execution) of the oldest that wait."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, execution_id FROM executions_searchpending ORDER BY id LIMIT {BATCH}")
        return list(cursor.fetchall())


def _index(pending: list[tuple[int, Any]]) -> int:
    """What has changed since it was read waits again, under another number."""
    rows = _documents(sorted({execution_id for _, execution_id in pending}))
    numbers = [number for number, _ in pending]
    places = ", ".join(["%s"] * len(numbers))
    with transaction.atomic(), connection.cursor() as cursor:
        if rows:
            values = ", ".join(["(%s, %s, %s)"] * len(rows))
            cursor.execute(_WRITE.format(rows=values), [value for row in rows for value in row])
        cursor.execute(
            "DELETE FROM executions_searchpending WHERE id IN (SELECT id FROM executions_searchpending"
            f" WHERE id IN ({places}) {database().lock_what_is_free})",
            numbers,
        )
    return len(rows)


def _documents(ids: list[Any]) -> list[tuple[Any, int, str]]:
    """(execution, revision, words), in order of the executions: who writes them at the same time cannot deadlock."""
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(_READ.format(places=", ".join(["%s"] * len(ids))), ids)
        found = cursor.fetchall()
    rows = [
        (raw_id, revision, document([name, of.decode_id(raw_id), *texts])) for raw_id, revision, name, *texts in found
    ]
    return sorted(rows, key=lambda row: row[0])
