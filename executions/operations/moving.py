"""Operations that change the way of a running execution: skipping a task, jumping to one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executions import audit
from executions.engine.events import Skipped
from executions.engine.refusals import BEEN_THERE, IN_A_BODY, NOT_RUNNING, UNKNOWN_REF
from executions.engine.rewinding import Rewind
from executions.operations.applying import apply, raise_refusal
from executions.operations.finding import execution
from executions.operations.refusals import Conflict, Illegal, NotFound, Refusal
from executions.starting import driver


def skip(
    execution_id: str,
    ref: str,
    *,
    by: str,
    reason: str | None = None,
    input: Mapping[str, Any] | None = None,
    output: Mapping[str, Any] | None = None,
) -> None:
    """A task that the flow has not reached yet will not be done: the flow goes on behind it, with this output."""
    refusals = _refusals(ref)
    apply(execution_id, Skipped(ref, input or {}, output or {}), refusals)
    audit.record("skip task", by=by, execution_id=execution_id, reason=reason, detail={"task": ref})


def jump(
    execution_id: str, ref: str, *, by: str, reason: str | None = None, input: Mapping[str, Any] | None = None
) -> None:
    """A running execution goes on at a task. What is open on the way there is canceled; if the task has run before,
    what followed from it is deleted. ``input`` is added to the task's own; for one that has run, it replaces it."""
    execution(execution_id)
    decision = driver().rerun(execution_id, Rewind(ref=ref, input=input))
    if decision is None:
        raise NotFound(f"No such workflow found by id: {execution_id}")
    raise_refusal(decision, execution_id, _refusals(ref))
    audit.record("jump", by=by, execution_id=execution_id, reason=reason, detail={"task": ref})


def _refusals(ref: str) -> dict[str, Refusal]:
    return {
        NOT_RUNNING: Conflict("Workflow {id} is not running so the task " + _literal(ref) + " cannot be changed"),
        UNKNOWN_REF: Illegal("The task " + _literal(ref) + " does not exist in the WorkflowDefinition of {id}"),
        IN_A_BODY: Illegal("The task " + _literal(ref) + " is inside of a loop: only the whole loop can be chosen"),
        BEEN_THERE: Conflict("The task " + _literal(ref) + " has already been processed, cannot be skipped"),
    }


def _literal(text: str) -> str:
    """For a text that is formatted later."""
    return text.replace("{", "{{").replace("}", "}}")
