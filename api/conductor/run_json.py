"""Results of synchronous calls: WorkflowRun and TaskRun (contracts/conductor.md, section 2.10)."""

from __future__ import annotations

from typing import Any

from api.conductor.blocking import Blocked
from api.conductor.render import output_of, reference_name, task_json, task_type, tasks_json
from api.conductor.times import millis
from executions.engine.rows import ExecutionRow, RunRow
from executions.store import runs

_OF_THE_TASK = ("BLOCKING_TASK", "BLOCKING_TASK_INPUT")


def run_json(target: ExecutionRow, blocked: Blocked | None, strategy: str, request_id: str | None) -> dict[str, Any]:
    """What the return strategy asks for. Without a blocking task it is the target workflow, whatever was asked for."""
    common = {
        "targetWorkflowId": target.id,
        "targetWorkflowStatus": target.state,
        "requestId": request_id,
        "signalTimeout": blocked is None,
    }
    task = blocked.run if blocked else None
    if strategy in _OF_THE_TASK and blocked is not None and task is not None:
        found = {"responseType": strategy, **common, **_task_run(blocked.execution, task)}
    elif strategy == "BLOCKING_WORKFLOW" and blocked is not None:
        found = {"responseType": strategy, **common, **_workflow_run(blocked.execution)}
    else:
        found = {"responseType": "TARGET_WORKFLOW", **common, **_workflow_run(target)}
    return {k: v for k, v in found.items() if v is not None}


def _workflow_run(execution: ExecutionRow) -> dict[str, Any]:
    return {
        "workflowId": execution.id,
        "correlationId": execution.correlation_id,
        "input": execution.input.value,
        "output": output_of(execution),
        "priority": execution.priority,
        "variables": execution.variables.value,
        "tasks": tasks_json(execution, runs.read(execution.id)),
        "createdBy": execution.attributes.value.get("createdBy"),
        "createTime": millis(execution.created_at),
        "status": execution.state,
        "updateTime": millis(execution.ended_at),
        "reasonForIncompletion": execution.reason,
    }


def _task_run(execution: ExecutionRow, run: RunRow) -> dict[str, Any]:
    task = task_json(execution, run)
    return {
        "workflowId": execution.id,
        "correlationId": execution.correlation_id,
        "input": task["inputData"],
        "output": task["outputData"],
        "taskType": task_type(run),
        "taskId": run.id,
        "referenceTaskName": reference_name(run.ref, run.path),
        "retryCount": run.attempt,
        "taskDefName": task["taskDefName"],
        "retriedTaskId": task.get("retriedTaskId"),
        "workflowType": execution.name,
        "reasonForIncompletion": run.reason,
        "priority": execution.priority,
        "variables": execution.variables.value,
        "createdBy": run.worker,
        "createTime": millis(run.started_at),
        "updateTime": millis(run.updated_at),
        "status": task["status"],
    }
