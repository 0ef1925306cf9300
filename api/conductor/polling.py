"""Handing tasks to external workers."""

from __future__ import annotations

import threading
import time
from typing import Any

from django.conf import settings

from api.conductor.render import task_json
from executions import limits, operations
from executions.clock import now
from executions.engine import polling
from executions.engine.debts import node_of
from executions.engine.events import Result
from executions.engine.rows import ExecutionRow, RunRow
from executions.hints import remember
from executions.secrets.handover import hand_over_all
from executions.states import RunState
from executions.store import claims, executions
from executions.wakeups import BELIEVED_SECONDS, board
from executions.worker import tell_of_start

# Requests of this process that may wait at a time: some threads are left for those who bring something.
_waiting = threading.BoundedSemaphore(settings.WAITING_POLLS)
# A task over its limit becomes free without a call.
_LIMITED_AGAIN = 0.2


def offer(task_type: str, worker: str, domain: str | None, count: int, seconds: float) -> list[dict[str, Any]]:
    """Up to ``count`` tasks of a type for a worker, waiting so long for the first one.

    A server with as many waiting polls as it can bear answers at once.
    """
    polling.record(task_type, domain, worker)
    queue = f"{domain}:{task_type}" if domain else task_type
    if count < 1:
        return []
    # who does not wait has no second chance: a call that is on its way would come too late
    found = _look(queue, task_type, count, worker, believe=seconds > 0)
    if not found and seconds > 0 and _waiting.acquire(blocking=False):
        try:
            found = _wait(queue, task_type, count, worker, time.monotonic() + seconds)
        finally:
            _waiting.release()
    of = _executions({run.execution_id for run in found})
    handed = hand_over_all(found)
    tasks = []
    for run in found:
        remember(run)
        execution, hand = of.get(run.execution_id), handed[run.id]
        if execution is None:  # removed in this moment
            continue
        if hand.problem is not None:
            broken = Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=hand.problem)
            operations.report(run.execution_id, run.id, broken)
            continue
        tell_of_start(run, node_of(run))
        tasks.append({**task_json(execution, run), "inputData": hand.input})
    return tasks


def _wait(queue: str, name: str, count: int, worker: str, end: float) -> list[RunRow]:
    while (left := end - time.monotonic()) > 0:
        board.wait(queue, left)
        found = _look(queue, name, count, worker)
        if found:
            return found
    return []


def _look(queue: str, name: str, count: int, worker: str, *, believe: bool = True) -> list[RunRow]:
    """What can be handed out now. ``believe``: no look at the table while this process thinks it would be in vain."""
    arrivals = board.arrivals(queue)
    if believe and board.is_empty(queue):
        return []
    found = claims.poll(queue, count, worker, now())
    left = count - len(found)
    if left == 0:
        return found
    limited = claims.queue_has_limited(queue)
    if limited:
        found += limits.poll(queue, name, left, worker, now())
    if not found:
        board.seen_empty(queue, arrivals, _LIMITED_AGAIN if limited else BELIEVED_SECONDS)
    return found


def poll_one(task_type: str, worker: str, domain: str | None) -> dict[str, Any] | None:
    """One task, or None; without waiting."""
    found = offer(task_type, worker, domain, 1, 0)
    return found[0] if found else None


def _executions(ids: set[str]) -> dict[str, ExecutionRow]:
    return {execution_id: row for execution_id in ids if (row := executions.read(execution_id)) is not None}
