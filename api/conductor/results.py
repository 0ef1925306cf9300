"""TaskResult: what workers report (contracts/conductor.md, sections 1.7 and 2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from api.conductor.external_payloads import named_payload
from api.conductor.render import place_of
from executions import operations
from executions.clock import now
from executions.engine.events import Result
from executions.engine.rows import RunRow
from executions.hints import recall
from executions.models import TaskLog
from executions.states import RUN_OPEN, RunState
from executions.store import runs
from workflows_app.formats.conductor.fields import (
    LONGEST_NAME,
    Invalid,
    Problems,
    boolean,
    elements,
    free_text,
    long,
    optional_mapping,
    read,
    text,
)
from workflows_app.json_text import size_of, storable

MAX_REASON = 500
MAX_LOGS = 10
_STATES = {
    "IN_PROGRESS": RunState.IN_PROGRESS,
    "COMPLETED": RunState.COMPLETED,
    "FAILED": RunState.FAILED,
    "FAILED_WITH_TERMINAL_ERROR": RunState.FAILED_WITH_TERMINAL_ERROR,
    "CANCELED": RunState.CANCELED,
}
# What callers by reference name may write as well: the words of a task's state.
TASK_STATES = {
    **_STATES,
    "COMPLETED_WITH_ERRORS": RunState.COMPLETED_WITH_ERRORS,
    "SKIPPED": RunState.SKIPPED,
    "TIMED_OUT": RunState.TIMED_OUT,
}


@dataclass(slots=True, kw_only=True)
class TaskResult:
    workflow_instance_id: str | None = text()
    task_id: str | None = text()
    status: str | None = text()
    output_data: dict[str, Any] | None = optional_mapping()
    reason_for_incompletion: str | None = free_text()
    callback_after_seconds: int = long(0)
    worker_id: str | None = free_text()
    logs: list[Any] = elements()
    extend_lease: bool = boolean(False)
    external_output_payload_storage_path: str | None = text()


def read_result(data: dict[str, Any]) -> TaskResult:
    """Raises Invalid with everything that is wrong."""
    problems = Problems()
    result = read(TaskResult, data, "", problems)
    if result is None:
        raise Invalid(problems)
    unread = {problem.path for problem in problems}
    if not result.workflow_instance_id and "workflowInstanceId" not in unread:
        problems.note("workflowInstanceId", "Workflow Id cannot be null or empty", result.workflow_instance_id)
    if not result.task_id and "taskId" not in unread:
        problems.note("taskId", "Task ID cannot be null or empty", result.task_id)
    if not result.extend_lease and "status" not in unread:
        check_status(result.status, problems)
    if result.callback_after_seconds < 0:
        problems.note("callbackAfterSeconds", "must not be negative", result.callback_after_seconds)
    if problems:
        raise Invalid(problems)
    result.output_data = named_payload(
        "externalOutputPayloadStoragePath", result.output_data, result.external_output_payload_storage_path
    )
    return result


def check_status(status: str | None, problems: Problems) -> None:
    """Notes a status that no result can have."""
    if status not in TASK_STATES:
        problems.note("status", f"must be one of {', '.join(_STATES)}", status)


def accept(result: TaskResult, *, merge: bool = False, size: int = 0) -> RunRow | None:
    """Applies a result; gives the task as it is now. A result for a task that has ended changes nothing.

    ``size``: bytes that it came in. An output that is too large (section 6.8) fails the task for good.
    Raises operations.NotFound.
    """
    assert result.workflow_instance_id is not None
    assert result.task_id is not None
    if result.extend_lease:
        operations.extend_lease(result.workflow_instance_id, result.task_id)
        return None
    if size > settings.MAX_PAYLOAD:
        _refuse_large_output(result)
    reason = result.reason_for_incompletion
    decision = operations.report(
        result.workflow_instance_id,
        result.task_id,
        Result(
            state=TASK_STATES[result.status or ""],
            output=result.output_data or {},
            reason=reason[:MAX_REASON] if reason else None,
            worker=worker_name(result.worker_id),
            callback_after=result.callback_after_seconds,
            merge=merge,
        ),
        hint=recall(result.task_id),
    )
    _keep_logs(result)
    mine = next((run for run in decision.runs if run.id == result.task_id), None)
    return mine or runs.find(result.task_id)


def worker_name(given: str | None) -> str | None:
    """What is kept of the name that a worker gives itself. It is for people to read: none is refused for it."""
    return None if given is None else storable(given)[:LONGEST_NAME]


def _refuse_large_output(result: TaskResult) -> None:
    """Else the worker would report the same again and again."""
    size, largest = size_of(result.output_data or {}), settings.MAX_PAYLOAD
    if size > largest:
        result.output_data = {}
        result.status = RunState.FAILED_WITH_TERMINAL_ERROR
        result.reason_for_incompletion = (
            f"The output payload size: {size} of task: {result.task_id} in workflow: {result.workflow_instance_id}"
            f" is greater than the permissible limit: {largest} bytes"
        )


def _keep_logs(result: TaskResult) -> None:
    lines = []
    for line in result.logs[:MAX_LOGS]:
        if isinstance(line, dict) and line.get("log") is not None:
            lines.append(
                TaskLog(
                    task_run_id=result.task_id or "",
                    at=_time(line.get("createdTime")),
                    message=storable(str(line["log"])),
                )
            )
    if lines:
        TaskLog.objects.bulk_create(lines)


def _time(value: Any) -> datetime:
    """Milliseconds, or seconds from an SDK that writes those; now for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 10**14:
        return now()
    return datetime.fromtimestamp(value / 1000 if value > 10**11 else value, tz=UTC)


def find_by_reference(workflow_id: str, name: str) -> RunRow | None:
    """The open task of that reference name; a plain name finds the current iteration of a loop."""
    if not operations.is_id(workflow_id):
        return None
    ref, path = place_of(name)
    found = [
        run
        for run in runs.read(workflow_id, "settled = %s AND ref IN (%s, %s)", [False, ref, name])
        if run.state in RUN_OPEN
    ]
    exact = [run for run in found if (run.ref, run.path) in ((ref, path), (name, ""))]
    return next(iter(exact or found), None)
