"""Handing tasks to external workers."""

from __future__ import annotations

from typing import Any

from api.conductor.render import task_json
from executions.engine import polling
from executions.engine.rows import ExecutionRow
from executions.engine.transact import now
from executions.hints import remember
from executions.store import claims, executions
from executions.waiting import wait_for


def offer(task_type: str, worker: str, domain: str | None, count: int, seconds: float) -> list[dict[str, Any]]:
    """Up to ``count`` tasks of a type for a worker, waiting so long for the first one."""
    polling.record(task_type, domain, worker)
    queue = f"{domain}:{task_type}" if domain else task_type
    if count < 1:
        return []
    found = wait_for(lambda: claims.poll(queue, count, worker, now()) or None, seconds) or []
    of = _executions({run.execution_id for run in found})
    tasks = []
    for run in found:
        remember(run)
        execution = of.get(run.execution_id)
        if execution is not None:  # removed in this moment
            tasks.append(task_json(execution, run))
    return tasks


def poll_one(task_type: str, worker: str, domain: str | None) -> dict[str, Any] | None:
    """One task, or None; without waiting."""
    found = offer(task_type, worker, domain, 1, 0)
    return found[0] if found else None


def _executions(ids: set[str]) -> dict[str, ExecutionRow]:
    return {execution_id: row for execution_id in ids if (row := executions.read(execution_id)) is not None}
