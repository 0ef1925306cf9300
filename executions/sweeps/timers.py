"""Task runs that the engine itself must look at: timers, timeouts, leases that are over, plans that took a breath,
and canceled runs whose child executions must end."""

from __future__ import annotations

import logging

from executions.clock import now
from executions.engine import debts
from executions.engine.driver import Driver
from executions.engine.events import Due
from executions.store import due, runs
from executions.sweeps.process import driver

logger = logging.getLogger(__name__)

_MANY = 200


def run_once() -> int:
    """Gives how many were looked at. One that cannot be decided does not hold up the others."""
    found = due.due_runs(now(), _MANY)
    for run in found:
        process = driver()
        try:
            _look_at(process, run)
        except Exception:
            logger.exception("task run %s cannot be decided", run.id)
    return len(found)


def _look_at(process: Driver, found: due.DueRun) -> None:
    decision = process.apply(found.execution_id, Due(found.id))
    if decision is None or decision.refused is None:
        return
    run = runs.find(found.id)
    if run is None or run.due_at is None or not run.ended:
        return
    if run.child_id is not None:
        debts.pay(process, run)
        process.go_on()
    else:
        due.put_off(run.id, run.revision, None)  # it has ended: nothing is due any more
