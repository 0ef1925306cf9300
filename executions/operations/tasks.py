"""Operations on single tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executions import audit
from executions.engine.decide import ENDED, RUN_ENDED, UNKNOWN_RUN
from executions.engine.decision import Decision
from executions.engine.events import Finished, LeaseExtended, Result
from executions.engine.transact import Hint
from executions.operations.applying import decide
from executions.operations.finding import is_id, task_run
from executions.operations.refusals import Conflict, Illegal, NotFound
from executions.states import RunState

# Their ends are those of what they hold.
CONTAINERS = ("JOIN", "EXCLUSIVE_JOIN", "DO_WHILE")


def report(execution_id: str, run_id: str, result: Result, *, hint: Hint | None = None) -> Decision:
    """A client reports the result of a task. One for a task that has ended changes nothing and is no error."""
    if not is_id(run_id):
        raise NotFound(f"No such task found by id: {run_id}")
    decision = decide(execution_id, Finished(run_id, result), hint=hint)
    if decision.refused == UNKNOWN_RUN:
        raise NotFound(f"No such task found by id: {run_id}")
    return decision


def extend_lease(execution_id: str, run_id: str) -> None:
    """A worker is still at it."""
    if not is_id(run_id):
        raise NotFound(f"No such task found by id: {run_id}")
    decision = decide(execution_id, LeaseExtended(run_id))
    if decision.refused == UNKNOWN_RUN:
        raise NotFound(f"No such task found by id: {run_id}")


def complete_by_hand(
    run_id: str,
    *,
    by: str,
    state: RunState = RunState.COMPLETED,
    output: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Somebody ends an open task, whoever has it now."""
    run = task_run(run_id)
    if run.type in CONTAINERS:
        raise Illegal(f"Task {run_id} waits for other tasks: it ends with them, or the execution jumps past it")
    result = Result(state=state, output=output or {}, reason=reason, worker=by, merge=True)
    decision = report(run.execution_id, run_id, result)
    if decision.refused in (RUN_ENDED, ENDED):
        raise Conflict(f"Task {run_id} cannot be changed: {decision.refused}")
    audit.record(f"set task {state}", by=by, execution_id=run.execution_id, task_run_id=run_id, reason=reason)
