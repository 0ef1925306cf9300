"""What event handlers do: one function for each kind of action (contracts/conductor.md, sections 1.9 and 2.9).

An action may be begun again after its process has died. So it writes down what it acts upon before it acts
(``Doing.pin``), and acting upon the same thing twice changes nothing: an execution is started under the pinned id, a
pinned task run that has ended stays as it is, and variables are set together with the note that it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from executions import operations
from executions.clock import now
from executions.engine.events import Result
from executions.engine.rows import RunRow
from executions.events.models import EventExecution, EventMessage
from executions.ids import new_id
from executions.operations import Conflict, Illegal, NotFound
from executions.start_requests import start_requested
from executions.states import RUN_ENDED, RunState
from executions.store import executions, runs
from executions.task_types.set_variable import MAX_VARIABLES
from workflows_app.json_text import dumps

MESSAGE_ID = "conductor.event.messageId"
EVENT_NAME = "conductor.event.name"


@dataclass(frozen=True, slots=True)
class Doing:
    """One action on one message. ``given``: the action's fields, resolved. ``payload``: the message's."""

    record: EventExecution
    message: EventMessage
    given: Mapping[str, Any]
    payload: Any

    @property
    def by(self) -> str:
        return f"event handler {self.record.handler}"

    @property
    def marks(self) -> dict[str, str]:
        """What tells where something came from."""
        return {MESSAGE_ID: self.message.message_id, EVENT_NAME: self.message.event}

    def pin(self, choose: Callable[[], str]) -> str:
        """What this action acts upon: as it was written down, or as it is chosen and written down now."""
        mine = EventExecution.objects.filter(pk=self.record.pk)
        known = mine.values_list("target_id", flat=True).get()
        if known is None:
            mine.filter(target_id=None).update(target_id=choose())
            known = mine.values_list("target_id", flat=True).get()
        return str(known)


def start_workflow(doing: Doing) -> dict[str, Any]:
    """The payload's ``taskToDomain`` counts where the action names none."""
    given = dict(doing.given)
    domains = doing.payload.get("taskToDomain") if isinstance(doing.payload, Mapping) else None
    if not given.get("taskToDomain") and isinstance(domains, Mapping):
        given["taskToDomain"] = dict(domains)
    if not given.get("version"):
        given["version"] = None
    own = given.get("input")
    started = start_requested(
        given,
        doing.pin(new_id),
        input={**(own if isinstance(own, Mapping) else {}), **doing.marks},
        attributes={"event": doing.message.event},
    )
    return {"workflowId": started.id}


def complete_task(doing: Doing) -> dict[str, Any]:
    return _end_task(doing, RunState.COMPLETED)


def fail_task(doing: Doing) -> dict[str, Any]:
    return _end_task(doing, RunState.FAILED)


def terminate_workflow(doing: Doing) -> dict[str, Any]:
    execution_id = str(doing.given.get("workflowId"))
    operations.terminate(execution_id, by=doing.by, reason=doing.given.get("terminationReason"))
    return {"workflowId": execution_id}


def update_workflow_variables(doing: Doing) -> dict[str, Any]:
    """With ``appendArray`` lists are added to the end of lists; everything else replaces."""
    execution_id = str(doing.given.get("workflowId"))
    operations.execution(execution_id)
    wanted = doing.given.get("variables")
    if not isinstance(wanted, Mapping):
        raise Illegal("variables must be an object")
    with transaction.atomic():
        locked = executions.lock(execution_id, 0, now())
        if locked is None:
            raise NotFound(f"No such workflow found by id: {execution_id}")
        done = EventExecution.objects.filter(pk=doing.record.pk, state=EventExecution.State.IN_PROGRESS)
        output = {"workflowId": execution_id}
        if not done.update(state=EventExecution.State.COMPLETED, output=output, updated_at=now()):
            return output
        known = locked.variables.value
        merged = {
            key: _appended(known.get(key), value) if doing.given.get("appendArray") else value
            for key, value in wanted.items()
        }
        size = len(dumps({**known, **merged}).encode("utf-8", "surrogatepass"))
        if size > MAX_VARIABLES:
            raise Illegal(f"The variables would take {size} bytes, and may take {MAX_VARIABLES}")
        operations.set_variables(execution_id, merged, by=doing.by)
    return {"workflowId": execution_id}


ACTIONS: dict[str, Callable[[Doing], dict[str, Any]]] = {
    "start_workflow": start_workflow,
    "complete_task": complete_task,
    "fail_task": fail_task,
    "terminate_workflow": terminate_workflow,
    "update_workflow_variables": update_workflow_variables,
}


def _appended(old: Any, new: Any) -> Any:
    if not isinstance(old, list):
        return new
    return [*old, *new] if isinstance(new, list) else [*old, new]


def _end_task(doing: Doing, state: RunState) -> dict[str, Any]:
    given = doing.given
    run = operations.task_run(doing.pin(lambda: _open_run(given).id))
    own = given.get("output")
    output = {**(own if isinstance(own, Mapping) else {}), **doing.marks}
    reason = given.get("reasonForIncompletion")
    if state != RunState.COMPLETED and not reason:
        reason = f"Failed by the event {doing.message.event}"
    result = Result(state=state, output=output, reason=reason, worker=doing.by, merge=True)
    operations.report(run.execution_id, run.id, result)
    return {"workflowId": run.execution_id, "taskId": run.id, **output}


def _open_run(given: Mapping[str, Any]) -> RunRow:
    """The task run that is meant, by its id or as the latest of its reference name. Raises NotFound, Conflict."""
    if given.get("taskId"):
        run = operations.task_run(str(given["taskId"]))
    else:
        execution_id, name = str(given.get("workflowId")), str(given.get("taskRefName"))
        operations.execution(execution_id)
        ref, _, iterations = name.partition("__")
        places = {(name, ""), (ref, iterations.replace("__", "."))}
        found = runs.read(execution_id, "settled = %s AND ref IN (%s, %s)", [False, ref, name])
        found = [r for r in found if r.ref == name or (r.ref, r.path) in places]
        if not found:
            raise Conflict(f"Workflow {execution_id} has no open task {name}")
        run = next((r for r in reversed(found) if r.state not in RUN_ENDED), found[-1])
    if run.state in RUN_ENDED:
        raise Conflict(f"Task {run.ref} of workflow {run.execution_id} is {run.state}: it cannot be changed")
    return run
