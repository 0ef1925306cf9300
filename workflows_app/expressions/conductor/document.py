"""What a path meets: the workflow and its tasks, in Conductor's words.

The document has a member ``workflow`` and one for each task that has run, under its reference name. It is never built
as a whole; a path is given the one field that it begins with.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from workflows_app.expressions.base import ExpressionError, RunView, Scope

WORKFLOW = "workflow"
OUTPUT = "output"
SCHEMA_VERSION = 2

Getter = Callable[[Scope], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

# Conductor's word for a field of the execution
_WORKFLOW_FIELDS = {
    "input": "input",
    "output": "output",
    "workflowId": "id",
    "parentWorkflowId": "parent_id",
    "parentWorkflowTaskId": "parent_run_id",
    "workflowType": "name",
    "version": "number",
    "correlationId": "correlation_id",
    "reasonForIncompletion": "reason",
    "variables": "variables",
}
# states that Conductor has no word for
_STATUSES = {"DELAYED": "SCHEDULED", "WAITING": "IN_PROGRESS"}
_TASK_TYPES = {"FORK_JOIN": "FORK", "FORK_JOIN_DYNAMIC": "FORK"}
_NAMED_BY_TYPE = frozenset({"FORK_JOIN", "FORK_JOIN_DYNAMIC", "JOIN", "SWITCH", "DECISION", "EXCLUSIVE_JOIN"})


def getter(name: str, key: str) -> Getter:
    """A function that reads the field ``key`` of the workflow or of a task; None if there is no such field or run."""
    if name == WORKFLOW:
        return _workflow_getter(key)
    if key == OUTPUT:
        return lambda scope: scope.run_output(name)
    if key == "input":
        return lambda scope: scope.run_input(name)
    field = _TASK_FIELDS.get(key)
    if field is None:
        return _nothing

    def get(scope: Scope) -> Any:
        run = scope.run(name)
        return None if run is None else field(run, scope)

    return get


def whole(scope: Scope, name: str) -> dict[str, Any] | None:
    """The workflow with all its fields, or a task; None if the task has not run."""
    if name == WORKFLOW:
        keys = (*_WORKFLOW_FIELDS, "status", "schemaVersion")
    elif scope.run(name) is not None:
        keys = ("input", OUTPUT, *_TASK_FIELDS)
    else:
        return None
    return {key: getter(name, key)(scope) for key in keys}


class ScopeDocument:
    """The root document of the paths of one scope."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def part(self, name: str, key: str | None) -> Any:
        return whole(self._scope, name) if key is None else getter(name, key)(self._scope)

    def whole(self) -> Any:
        raise ExpressionError("must begin with workflow or the reference name of a task")


def reference_name(run: RunView) -> str:
    """The name of one run: inside of loops the reference name with the iterations, outermost first (``ref__2__1``)."""
    iterations = [part for part in run.path.split(".") if part.isdigit()] if run.path else []
    return "__".join((run.ref, *iterations))


def _workflow_getter(key: str) -> Getter:
    if key == "schemaVersion":
        return lambda scope: SCHEMA_VERSION
    if key == "status":
        return lambda scope: str(scope.execution["state"])
    field = _WORKFLOW_FIELDS.get(key)
    return _nothing if field is None else lambda scope: scope.execution[field]


def _nothing(scope: Scope) -> None:
    return None


def _milliseconds(moment: datetime | None) -> int:
    return 0 if moment is None else (moment - _EPOCH) // _MILLISECOND


def _iteration(run: RunView, scope: Scope) -> Any:
    """A loop counts its own iterations, everything else those of the loop around it."""
    if run.type == "DO_WHILE":
        output = scope.run_output(run.ref)
        return output.get("iteration", run.iteration) if isinstance(output, dict) else run.iteration
    return run.iteration


_TASK_FIELDS: dict[str, Callable[[RunView, Scope], Any]] = {
    "taskType": lambda run, scope: run.name if run.type == "SIMPLE" else _TASK_TYPES.get(run.type, run.type),
    "status": lambda run, scope: _STATUSES.get(run.state, str(run.state)),
    "referenceTaskName": lambda run, scope: reference_name(run),
    "retryCount": lambda run, scope: run.attempt,
    "correlationId": lambda run, scope: scope.execution["correlation_id"],
    "pollCount": lambda run, scope: run.polls,
    "taskDefName": lambda run, scope: _TASK_TYPES.get(run.type, run.type) if run.type in _NAMED_BY_TYPE else run.name,
    "scheduledTime": lambda run, scope: _milliseconds(run.scheduled_at),
    "startTime": lambda run, scope: _milliseconds(run.started_at),
    "endTime": lambda run, scope: _milliseconds(run.ended_at),
    "workflowInstanceId": lambda run, scope: run.execution_id,
    "taskId": lambda run, scope: run.id,
    "reasonForIncompletion": lambda run, scope: run.reason,
    "callbackAfterSeconds": lambda run, scope: int(run.callback_after),
    "workerId": lambda run, scope: run.worker,
    "iteration": _iteration,
}
