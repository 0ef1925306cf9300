"""Handing tasks to external workers."""

from __future__ import annotations

import time
from typing import Any

from api.conductor.render import task_json
from executions import limits
from executions.engine import polling
from executions.engine.debts import node_of
from executions.engine.rows import ExecutionRow, RunRow
from executions.engine.transact import now
from executions.hints import remember
from executions.store import claims, executions
from executions.waiting import wait_for
from executions.worker import tell_of_start


def offer(task_type: str, worker: str, domain: str | None, count: int, seconds: float) -> list[dict[str, Any]]:
    """Up to ``count`` tasks of a type for a worker, waiting so long for the first one."""
    polling.record(task_type, domain, worker)
    queue = f"{domain}:{task_type}" if domain else task_type
    if count < 1:
        return []
    found = wait_for(lambda: _take(queue, task_type, count, worker) or None, seconds) or []
    of = _executions({run.execution_id for run in found})
    tasks = []
    for run in found:
        remember(run)
        tell_of_start(run, node_of(run))
        execution = of.get(run.execution_id)
        if execution is not None:  # removed in this moment
            tasks.append(task_json(execution, run))
    return tasks


# When this process last looked for tasks with a limit in a queue, by the monotonic clock.
_looked: dict[str, float] = {}
_LOOK_EVERY = 0.2


def _take(queue: str, name: str, count: int, worker: str) -> list[RunRow]:
    """What can be handed out now; tasks without a limit first."""
    found = claims.poll(queue, count, worker, now())
    left = count - len(found)
    moment = time.monotonic()
    if left > 0 and moment - _looked.get(queue, -1.0) >= _LOOK_EVERY:
        if claims.queue_has_limited(queue):
            return found + limits.poll(queue, name, left, worker, now())
        if len(_looked) > 10_000:
            _looked.clear()
        _looked[queue] = moment
    return found


def poll_one(task_type: str, worker: str, domain: str | None) -> dict[str, Any] | None:
    """One task, or None; without waiting."""
    found = offer(task_type, worker, domain, 1, 0)
    return found[0] if found else None


def _executions(ids: set[str]) -> dict[str, ExecutionRow]:
    return {execution_id: row for execution_id in ids if (row := executions.read(execution_id)) is not None}
