"""Operations on single tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executions import audit
from executions.engine.decision import Decision
from executions.engine.events import Finished, LeaseExtended, Result, TaskPassedOver, TaskRunAgain
from executions.engine.refusals import ENDED, NO_ITEMS, NOT_FAILED, NOT_RUNNING, RUN_ENDED, UNKNOWN_RUN
from executions.engine.transact import Hint
from executions.operations.applying import decide, raise_refusal
from executions.operations.finding import execution, is_id, refuse_archived, task_run
from executions.operations.refusals import Conflict, Illegal, NotFound, Refusal
from executions.states import RunState

# Their ends are those of what they hold.
CONTAINERS = ("JOIN", "EXCLUSIVE_JOIN", "DO_WHILE")


def report(execution_id: str, run_id: str, result: Result, *, hint: Hint | None = None) -> Decision:
    """A client reports the result of a task. One for a task that has ended changes nothing and is no error."""
    _refuse_strange_id(execution_id, run_id)
    decision = decide(execution_id, Finished(run_id, result), hint=hint)
    if decision.refused == UNKNOWN_RUN:
        raise NotFound(f"No such task found by id: {run_id}")
    return decision


def extend_lease(execution_id: str, run_id: str) -> None:
    """A worker is still at it."""
    _refuse_strange_id(execution_id, run_id)
    decision = decide(execution_id, LeaseExtended(run_id))
    if decision.refused == UNKNOWN_RUN:
        raise NotFound(f"No such task found by id: {run_id}")


def _refuse_strange_id(execution_id: str, run_id: str) -> None:
    """No task has this id; but if there is no such execution either, that is what the caller should know."""
    if not is_id(run_id):
        execution(execution_id)
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


def run_task_again(run_id: str, *, by: str, reason: str | None = None, afresh: bool = True) -> None:
    """A failed task gets another attempt, and its execution goes on; parents that have ended do as well. Everything
    else stays as it is. ``afresh``: of a list of items all run again, and not only those that have failed."""
    run = task_run(run_id)
    refuse_archived(run.execution_id)
    decision = decide(run.execution_id, TaskRunAgain(run_id, afresh))
    raise_refusal(decision, run.execution_id, _not_mended(run_id))
    audit.record("run task again", by=by, execution_id=run.execution_id, task_run_id=run_id, reason=reason)


def pass_over_task(run_id: str, *, by: str, reason: str | None = None) -> None:
    """The flow goes on behind a failed task, as if it had been skipped."""
    run = task_run(run_id)
    refuse_archived(run.execution_id)
    decision = decide(run.execution_id, TaskPassedOver(run_id))
    raise_refusal(decision, run.execution_id, _not_mended(run_id))
    audit.record("pass over task", by=by, execution_id=run.execution_id, task_run_id=run_id, reason=reason)


def _not_mended(run_id: str) -> dict[str, Refusal]:
    return {
        UNKNOWN_RUN: NotFound(f"Task not found for taskId: {run_id}"),
        NOT_FAILED: Conflict(f"Task {run_id} has not failed: only a failed task can be run again or skipped"),
        NO_ITEMS: Illegal(f"Task {run_id} is no list of items: it can only be run again as a whole"),
        NOT_RUNNING: Conflict("Workflow {id} is paused: resume it before a task of it is run again or skipped"),
        ENDED: Conflict("Workflow {id} has completed: none of its tasks can be run again or skipped"),
    }
