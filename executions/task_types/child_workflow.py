"""Sub-workflows of Mistral's workflows (contracts/mistral.md, section 7.10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executions.actions.placing import task_id
from executions.engine.events import Result
from executions.engine.new_execution import NewExecution
from executions.engine.place import item_index
from executions.engine.rows import ExecutionRow
from executions.states import ExecutionState, RunsOn, RunState
from executions.task_types.base import TaskType, Work
from workflows_app import catalog
from workflows_app.formats.mistral import start
from workflows_app.formats.mistral.compile import COMPUTED_WORKFLOW

_ENDS = {
    ExecutionState.COMPLETED: RunState.COMPLETED,
    ExecutionState.FAILED: RunState.FAILED,
    ExecutionState.TIMED_OUT: RunState.TIMED_OUT,
    ExecutionState.TERMINATED: RunState.CANCELED,
}


class ChildWorkflow(TaskType):
    """The task's input is that of the workflow; inputs that it does not know are parameters of its execution."""

    runs_on = RunsOn.CHILD

    def child(self, work: Work, parent: ExecutionRow) -> NewExecution | Result:
        name, given = work.run.name, dict(work.input)
        if work.node.type == COMPUTED_WORKFLOW:
            name, given = str(given.get("name")), _object(given.get("input"))
        attributes, namespace = parent.attributes.value, str(parent.attributes.value.get("namespace") or "")
        workbook = str(catalog.graph(parent.version_id).options.get("workbook") or "")
        found = start.find(name, namespace, workbook)
        if found is None:
            return _refused(f"Failed to find workflow [name={name}] [namespace={namespace}]")
        graph = catalog.graph(found.id)
        known = {parameter for parameter, _ in graph.options.get("input") or ()}
        params = {key: value for key, value in given.items() if key not in known}
        env = parent.settings.value.get("env") or {}
        task = task_id(parent, work.run.ref, work.run.path)
        try:
            start.check_input(graph, {key: value for key, value in given.items() if key in known})
            start.check_params(graph, params)
        except start.CannotStart as error:
            return _refused(str(error))
        params |= {
            "namespace": namespace,
            "env": env,
            "task_execution_id": task,
            "root_execution_id": parent.root_id or parent.id,
            "index": item_index(work.run.path) or 0,
        }
        return NewExecution(
            version_id=found.id,
            format=found.format,
            name=found.name,
            number=found.number,
            input={key: value for key, value in given.items() if key in known},
            priority=parent.priority,
            settings=start.settings(graph, params, env),
            attributes={
                "description": "sub-workflow execution",
                "namespace": attributes.get("namespace") or "",
                "task_execution_id": task,
            },
        )

    def child_ended(self, child: ExecutionRow) -> Result:
        return Result(
            state=_ENDS[ExecutionState(child.state)],
            output={"result": child.output.value},
            reason=None if child.state == ExecutionState.COMPLETED else child.reason,
            child_id=child.id,
        )


def _object(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _refused(reason: str) -> Result:
    """Its task fails, and nothing has run in it: the definition may take care of that."""
    return Result(state=RunState.FAILED, reason=reason)
