"""Letting executions that wait go on: signals and state updates (contracts/conductor.md, sections 1.4 and 1.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.blocking import wait_until_blocked
from api.conductor.errors import Refused
from api.conductor.openapi import query, shapes
from api.conductor.results import TaskResult, accept, find_by_reference, read_result
from api.conductor.starts import DEFAULT_WAIT, LONGEST_WAIT, answer
from api.conductor.wire import ConductorView, done
from api.conductor.workflows import who
from executions import operations
from executions.engine.rows import RunRow
from executions.states import RunsOn, RunState
from executions.store import runs
from workflows_app.formats.conductor.fields import Invalid, Problems, optional_mapping, read, text

DEFAULT_SIGNAL_WAIT_MS = 5000


@dataclass(slots=True, kw_only=True)
class StateUpdate:
    task_reference_name: str | None = text()
    task_result: dict[str, Any] | None = optional_mapping()
    variables: dict[str, Any] | None = optional_mapping()


class State(ConductorView):
    subject = "updateWorkflowAndTaskState.updateRequest"

    @extend_schema(
        summary="Set variables, complete a task, and wait for what follows",
        parameters=[query.REQUEST_ID, *query.WAIT],
        request=shapes.STATE_UPDATE,
        responses={200: shapes.RUN},
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        problems = Problems()
        wanted = read(StateUpdate, self.object_body(), "", problems)
        if wanted is None or problems:
            raise Invalid(problems)
        operations.execution(workflow_id)
        seconds = self.count("waitForSeconds", DEFAULT_WAIT)  # 0 does not wait, unlike at a start
        refs = [ref.strip() for ref in (self.text("waitUntilTaskRef") or "").split(",") if ref.strip()]
        result = None
        if wanted.task_reference_name and wanted.task_result is not None:
            result = self._result(workflow_id, wanted.task_reference_name, wanted.task_result)
        if wanted.variables:
            operations.set_variables(workflow_id, wanted.variables, by=who(request))
        if result is not None:
            accept(result)
        operations.advance(workflow_id)
        blocked = wait_until_blocked(workflow_id, refs, min(seconds, LONGEST_WAIT))
        return Response(answer(workflow_id, blocked, None, request_id=self.text("requestId")))

    def _result(self, workflow_id: str, ref: str, given: dict[str, Any]) -> TaskResult:
        """Raises Invalid, Refused."""
        run = find_by_reference(workflow_id, ref)
        if run is None:
            raise Refused(404, f"Found no running task {ref} of workflow {workflow_id} to update")
        return read_result({"status": "COMPLETED", **given, "workflowInstanceId": workflow_id, "taskId": run.id})


class Signal(ConductorView):
    @extend_schema(
        summary="Complete the task that a workflow waits in; the body is its output",
        request=shapes.MAP,
        responses={200: None},
    )
    def post(self, request: Request, workflow_id: str, status: str) -> HttpResponse:
        self.signal(workflow_id, status)
        return done()

    def signal(self, workflow_id: str, status: str) -> bool:
        """Ends the first WAIT task of the workflow or of its running children; False if there is none."""
        operations.execution(workflow_id)
        body = self.object_body()
        run = _waiting(workflow_id)
        given = {
            "workflowInstanceId": run.execution_id if run else workflow_id,
            "taskId": run.id if run else "none",
            "status": status,
            "outputData": body,
        }
        result = read_result(given)  # a wrong status is refused, whether somebody waits or not
        if run is not None:
            accept(result, merge=True)
        return run is not None


class SignalSync(Signal):
    @extend_schema(
        summary="Complete the task that a workflow waits in, and wait for what follows",
        parameters=query.SIGNAL,
        request=shapes.MAP,
        responses={200: shapes.RUN},
    )
    def post(self, request: Request, workflow_id: str, status: str) -> Response:
        millis = self.count("timeoutMillis", DEFAULT_SIGNAL_WAIT_MS) or DEFAULT_SIGNAL_WAIT_MS
        if not self.signal(workflow_id, status):
            raise Refused(404, f"Found no blocked task in workflow {workflow_id} to signal")
        blocked = wait_until_blocked(workflow_id, (), min(millis / 1000, LONGEST_WAIT))
        return Response(answer(workflow_id, blocked, self.text("returnStrategy"), request_id=None))


def _waiting(workflow_id: str) -> RunRow | None:
    """The first open WAIT task, also one with a timer; of a running child if there is none here."""
    found = [run for run in runs.read(workflow_id, "settled = %s", [False]) if not run.ended]
    mine = next((run for run in found if run.type == "WAIT"), None)
    if mine is not None:
        return mine
    for run in found:
        if run.runs_on == RunsOn.CHILD and run.state == RunState.IN_PROGRESS and run.child_id is not None:
            inner = _waiting(run.child_id)
            if inner is not None:
                return inner
    return None
