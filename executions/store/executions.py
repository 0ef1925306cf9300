"""Statements on the execution's own row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from executions.engine.rows import ExecutionRow
from executions.models import TaskLog
from executions.states import execution_may_become
from executions.store.columns import (
    EXECUTION_COLUMNS,
    EXECUTION_TABLE,
    RUN_TABLE,
    decode_execution,
    encode_execution,
    encode_value,
)
from executions.store.dialects import dialect

_COLUMNS = ", ".join(EXECUTION_COLUMNS)


class Conflict(Exception):
    """Somebody else changed a row in between. The transaction must be rolled back; the event may be tried again."""


class Archived(Exception):
    """An archived execution cannot be revived. The transaction must be rolled back."""


def lock(execution_id: str, seqs: int, now: datetime) -> ExecutionRow | None:
    """Locks an execution until the transaction ends, and gives it; None if there is none.

    One statement: the lock is an UPDATE that counts the revision and reserves ``seqs`` numbers for task runs. The
    row comes back with ``next_seq`` as it was before.
    """
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {EXECUTION_TABLE} SET revision = revision + 1, next_seq = next_seq + %s, updated_at = %s"
            f" WHERE id = %s RETURNING {_COLUMNS}",
            [seqs, encode_value(of, "updated_at", now), encode_value(of, "id", execution_id)],
        )
        values = cursor.fetchone()
    if values is None:
        return None
    row = decode_execution(of, values)
    row.next_seq -= seqs
    return row


def insert(row: ExecutionRow) -> bool:
    """Inserts a new execution. False: one with that id was there already, and nothing was written.

    Raises IntegrityError when its idempotency key is taken.
    """
    places = ", ".join(["%s"] * len(EXECUTION_COLUMNS))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {EXECUTION_TABLE} ({_COLUMNS}) VALUES ({places}) ON CONFLICT (id) DO NOTHING",
            encode_execution(dialect(), row),
        )
        return bool(cursor.rowcount == 1)


def insert_all(rows: Sequence[ExecutionRow]) -> None:
    """Inserts new executions. Raises Conflict if there is one with one of these ids already: the transaction must be
    rolled back."""
    of = dialect()
    place = f"({', '.join(['%s'] * len(EXECUTION_COLUMNS))})"
    chunk = max(of.max_values // len(EXECUTION_COLUMNS), 1)
    for start in range(0, len(rows), chunk):
        part = rows[start : start + chunk]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {EXECUTION_TABLE} ({_COLUMNS}) VALUES {', '.join([place] * len(part))}"
                " ON CONFLICT (id) DO NOTHING",
                [value for row in part for value in encode_execution(of, row)],
            )
            if cursor.rowcount != len(part):
                raise Conflict(f"{len(part) - cursor.rowcount} of {len(part)} executions are there already")


def update(old: ExecutionRow, new: ExecutionRow, *, reopening: bool = False) -> None:
    """Writes what differs. The caller holds the lock; a revision that is not the locked one raises Conflict.

    Raises Archived when an archived execution is to be reopened.
    """
    if not execution_may_become(old.state, new.state, reopening=reopening):
        raise AssertionError(f"execution {new.id}: {old.state} may not become {new.state}")
    of = dialect()
    changed: dict[str, Any] = {}
    for name in EXECUTION_COLUMNS:
        before, after = getattr(old, name), getattr(new, name)
        if before is not after and before != after:
            changed[name] = encode_value(of, name, after)
    if not changed:
        return
    sets = ", ".join(f"{name} = %s" for name in changed)
    guard = " AND archived_at IS NULL" if reopening else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {EXECUTION_TABLE} SET {sets} WHERE id = %s AND revision = %s{guard}",
            [*changed.values(), encode_value(of, "id", old.id), old.revision],
        )
        if cursor.rowcount != 1 and reopening and is_archived(old.id):
            raise Archived(old.id)
        if cursor.rowcount != 1:
            raise Conflict(f"execution {old.id}")


def is_archived(execution_id: str) -> bool:
    """Whether it can only be read. False for one that does not exist."""
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {EXECUTION_TABLE} WHERE id = %s AND archived_at IS NOT NULL",
            [encode_value(of, "id", execution_id)],
        )
        return cursor.fetchone() is not None


def read(execution_id: str) -> ExecutionRow | None:
    """The execution as it is, without a lock."""
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM {EXECUTION_TABLE} WHERE id = %s", [encode_value(of, "id", execution_id)]
        )
        values = cursor.fetchone()
    return values and decode_execution(of, values)


def read_many(execution_ids: Collection[str]) -> list[ExecutionRow]:
    """Those executions that there are, in no order, without a lock."""
    of = dialect()
    if not execution_ids:
        return []
    places = ", ".join(["%s"] * len(execution_ids))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM {EXECUTION_TABLE} WHERE id IN ({places})",
            [encode_value(of, "id", execution_id) for execution_id in execution_ids],
        )
        return [decode_execution(of, values) for values in cursor.fetchall()]


def delete(execution_id: str, revision: int) -> bool:
    """Deletes an ended execution with its task runs and their logs. False: it was changed in between, or has gone."""
    encoded = encode_value(dialect(), "id", execution_id)
    with transaction.atomic(), connection.cursor() as cursor:
        # locks the execution: from here on nobody adds to it
        cursor.execute(
            f"UPDATE {EXECUTION_TABLE} SET due_at = NULL WHERE id = %s AND revision = %s", [encoded, revision]
        )
        if cursor.rowcount != 1:
            return False
        mine = f"SELECT id FROM {RUN_TABLE} WHERE execution_id = %s"
        cursor.execute(f"DELETE FROM {TaskLog._meta.db_table} WHERE task_run_id IN ({mine})", [encoded])
        cursor.execute(f"DELETE FROM {RUN_TABLE} WHERE execution_id = %s", [encoded])
        cursor.execute(f"DELETE FROM {EXECUTION_TABLE} WHERE id = %s", [encoded])
    return True


def settle_debts(execution_id: str, revision: int) -> bool:
    """Clears due_at of an ended execution, once its parent has been told and its failure workflow started.

    False: it was changed in between (revived, for one) and owes something else now.
    """
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {EXECUTION_TABLE} SET due_at = NULL WHERE id = %s AND revision = %s",
            [encode_value(of, "id", execution_id), revision],
        )
        return bool(cursor.rowcount == 1)
