"""Limits that hold in the whole cluster: so many tasks of a name at a time, and so many in a window of time.

Tasks with a limit are handed out under the lock of their name's ``TaskLimit``. How many are in progress is counted
there and then: a worker that dies, or a row that is repaired, leaves no counter wrong. What the limits are is said by
the task definition that counts now, not by the one that a task was scheduled with.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import transaction

from executions.engine.debts import node_of
from executions.engine.rows import RunRow
from executions.models import TaskLimit
from executions.store import claims, due
from workflows_app import catalog
from workflows_app.policies import Limits

_PLENTY = 1_000_000
_LOOK_AGAIN = timedelta(seconds=10)


def poll(queue: str, name: str, count: int, worker: str, now: datetime) -> list[RunRow]:
    """Hands out up to ``count`` tasks of an external worker's queue, as far as the limits of the name go."""
    with transaction.atomic():
        limit = _locked(name)
        free = _free(limit, _current(name), now)
        if free <= 0:
            return []
        found = claims.poll(queue, min(count, free), worker, now, limited=True)
        _hand_out(limit, len(found), now)
        return found


def claim(run: RunRow, worker: str, now: datetime, lease_until: datetime) -> RunRow | None:
    """Claims one server-side run, if its limits allow it now; else it is due when they may allow it."""
    with transaction.atomic():
        limit = _locked(run.name)
        limits = _current(run.name) or _declared(run)
        if _free(limit, limits, now) <= 0:
            due.put_off(run.id, run.revision, _next_chance(limit, limits, now))
            return None
        found = claims.claim(run.id, worker, now, lease_until, limited=True)
        _hand_out(limit, 1 if found else 0, now)
        return found


def changed(names: Iterable[str], now: datetime) -> None:
    """Limits of these names may be others from now on: what waits under the old ones is looked at again."""
    due.look_again(list(names), now)


def _next_chance(limit: TaskLimit, limits: Limits, now: datetime) -> datetime:
    """When the oldest of the window drops out of it; a place under a concurrency limit is told of when it is free."""
    chance = now + _LOOK_AGAIN
    if limits.rate and len(limit.handed_out) >= limits.rate:
        chance = now + timedelta(seconds=limits.rate_period) - (now - _time(limit.handed_out[0]))
    return chance


def _time(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, tz=UTC)


def _locked(name: str) -> TaskLimit:
    TaskLimit.objects.bulk_create([TaskLimit(name=name)], ignore_conflicts=True)
    return TaskLimit.objects.select_for_update().get(name=name)


def _current(name: str) -> Limits | None:
    """The limits of the task definition that counts now; None without a definition."""
    found = catalog.Catalog().task_definitions([name]).get(name)
    return None if found is None else catalog.policy(found).limits


def _declared(run: RunRow) -> Limits:
    """What the node or the function itself declares."""
    from executions import task_types

    node = node_of(run)
    policy = node.policy or task_types.find(node.type, node.name).policy or node.default_policy
    return policy.limits


def _free(limit: TaskLimit, limits: Limits | None, now: datetime) -> int:
    """How many more may be handed out now."""
    if limits is None:
        return _PLENTY
    free = _PLENTY
    if limits.concurrency:
        free = min(free, limits.concurrency - claims.in_progress(limit.name))
    if limits.rate:
        begin = (now - timedelta(seconds=limits.rate_period)).timestamp()
        limit.handed_out = [at for at in limit.handed_out if at > begin]
        free = min(free, limits.rate - len(limit.handed_out))
    else:
        limit.handed_out = []
    return free


def _hand_out(limit: TaskLimit, count: int, now: datetime) -> None:
    """Remembers for the window of the rate limit; without one there is nothing to remember."""
    if not count:
        return
    limits = _current(limit.name)
    if limits is None or limits.rate:
        limit.handed_out = [*limit.handed_out, *[now.timestamp()] * count][-10_000:]
        limit.save(update_fields=["handed_out"])
