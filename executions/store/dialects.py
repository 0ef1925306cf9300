"""What PostgreSQL and SQLite do differently. Nothing else in the project asks which database it is on."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connection

from executions.engine.rows import Doc
from workflows_app.json_text import storable

Codec = Callable[[Any], Any]


class Postgres:
    """Rows are locked one by one; a claim passes over what others have locked."""

    skip_locked = "FOR UPDATE SKIP LOCKED"
    # an idle poll is one statement; nothing is gained by looking first
    look_before_claim = False
    # A condition that is always true: the transaction need not wait for the disk. For claims only: one that a crash
    # of the server loses is made again, and whoever held it cannot finish.
    need_not_wait = "(SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL"
    # A statement may write so many values.
    max_values = 100_000

    encode_id: Codec = staticmethod(lambda value: value)
    decode_id: Codec = staticmethod(str)
    encode_time: Codec = staticmethod(lambda value: value)
    decode_time: Codec = staticmethod(lambda value: value)
    decode_bool: Codec = staticmethod(lambda value: value)

    @staticmethod
    def plus_seconds(time: str, seconds: str) -> str:
        """SQL for a time that lies so many seconds after another. NULL if either is."""
        return f"({time}::timestamptz + make_interval(secs => {seconds}))"

    @staticmethod
    def least(a: str, b: str) -> str:
        """SQL for the earlier of two times, not counting NULL."""
        return f"LEAST({a}, {b})"

    @staticmethod
    def boolean(value: bool) -> str:
        """SQL for a constant."""
        return "TRUE" if value else "FALSE"

    @staticmethod
    def bytes(column: str) -> str:
        """SQL for the bytes that a text takes; 0 for NULL."""
        return f"COALESCE(OCTET_LENGTH({column}), 0)"

    @staticmethod
    def time(parameter: str) -> str:
        """SQL for a parameter whose type the database could not tell otherwise."""
        return f"{parameter}::timestamptz"

    @staticmethod
    def rows(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
        """SQL that gives rows to insert into a table, and its parameters.

        One document for all of them: the statement is the same for every number of rows, so that it stays prepared.
        """
        documents = [dict(zip(columns, row, strict=True)) for row in rows]
        names = ", ".join(columns)
        return (
            f"SELECT {names} FROM json_populate_recordset(NULL::{table}, %s)",
            [json.dumps(documents, default=datetime.isoformat)],
        )


class SQLite:
    """One writer at a time: a transaction begins by taking the write lock (BEGIN IMMEDIATE)."""

    skip_locked = ""
    # the claim would take the write lock even if there is nothing to claim
    look_before_claim = True
    need_not_wait = "1 = 1"
    max_values = 30_000

    encode_id: Codec = staticmethod(lambda value: value.replace("-", ""))
    decode_id: Codec = staticmethod(lambda value: str(uuid.UUID(value)))
    decode_bool: Codec = staticmethod(bool)

    @staticmethod
    def encode_time(value: datetime) -> str:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")

    @staticmethod
    def decode_time(value: str | datetime) -> datetime:
        # plain columns come converted by the driver, the results of RETURNING and of expressions do not
        time = datetime.fromisoformat(value) if isinstance(value, str) else value
        return time.replace(tzinfo=UTC)

    @staticmethod
    def plus_seconds(time: str, seconds: str) -> str:
        return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', {time}, '+' || {seconds} || ' seconds')"

    @staticmethod
    def least(a: str, b: str) -> str:
        return f"MIN(COALESCE({a}, {b}), COALESCE({b}, {a}))"

    @staticmethod
    def boolean(value: bool) -> str:
        return "1" if value else "0"

    @staticmethod
    def bytes(column: str) -> str:
        return f"COALESCE(LENGTH(CAST({column} AS BLOB)), 0)"

    @staticmethod
    def time(parameter: str) -> str:
        return parameter

    @staticmethod
    def rows(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
        places = f"({', '.join(['%s'] * len(columns))})"
        return f"VALUES {', '.join([places] * len(rows))}", [value for row in rows for value in row]


Dialect = Postgres | SQLite
_POSTGRES, _SQLITE = Postgres(), SQLite()


def dialect() -> Dialect:
    """The dialect of the default connection."""
    return _SQLITE if connection.vendor == "sqlite" else _POSTGRES


def optional(codec: Codec) -> Codec:
    """The same codec for a column that may be NULL."""
    return lambda value: None if value is None else codec(value)


@cache
def codecs(of: Dialect) -> dict[str, tuple[Codec, Codec]]:
    """For each kind of column: how a value gets into the database and out of it."""
    plain: tuple[Codec, Codec] = (lambda value: value, lambda value: value)
    return {
        "id": (optional(of.encode_id), optional(of.decode_id)),
        "time": (optional(of.encode_time), optional(of.decode_time)),
        "bool": (bool, of.decode_bool),
        "doc": (lambda doc: None if doc is None else doc.text, lambda text: None if text is None else Doc(text=text)),
        "text": (optional(storable), lambda value: value),
        "plain": plain,
    }
