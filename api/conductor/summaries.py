"""Search results: summaries of workflows and tasks (contracts/conductor.md, section 2.7).

Unlike in the whole objects, times are texts, and inputs and outputs are the texts of JSON documents.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from api.conductor.render import NAMED_BY_TYPE, output_of, shown_state, task_type
from executions.engine.rows import ExecutionRow, RunRow
from workflows_app.json_text import dumps


def iso(time: datetime | None) -> str | None:
    """``2026-01-31T10:00:00.123Z``."""
    if time is None:
        return None
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def milliseconds_between(start: datetime | None, end: datetime | None) -> int:
    """0 where one of them has not come."""
    return int((end - start).total_seconds() * 1000) if start and end else 0


def workflow_summary(execution: ExecutionRow) -> dict[str, Any]:
    attributes = execution.attributes.value
    failed = execution.failed_refs.value if execution.failed_refs else []
    given, result = execution.input.text, dumps(output_of(execution))
    found: dict[str, Any] = {
        "workflowType": execution.name,
        "version": execution.number,
        "workflowId": execution.id,
        "correlationId": execution.correlation_id,
        "startTime": iso(execution.created_at),
        "updateTime": iso(execution.updated_at),
        "endTime": iso(execution.ended_at),
        "status": execution.state,
        "input": given,
        "output": result,
        "inputSize": len(given),
        "outputSize": len(result),
        "reasonForIncompletion": execution.reason,
        "executionTime": milliseconds_between(execution.created_at, execution.ended_at),
        "event": attributes.get("event"),
        "failedReferenceTaskNames": ",".join(ref for ref, _ in failed),
        "failedTaskNames": sorted({name for _, name in failed}),
        "priority": execution.priority,
        "createdBy": attributes.get("createdBy"),
        "taskToDomain": execution.settings.value.get("domains") or {},
        "idempotencyKey": execution.idempotency_key or attributes.get("idempotencyKey"),
        "parentWorkflowId": execution.parent_id or "",
        "classifier": "workflow",
    }
    return {k: v for k, v in found.items() if v is not None}


def task_summary(execution: ExecutionRow, run: RunRow) -> dict[str, Any]:
    found: dict[str, Any] = {
        "workflowId": run.execution_id,
        "workflowType": execution.name,
        "correlationId": execution.correlation_id,
        "scheduledTime": iso(run.scheduled_at),
        "startTime": iso(run.started_at),
        "updateTime": iso(run.updated_at),
        "endTime": iso(run.ended_at),
        "status": shown_state(run),
        "reasonForIncompletion": run.reason,
        "executionTime": milliseconds_between(run.started_at, run.ended_at),
        "queueWaitTime": max(milliseconds_between(run.scheduled_at, run.started_at), 0),
        "taskDefName": NAMED_BY_TYPE.get(run.type, run.name),
        "taskType": task_type(run),
        "input": run.input.text,
        "output": run.output.text,
        "taskId": run.id,
        "workflowPriority": run.priority,
        "domain": run.domain,
    }
    return {k: v for k, v in found.items() if v is not None}
