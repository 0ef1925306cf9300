"""What must be looked at: the queries of the sweeps. Each is served by the partial index on ``due_at``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from executions.store.columns import EXECUTION_TABLE, RUN_TABLE, encode_value
from executions.store.dialects import dialect

# How long after scheduling a message is sent again, and how long to wait for the next time: 5 s, 20 s, 80 s, 5 min.
_BACKOFF = ((10, 5), (40, 20), (160, 80))
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class DueRun:
    """A task run to be looked at."""

    id: str
    execution_id: str
    queue: str | None


def offer_delayed(now: datetime, limit: int) -> list[str]:
    """Puts delayed tasks of external workers on offer whose delay is over, in one statement; gives their queues."""
    of = dialect()
    at = encode_value(of, "due_at", now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH over AS MATERIALIZED (SELECT id FROM {RUN_TABLE} WHERE due_at <= %s AND state = 'DELAYED'"
            " AND runs_on = 'worker' AND (deadline_at IS NULL OR deadline_at > %s)"
            f" ORDER BY due_at LIMIT {limit} {of.skip_locked})"
            f" UPDATE {RUN_TABLE} SET state = 'SCHEDULED', revision = revision + 1, due_at = deadline_at"
            " WHERE id IN (SELECT id FROM over) AND state = 'DELAYED' RETURNING queue",
            [at, at],
        )
        return [row[0] for row in cursor.fetchall()]


def lost_messages(queue: str, now: datetime, limit: int) -> list[str]:
    """Scheduled server-side runs of a queue that nobody has claimed in time; the next look is put off further.

    Highest priority first. Gives the ids to send again.
    """
    of = dialect()
    at = encode_value(of, "due_at", now)
    cases, values = [], []
    for age, delay in _BACKOFF:
        cases.append(f"WHEN updated_at > {of.time('%s')} THEN {of.time('%s')}")
        values += [
            encode_value(of, "due_at", now - timedelta(seconds=age)),
            encode_value(of, "due_at", now + timedelta(seconds=delay)),
        ]
    later = f"CASE {' '.join(cases)} ELSE {of.time('%s')} END"
    values.append(encode_value(of, "due_at", now + timedelta(seconds=_LONGEST)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH lost AS MATERIALIZED (SELECT id FROM {RUN_TABLE} WHERE due_at <= %s AND state = 'SCHEDULED'"
            " AND runs_on IN ('server', 'child') AND queue = %s AND (deadline_at IS NULL OR deadline_at > %s)"
            f" ORDER BY priority DESC, scheduled_at LIMIT {limit} {of.skip_locked})"
            f" UPDATE {RUN_TABLE} SET due_at = {later} WHERE id IN (SELECT id FROM lost)"
            " AND state = 'SCHEDULED' RETURNING id",
            [at, queue, at, *values],
        )
        return [of.decode_id(row[0]) for row in cursor.fetchall()]


def queues_with_lost_messages(now: datetime) -> list[str]:
    """Queues with at least one scheduled server-side run that is due."""
    of = dialect()
    at = encode_value(of, "due_at", now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT queue FROM {RUN_TABLE} WHERE due_at <= %s AND state = 'SCHEDULED'"
            " AND runs_on IN ('server', 'child') AND queue IS NOT NULL",
            [at],
        )
        return [row[0] for row in cursor.fetchall()]


def due_runs(now: datetime, limit: int) -> list[DueRun]:
    """Task runs that the engine itself must look at: timers, timeouts, leases, breaths."""
    of = dialect()
    at = encode_value(of, "due_at", now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, execution_id, queue FROM {RUN_TABLE} WHERE due_at <= %s"
            " AND NOT (state = 'SCHEDULED' AND runs_on IN ('server', 'child')"
            " AND (deadline_at IS NULL OR deadline_at > %s))"
            " AND NOT (state = 'DELAYED' AND runs_on = 'worker' AND (deadline_at IS NULL OR deadline_at > %s))"
            f" ORDER BY due_at LIMIT {limit}",
            [at, at, at],
        )
        return [DueRun(of.decode_id(i), of.decode_id(e), queue) for i, e, queue in cursor.fetchall()]


def due_executions(now: datetime, limit: int) -> list[str]:
    """Executions whose deadline has passed, or which owe something after their end."""
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {EXECUTION_TABLE} WHERE due_at <= %s ORDER BY due_at LIMIT {limit}",
            [encode_value(of, "due_at", now)],
        )
        return [of.decode_id(row[0]) for row in cursor.fetchall()]


def next_due(now: datetime) -> datetime | None:
    """The earliest moment after ``now`` at which something falls due, or None."""
    of = dialect()
    at = encode_value(of, "due_at", now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT MIN(due_at) FROM (SELECT MIN(due_at) AS due_at FROM {RUN_TABLE} WHERE due_at > %s"
            f" UNION ALL SELECT MIN(due_at) FROM {EXECUTION_TABLE} WHERE due_at > %s) dues",
            [at, at],
        )
        (value,) = cursor.fetchone()
    return value and of.decode_time(value)


def look_again(names: Sequence[str], now: datetime) -> int:
    """Makes every limited server-side run of these names that waits due now; gives how many."""
    of = dialect()
    done = 0
    for name in names:
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {RUN_TABLE} SET due_at = %s WHERE due_at IS NOT NULL AND name = %s AND state = 'SCHEDULED'"
                f" AND runs_on = 'server' AND limited = {of.boolean(True)}",
                [encode_value(of, "due_at", now), name],
            )
            done += cursor.rowcount
    return done


def put_off(run_id: str, revision: int, until: datetime | None) -> bool:
    """Sets when an ended run must be looked at again; None: never. False: it has changed meanwhile."""
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {RUN_TABLE} SET due_at = %s WHERE id = %s AND revision = %s",
            [encode_value(of, "due_at", until), encode_value(of, "id", run_id), revision],
        )
        return bool(cursor.rowcount == 1)
