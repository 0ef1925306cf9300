"""Operations on executions that run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executions import audit
from executions.engine.events import Advanced, CallbacksReset, Paused, Resumed, Stopped, Terminated, VariablesSet
from executions.engine.refusals import ENDED, NOT_PAUSED
from executions.operations.applying import apply
from executions.operations.finding import refuse_archived
from executions.operations.refusals import Conflict
from executions.states import ExecutionState


def pause(execution_id: str, *, by: str, reason: str | None = None) -> None:
    """What runs may finish, nothing new is scheduled. Pausing twice is no error."""
    apply(execution_id, Paused(reason), {ENDED: Conflict("Workflow is already completed: {id}, it cannot be paused")})
    audit.record("pause", by=by, execution_id=execution_id, reason=reason)


def resume(execution_id: str, *, by: str, reason: str | None = None) -> None:
    """What ended meanwhile takes its consequences before this returns."""
    not_paused = Conflict("The workflow {id} is not PAUSED so cannot resume.")
    apply(execution_id, Resumed(), {ENDED: not_paused, NOT_PAUSED: not_paused})
    audit.record("resume", by=by, execution_id=execution_id, reason=reason)


def terminate(execution_id: str, *, by: str, reason: str | None = None, trigger_failure_workflow: bool = False) -> None:
    """Ends an execution and its children. Terminating twice is no error; a failed one counts as terminated."""
    refuse_archived(execution_id)
    apply(
        execution_id,
        Terminated(reason=reason, trigger_failure_workflow=trigger_failure_workflow),
        {ENDED: Conflict("Cannot terminate a COMPLETED workflow: {id}")},
    )
    audit.record("terminate", by=by, execution_id=execution_id, reason=reason)


def stop(execution_id: str, state: ExecutionState, *, by: str, reason: str | None = None) -> None:
    """Ends an open execution in this state, as its definition would: COMPLETED puts out what there is. Its children
    end as well. One that has ended refuses."""
    ended = Conflict("Workflow {id} has completed and cannot be stopped")
    apply(execution_id, Stopped(state, reason), {ENDED: ended})
    audit.record(f"stop as {state}", by=by, execution_id=execution_id, reason=reason)


def advance(execution_id: str) -> None:
    """Takes the consequences of whatever is left undone. Never refused but for an unknown execution."""
    apply(execution_id, Advanced(), {})


def set_variables(execution_id: str, variables: Mapping[str, Any], *, by: str, reason: str | None = None) -> None:
    """Merges variables into those of an open execution."""
    apply(
        execution_id,
        VariablesSet(variables),
        {ENDED: Conflict("Workflow {id} has ended, its variables cannot be changed")},
    )
    audit.record(
        "set variables",
        by=by,
        execution_id=execution_id,
        reason=reason,
        detail={"variables": sorted(variables)},
    )


def reset_callbacks(execution_id: str, *, by: str, reason: str | None = None) -> None:
    """Tasks that workers have put aside for a while are offered at once."""
    apply(execution_id, CallbacksReset(), {ENDED: Conflict("Workflow {id} has ended, it has no callbacks to reset")})
    audit.record("reset callbacks", by=by, execution_id=execution_id, reason=reason)
