"""Handing task runs to workers: claims, leases, and giving back.

A claim is one guarded UPDATE. Its revision is the fence: whoever finishes the run names the revision that the claim
gave, and a claim that has been taken away cannot be finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from executions.engine.rows import RunRow
from executions.store.columns import RUN_TABLE, decode_run, encode_value
from executions.store.dialects import Dialect, dialect
from executions.store.runs import COLUMNS, named

# What a claim sets, whoever claims.
_CLAIM = (
    "state = 'IN_PROGRESS', revision = revision + 1, polls = polls + 1, worker = %(worker)s,"
    " started_at = COALESCE(started_at, {now}), updated_at = {now}, callback_after = 0"
)


# Queues that were empty when this process last looked: there the next look comes before the attempt to claim.
_idle: set[str] = set()


def _deadline(of: Dialect) -> str:
    """SQL for the earliest timeout of a claim that begins now."""
    return of.least("expires_at", of.plus_seconds("%(now)s", "claim_seconds"))


def claim(run_id: str, worker: str, now: datetime, lease_until: datetime, *, limited: bool = False) -> RunRow | None:
    """Takes one server-side run for a worker process; None if it is not on offer (any more).

    ``limited``: the run has a limit, and the caller has made sure of it (see ``executions.limits``).

    The lease ends at ``lease_until`` unless it is renewed, or earlier with one of the task's timeouts.
    """
    of = dialect()
    deadline = _deadline(of)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {RUN_TABLE} SET {_CLAIM.format(now=of.time('%(now)s'))},"
            f" deadline_at = {deadline}, due_at = {of.least(deadline, of.time('%(until)s'))}"
            " WHERE id = %(id)s AND state = 'SCHEDULED' AND runs_on IN ('server', 'child')"
            f" AND limited = {of.boolean(limited)} AND {of.need_not_wait} RETURNING {COLUMNS}",
            {
                "id": encode_value(of, "id", run_id),
                "worker": worker,
                "now": encode_value(of, "due_at", now),
                "until": encode_value(of, "due_at", lease_until),
            },
        )
        values = cursor.fetchone()
    return values and decode_run(of, values)


def poll(queue: str, count: int, worker: str, now: datetime, *, limited: bool = False) -> list[RunRow]:
    """Takes up to ``count`` runs of a queue for an external worker: highest priority first, then oldest first.

    ``limited``: of those that have a limit, and the caller has made sure of it; else of those that have none.
    """
    of = dialect()
    deadline = _deadline(of)
    best = (
        f"SELECT id FROM {RUN_TABLE} WHERE queue = %(queue)s AND state = 'SCHEDULED' AND runs_on = 'worker'"
        f" AND limited = {of.boolean(limited)} ORDER BY priority DESC, scheduled_at LIMIT {int(count)} {of.skip_locked}"
    )
    values = {"queue": queue, "worker": worker, "now": encode_value(of, "due_at", now)}
    with connection.cursor() as cursor:
        if of.look_before_claim and queue in _idle:
            cursor.execute(best, {"queue": queue})
            if cursor.fetchone() is None:
                return []
        cursor.execute(
            # (materialised: a subquery in its place might be run again for every row, and give more each time)
            f"WITH best AS MATERIALIZED ({best})"
            f" UPDATE {RUN_TABLE} SET {_CLAIM.format(now=of.time('%(now)s'))},"
            f" deadline_at = {deadline}, due_at = {deadline}"
            f" WHERE id IN (SELECT id FROM best) AND state = 'SCHEDULED' AND {of.need_not_wait} RETURNING {COLUMNS}",
            values,
        )
        rows = [decode_run(of, found) for found in cursor.fetchall()]
    if rows:
        _idle.discard(queue)
    elif not limited:
        if len(_idle) > 10_000:
            _idle.clear()
        _idle.add(queue)
    return sorted(rows, key=lambda r: (-r.priority, r.scheduled_at))


def renew(run_ids: Sequence[str], worker: str, until: datetime) -> set[str]:
    """Extends the leases of a worker process on these runs, in one statement.

    Gives the ids that are still its own: a run that is missing was taken away or canceled.
    """
    of = dialect()
    places, ids = named(of, run_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {RUN_TABLE} SET due_at = {of.least('deadline_at', of.time('%(until)s'))}"
            f" WHERE id IN ({places}) AND worker = %(worker)s AND state = 'IN_PROGRESS' RETURNING id",
            {"until": encode_value(of, "due_at", until), "worker": worker, **ids},
        )
        return {of.decode_id(row[0]) for row in cursor.fetchall()}


def held_by(worker: str, until: datetime) -> list[tuple[str, str, int]]:
    """(execution, run, revision) of what a worker process has claimed and what is due by then: all of it, if that is
    the length of a lease from now."""
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT execution_id, id, revision FROM {RUN_TABLE}"
            " WHERE due_at <= %s AND state = 'IN_PROGRESS' AND worker = %s ORDER BY due_at",
            [encode_value(of, "due_at", until), worker],
        )
        return [
            (of.decode_id(execution), of.decode_id(run), revision) for execution, run, revision in cursor.fetchall()
        ]


def hand_over_to_child(run_id: str, revision: int) -> bool:
    """The child execution of this run exists: from now on the run waits for it and needs no lease.

    False: the run was taken away or canceled meanwhile.
    """
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {RUN_TABLE} SET worker = NULL, due_at = deadline_at"
            " WHERE id = %s AND revision = %s AND state = 'IN_PROGRESS'",
            [encode_value(of, "id", run_id), revision],
        )
        return bool(cursor.rowcount == 1)


def queue_has_limited(queue: str) -> bool:
    """Whether something with a limit is on offer in a queue."""
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {RUN_TABLE} WHERE queue = %s AND state = 'SCHEDULED' AND runs_on = 'worker'"
            f" AND limited = {of.boolean(True)} LIMIT 1",
            [queue],
        )
        return cursor.fetchone() is not None


def in_progress(name: str) -> int:
    """How many limited runs of a name are in progress, in the whole cluster."""
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM {RUN_TABLE}"
            f" WHERE name = %s AND limited = {of.boolean(True)} AND state = 'IN_PROGRESS'",
            [name],
        )
        return int(cursor.fetchone()[0])


def next_limited(name: str) -> tuple[str, str] | None:
    """(queue, id) of the limited server-side run of a name that should go next."""
    of = dialect()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT queue, id FROM {RUN_TABLE} WHERE due_at IS NOT NULL AND name = %s AND state = 'SCHEDULED'"
            f" AND runs_on = 'server' AND limited = {of.boolean(True)} ORDER BY priority DESC, scheduled_at LIMIT 1",
            [name],
        )
        found = cursor.fetchone()
    return found and (found[0], of.decode_id(found[1]))
