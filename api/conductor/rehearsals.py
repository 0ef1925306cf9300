"""Testing a workflow without its workers (contracts/conductor.md, section 1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.openapi import shapes
from api.conductor.render import workflow_json
from api.conductor.results import TASK_STATES
from api.conductor.starts import read_request
from api.conductor.wire import ConductorView
from executions.engine.events import Result
from executions.engine.new_execution import NewExecution
from executions.simulation.rehearsal import EndlessRehearsal, MadeUp, Rehearsal, Script
from workflows_app.formats.conductor.fields import Invalid, Problems, integer, optional_mapping, read, text
from workflows_app.formats.conductor.start_request import find, find_inline

_DEEPEST = 20


@dataclass(slots=True, kw_only=True)
class Mock:
    status: str | None = text("COMPLETED")
    output: dict[str, Any] | None = optional_mapping()
    execution_time: int = integer(0)
    queue_wait_time: int = integer(0)


class TestWorkflow(ConductorView):
    subject = "testWorkflow.testRequest"

    @extend_schema(
        summary="Run a workflow with made-up task results; nothing is stored or called",
        request=shapes.TEST_REQUEST,
        responses={200: shapes.WORKFLOW},
    )
    def post(self, request: Request) -> Response:
        data = self.object_body()
        wanted = read_request(data)
        problems = Problems()
        script = read_script(data, "", problems)
        if problems:
            raise Invalid(problems)
        inline = wanted.workflow_def is not None
        found = find_inline(wanted.workflow_def) if inline else find(wanted.name or "", wanted.version)
        rehearsal = Rehearsal(
            NewExecution(
                version_id=found.id,
                format=found.format,
                name=found.name,
                number=found.number,
                input=wanted.input or {},
                correlation_id=wanted.correlation_id,
                priority=wanted.priority or 0,
            ),
            script,
        )
        try:
            rehearsal.run()
        except EndlessRehearsal as error:
            raise Refused(400, str(error)) from None
        return Response(workflow_json(rehearsal.execution, rehearsal.memory.in_order()))


def read_script(data: dict[str, Any], path: str, problems: Problems, depth: int = 0) -> Script:
    """``taskRefToMockOutput`` and ``subWorkflowTestRequest`` of a request; notes what is wrong."""
    mocks = _mapping(data, "taskRefToMockOutput", path, problems)
    children = _mapping(data, "subWorkflowTestRequest", path, problems)
    if depth >= _DEEPEST:
        problems.note(f"{path}subWorkflowTestRequest", f"nested deeper than {_DEEPEST} workflows")
        return Script()
    results = {}
    for ref, given in mocks.items():
        here = f"{path}taskRefToMockOutput[{ref}]"
        if not isinstance(given, list):
            problems.note(here, "must be a list of results")
            continue
        found = [_made_up(mock, f"{here}[{i}]", problems) for i, mock in enumerate(given)]
        results[ref] = [made_up for made_up in found if made_up is not None]
    nested = {}
    for ref, given in children.items():
        here = f"{path}subWorkflowTestRequest[{ref}]"
        if isinstance(given, dict):
            nested[ref] = read_script(given, f"{here}.", problems, depth + 1)
        else:
            problems.note(here, "must be a test request")
    return Script(results, nested)


def _mapping(data: dict[str, Any], name: str, path: str, problems: Problems) -> dict[str, Any]:
    found = data.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        problems.note(f"{path}{name}", "must be an object")
        return {}
    return found


def _made_up(given: Any, path: str, problems: Problems) -> MadeUp | None:
    mock = read(Mock, given, path, problems)
    if mock is None:
        return None
    if mock.status not in TASK_STATES:
        problems.note(f"{path}.status", f"must be one of {', '.join(TASK_STATES)}", mock.status)
        return None
    if mock.execution_time < 0 or mock.queue_wait_time < 0:
        problems.note(path, "executionTime and queueWaitTime must not be negative")
        return None
    result = Result(state=TASK_STATES[mock.status], output=mock.output or {})
    return MadeUp(result, waited=mock.queue_wait_time / 1000, took=mock.execution_time / 1000)
