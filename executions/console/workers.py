"""Who is there to do the work that waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from executions import redis_client, worker_beat
from executions.engine import polling
from executions.models import TaskRun
from executions.states import RunsOn, RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """``polled``: when external workers last asked for the tasks of a queue, by queue. ``served``: the queues of the
    Celery workers that are alive. None: that is not known."""

    polled: Mapping[str, datetime] | None = None
    served: frozenset[str] | None = None


UNKNOWN = Workers()


def look(runs: Iterable[TaskRun]) -> Workers:
    """What bears on the task runs that wait to be claimed. Costs nothing if none does, else one look at Redis, one
    statement, or both."""
    waiting = {run.runs_on for run in runs if run.state == RunState.SCHEDULED}
    return Workers(
        polled=_polled() if RunsOn.WORKER in waiting else None,
        served=_served() if waiting & {RunsOn.SERVER, RunsOn.CHILD} else None,
    )


def _polled() -> dict[str, datetime] | None:
    found = polling.polls()
    if not found and redis_client.quietly(lambda redis: redis.ping()) is None:
        return None
    return {
        f"{poll.domain}:{poll.name}" if poll.domain else poll.name: datetime.fromtimestamp(poll.at, UTC)
        for poll in found
    }


def _served() -> frozenset[str]:
    return frozenset(queue for row in worker_beat.alive() for queue in row.info.get("queues", ()))
