"""What people and clients can do to executions: one function each, for every door, the admin and the console.

Each is applied under the execution's lock, is refused with one clear sentence where it is illegal, and leaves an
``Event`` for the audit. ``by`` is who does it, ``reason`` why.

    Refusal
    ├── NotFound    there is no such execution or task
    ├── Conflict    not in this state
    └── Illegal     not like this
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from executions import audit
from executions.engine.decide import (
    ENDED,
    NOT_PAUSED,
    NOTHING_TO_RETRY,
    RUN_ENDED,
    STILL_RUNNING,
    UNKNOWN_RUN,
)
from executions.engine.decision import Decision
from executions.engine.events import (
    Advanced,
    Event,
    Finished,
    LeaseExtended,
    Paused,
    Result,
    Resumed,
    Retried,
    Terminated,
    VariablesSet,
)
from executions.engine.reviving import latest_attempts
from executions.engine.rows import ExecutionRow, RunRow
from executions.engine.transact import Hint
from executions.starting import driver
from executions.states import RUN_FAILED, ExecutionState, RunState
from executions.store import executions, runs
from workflows_app import catalog


class Refusal(Exception):
    """An operation that was not done."""


class NotFound(Refusal):
    pass


class Conflict(Refusal):
    pass


class Illegal(Refusal):
    pass


# ---- finding


def execution(execution_id: str) -> ExecutionRow:
    """Raises NotFound."""
    found = executions.read(execution_id) if _is_id(execution_id) else None
    if found is None:
        raise NotFound(f"No such workflow found by id: {execution_id}")
    return found


def task_run(run_id: str) -> RunRow:
    """Raises NotFound."""
    found = runs.find(run_id) if _is_id(run_id) else None
    if found is None:
        raise NotFound(f"Task not found for taskId: {run_id}")
    return found


# ---- executions


def pause(execution_id: str, *, by: str, reason: str | None = None) -> None:
    """What runs may finish, nothing new is scheduled. Pausing twice is no error."""
    _apply(execution_id, Paused(reason), {ENDED: Conflict("Workflow is already completed: {id}, it cannot be paused")})
    audit.record("pause", by=by, execution_id=execution_id, reason=reason)


def resume(execution_id: str, *, by: str, reason: str | None = None) -> None:
    """What ended meanwhile takes its consequences before this returns."""
    not_paused = Conflict("The workflow {id} is not PAUSED so cannot resume.")
    _apply(execution_id, Resumed(), {ENDED: not_paused, NOT_PAUSED: not_paused})
    audit.record("resume", by=by, execution_id=execution_id, reason=reason)


def terminate(execution_id: str, *, by: str, reason: str | None = None, trigger_failure_workflow: bool = False) -> None:
    """Ends an execution and its children. Terminating twice is no error; a failed one counts as terminated."""
    _apply(
        execution_id,
        Terminated(reason=reason, trigger_failure_workflow=trigger_failure_workflow),
        {ENDED: Conflict("Workflow {id} has completed and cannot be terminated")},
    )
    audit.record("terminate", by=by, execution_id=execution_id, reason=reason)


def retry(execution_id: str, *, by: str, reason: str | None = None, resume_children: bool = False) -> None:
    """What failed, and what its failure canceled, runs again; parents that have ended go on as well.

    ``resume_children``: where a child execution failed, it goes on inside, instead of being started anew.
    """
    target = _failed_descendant(execution_id) if resume_children else execution_id
    _apply(
        target,
        Retried(),
        {
            STILL_RUNNING: NotFound("Workflow is still running.  status=RUNNING"),
            NOTHING_TO_RETRY: Conflict(
                "There are no retryable tasks! Use restart if you want to attempt entire workflow execution again!"
            ),
        },
    )
    audit.record("retry", by=by, execution_id=execution_id, reason=reason)


def _failed_descendant(execution_id: str) -> str:
    """The execution in which the failure really is: down through failed children."""
    current = execution(execution_id).id
    for _ in range(100):
        failed = [r for r in latest_attempts(runs.read(current)) if r.state in RUN_FAILED]
        child = next((r.child_id for r in failed if r.child_id and executions.read(r.child_id)), None)
        first_is_child = bool(failed) and failed[0].child_id is not None
        if child is None or not first_is_child:
            return current
        current = child
    return current


def restart(execution_id: str, *, by: str, reason: str | None = None, latest_version: bool = False) -> None:
    """Begins an ended execution anew, with its input; ``latest_version``: with what its name stands for now."""
    row = execution(execution_id)
    graph = catalog.graph(row.version_id)
    if not graph.restartable and row.state == ExecutionState.COMPLETED:
        raise NotFound(f"Workflow: {execution_id} is non-restartable")
    version = None
    if latest_version:
        version = catalog.Catalog().find(row.format, row.name)
        if version is None:
            raise NotFound(f"No such workflow found by name: {row.name}, version: null")
    decision = driver().restart(execution_id, version)
    if decision is None:
        raise NotFound(f"No such workflow found by id: {execution_id}")
    if decision.refused is not None:
        raise Conflict(f"Workflow: {execution_id} is not in terminal state, unable to restart.")
    audit.record("restart", by=by, execution_id=execution_id, reason=reason, detail={"latest": latest_version})


def advance(execution_id: str) -> None:
    """Takes the consequences of whatever is left undone. Never refused but for an unknown execution."""
    _apply(execution_id, Advanced(), {})


def set_variables(execution_id: str, variables: Mapping[str, Any], *, by: str) -> None:
    """Merges variables into those of an open execution."""
    _apply(
        execution_id,
        VariablesSet(variables),
        {ENDED: Conflict("Workflow {id} has ended, its variables cannot be changed")},
    )
    audit.record("set variables", by=by, execution_id=execution_id, detail={"variables": sorted(variables)})


# ---- tasks


def report(execution_id: str, run_id: str, result: Result, *, hint: Hint | None = None) -> Decision:
    """A client reports the result of a task. One for a task that has ended changes nothing and is no error."""
    if not _is_id(run_id):
        raise NotFound(f"No such task found by id: {run_id}")
    decision = _decide(execution_id, Finished(run_id, result), hint=hint)
    if decision.refused == UNKNOWN_RUN:
        raise NotFound(f"No such task found by id: {run_id}")
    return decision


def extend_lease(execution_id: str, run_id: str) -> None:
    """A worker is still at it."""
    if not _is_id(run_id):
        raise NotFound(f"No such task found by id: {run_id}")
    decision = _decide(execution_id, LeaseExtended(run_id))
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
    result = Result(state=state, output=output or {}, reason=reason, worker=by, merge=True)
    decision = report(run.execution_id, run_id, result)
    if decision.refused in (RUN_ENDED, ENDED):
        raise Conflict(f"Task {run_id} cannot be changed: {decision.refused}")
    audit.record(f"set task {state}", by=by, execution_id=run.execution_id, task_run_id=run_id, reason=reason)


# ---- what is the same for all


def _decide(execution_id: str, event: Event, *, hint: Hint | None = None) -> Decision:
    decision = driver().apply(execution_id, event, hint=hint) if _is_id(execution_id) else None
    if decision is None:
        raise NotFound(f"No such workflow found by id: {execution_id}")
    return decision


def _apply(execution_id: str, event: Event, refusals: Mapping[str, Refusal]) -> Decision:
    decision = _decide(execution_id, event)
    if decision.refused is not None and decision.refused in refusals:
        refusal = refusals[decision.refused]
        raise type(refusal)(str(refusal).format(id=execution_id))
    return decision


_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _is_id(text: str) -> bool:
    """Whether it can be one. Only the one spelling that ids are given out in: ``uuid.UUID`` takes many others."""
    return _ID.fullmatch(text) is not None
