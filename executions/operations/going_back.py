"""Operations that take executions back: retry, restart, rerun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executions import audit
from executions.engine.events import Retried
from executions.engine.refusals import NOTHING_TO_RETRY, STILL_RUNNING
from executions.engine.reviving import latest_attempts
from executions.engine.rewinding import Rewind
from executions.engine.rows import RunRow
from executions.operations.applying import apply, unless_archived
from executions.operations.finding import execution, is_id
from executions.operations.refusals import Conflict, Illegal, NotFound
from executions.starting import driver
from executions.states import RUN_FAILED, ExecutionState
from executions.store import executions, runs
from workflows_app import catalog

_DEEPEST = 100


def retry(execution_id: str, *, by: str, reason: str | None = None, resume_children: bool = False) -> None:
    """What failed, and what its failure canceled, runs again; parents that have ended go on as well.

    ``resume_children``: where a child execution failed, it goes on inside, instead of being started anew.
    """
    target = _failed_descendant(execution_id) if resume_children else execution_id
    with unless_archived(target):
        apply(
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
    for _ in range(_DEEPEST):
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
    with unless_archived(execution_id):
        decision = driver().restart(execution_id, version)
    if decision is None:
        raise NotFound(f"No such workflow found by id: {execution_id}")
    if decision.refused is not None:
        raise Conflict(f"Workflow: {execution_id} is not in terminal state, unable to restart.")
    audit.record("restart", by=by, execution_id=execution_id, reason=reason, detail={"latest": latest_version})


def rerun(
    execution_id: str,
    run_id: str | None,
    *,
    by: str,
    reason: str | None = None,
    input: Mapping[str, Any] | None = None,
    execution_input: Mapping[str, Any] | None = None,
    correlation_id: str | None = None,
) -> None:
    """Runs an ended execution again from one of its tasks, or of its children's; from the start without ``run_id``.

    The task begins in its own row; what followed from it is deleted, what runs beside it stays, ancestors go on.
    ``input`` replaces the task's input as it is, ``execution_input`` that of the execution it belongs to.
    """
    holder = execution(execution_id).id if run_id is None else _holder(execution_id, run_id)
    with unless_archived(holder):
        if run_id is None:
            decision = driver().restart(holder, None, input=execution_input, correlation_id=correlation_id)
        else:
            wanted = Rewind(run_id=run_id, input=input, execution_input=execution_input, correlation_id=correlation_id)
            decision = driver().rerun(holder, wanted)
    if decision is None:
        raise NotFound(f"No such workflow found by id: {execution_id}")
    if decision.refused == STILL_RUNNING:
        raise Conflict(f"Workflow: {holder} is not in terminal state, unable to rerun.")
    if decision.refused is not None:
        raise Illegal(f"Task {run_id} not found")
    audit.record("rerun", by=by, execution_id=holder, task_run_id=run_id, reason=reason)


def _holder(execution_id: str, run_id: str) -> str:
    """The execution that a task run belongs to: this one or one of its descendants."""
    execution(execution_id)
    run: RunRow | None = runs.find(run_id) if is_id(run_id) else None
    current = run.execution_id if run else None
    for _ in range(_DEEPEST):
        if current == execution_id and run is not None:
            return run.execution_id
        row = executions.read(current) if current else None
        current = row.parent_id if row else None
    raise Illegal(f"Task {run_id} not found")
