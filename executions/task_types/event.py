"""EVENT: tells event handlers, or a queue outside, that something happened (contracts/conductor.md, section 4.6)."""

from __future__ import annotations

from typing import Any

from executions.engine.events import Message, Result
from executions.engine.tools import Opening, Task
from executions.states import RunState
from executions.task_types.base import TaskType
from workflows_app import sinks


class PublishEvent(TaskType):
    """``sink``: ``conductor`` (the event ``conductor:<workflow>:<reference name>``), ``conductor:name`` (the event
    ``conductor:<workflow>:name``), or a queue outside (``workflows_app.sinks``).

    The task's inputs are the payload, with what identifies the workflow; they are its output as well. It is over when
    the message is stored, which its own transition does; with ``asyncComplete`` somebody must complete it.
    """

    def open(self, task: Task) -> Opening:
        sink = task.input.get("sink")
        output = _payload(task)
        if not isinstance(sink, str) or not sink.strip():
            reason = f"The sink of the EVENT task {task.node.ref} is empty, or no text"
            return Opening(result=Result(state=RunState.FAILED, reason=reason, output=output))
        event = _event(sink.strip(), task)
        output = {"event_produced": event, **output}
        problem = sinks.problem(event)
        if problem is not None:
            reason = f"Error loading queue:{event}, for task:{task.run_id}, error: {problem}"
            return Opening(result=Result(state=RunState.FAILED, reason=reason, output=output))
        message = Message(event, output, outgoing=event.partition(":")[0] != sinks.INTERNAL)
        if task.node.completed_outside:
            return Opening(output=output, message=message)
        return Opening(result=Result(state=RunState.COMPLETED, output=output), message=message)


def _event(sink: str, task: Task) -> str:
    kind, _, name = sink.partition(":")
    if kind != sinks.INTERNAL:
        return sink
    return f"{kind}:{task.execution.name}:{name or task.node.ref}"


def _payload(task: Task) -> dict[str, Any]:
    execution = task.execution
    return {
        **task.input,
        "workflowInstanceId": execution.id,
        "workflowType": execution.name,
        "workflowVersion": execution.number,
        "correlationId": execution.correlation_id,
        "taskToDomain": execution.settings.value.get("domains") or {},
    }
