"""Executions whose deadline has passed, and ended ones that still owe something to a parent or a failure workflow."""

from __future__ import annotations

import logging

from executions.clock import now
from executions.engine import debts
from executions.engine.events import ExecutionDue
from executions.store import due
from executions.store import executions as store
from executions.sweeps.process import driver

logger = logging.getLogger(__name__)

_MANY = 200


def run_once() -> int:
    """Gives how many were looked at. One that cannot be decided does not hold up the others."""
    found = due.due_executions(now(), _MANY)
    for execution_id in found:
        process = driver()
        try:
            execution = store.read(execution_id)
            if execution is None:
                continue
            if execution.ended:
                process.later(lambda e=execution, p=process: debts.settle(p, e))  # type: ignore[misc]
                process.go_on()
            else:
                process.apply(execution_id, ExecutionDue())
        except Exception:
            logger.exception("execution %s cannot be decided", execution_id)
    return len(found)
