"""SUB_WORKFLOW: a child execution, by name and version or from an inline definition
(contracts/conductor.md, sections 3.6 and 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executions.engine.events import Result
from executions.engine.new_execution import CHILDREN, NewExecution
from executions.engine.rows import ExecutionRow
from executions.states import ExecutionState, RunsOn, RunState
from executions.task_types.base import TaskType, Work
from workflows_app.catalog import Found
from workflows_app.formats.conductor.fields import Invalid, whole_number
from workflows_app.formats.conductor.start_request import NoSuchWorkflow, find, find_inline

_ENDS = {
    ExecutionState.COMPLETED: RunState.COMPLETED,
    ExecutionState.FAILED: RunState.FAILED,
    ExecutionState.TIMED_OUT: RunState.TIMED_OUT,
    ExecutionState.TERMINATED: RunState.CANCELED,
}


class SubWorkflow(TaskType):
    """``subWorkflowParam`` names the workflow; the task's inputs are the child's input."""

    runs_on = RunsOn.CHILD

    def child(self, work: Work, parent: ExecutionRow) -> NewExecution | Result:
        given = work.input
        inline = work.node.options.get("definition") or given.get("subWorkflowDefinition")
        try:
            pinned = parent.settings.value.get(CHILDREN, {})
            found = find_inline(inline, "workflowDefinition") if inline else _named(given, pinned)
        except (NoSuchWorkflow, Invalid) as error:
            return Result(state=RunState.FAILED, reason=str(error))
        own_input = given.get("workflowInput") or given
        domains = given.get("subWorkflowTaskToDomain") or parent.settings.value.get("domains")
        return NewExecution(
            version_id=found.id,
            format=found.format,
            name=found.name,
            number=found.number,
            input={**own_input, "_systemMetadata": {"dynamic": True}} if inline else own_input,
            correlation_id=parent.correlation_id,
            priority=_priority(given.get("priority")),
            settings={"domains": domains} if isinstance(domains, Mapping) else {},
        )

    def child_ended(self, child: ExecutionRow) -> Result:
        reason = None
        if child.state != ExecutionState.COMPLETED:
            reason = f"Sub workflow {child.name}.{child.number}/{child.id} failure reason: {child.reason or ''}"
        return Result(
            state=_ENDS[ExecutionState(child.state)],
            output={**child.output.value, "subWorkflowId": child.id},
            reason=reason,
            child_id=child.id,
        )


def _named(given: Mapping[str, Any], pinned: Mapping[str, int]) -> Found:
    """``pinned``: what the latest versions were when the parent began."""
    name, version = given.get("subWorkflowName"), given.get("subWorkflowVersion")
    if version is None:
        version = pinned.get(str(name))
    if isinstance(version, str):
        number = whole_number(version)
        version = version if number is None else number
    if isinstance(version, float) and version.is_integer():
        version = int(version)
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        raise NoSuchWorkflow(f"No such workflow defined. name={name}, version={version}")
    return find(str(name), version or None)


def _priority(value: Any) -> int:
    """0..99; anything else is 0."""
    try:
        return min(max(int(value or 0), 0), 99)
    except (TypeError, ValueError):
        return 0
