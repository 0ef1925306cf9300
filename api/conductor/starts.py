"""Starting and executing workflows (contracts/conductor.md, section 1.2)."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.blocking import Blocked, wait_until_blocked
from api.conductor.errors import Refused
from api.conductor.external_payloads import named_payload
from api.conductor.openapi import query, shapes
from api.conductor.run_json import run_json
from api.conductor.wire import ConductorView, plain
from executions import operations
from executions.engine.admission import NotAdmitted
from executions.engine.new_execution import NewExecution
from executions.engine.rows import ExecutionRow
from executions.idempotency import KeyTaken, start_once
from workflows_app.formats.conductor.fields import LONGEST_NAME, Invalid, Problems, read, whole_number
from workflows_app.formats.conductor.start_request import NoSuchWorkflow, StartWorkflowRequest, find, find_inline

DEFAULT_WAIT = 10
LONGEST_WAIT = 120
PRIORITIES = range(100)


def read_request(data: dict[str, Any], *, name_needed: bool = True) -> StartWorkflowRequest:
    """Raises Invalid, Refused."""
    if "input" in data and data["input"] is None and not data.get("externalInputPayloadStoragePath"):
        raise Refused(400, "NULL input passed when starting workflow")
    problems = Problems()
    request = read(StartWorkflowRequest, data, "", problems)
    if request is None:
        raise Invalid(problems)
    if name_needed and data.get("name") in (None, "") and request.workflow_def is None:
        problems.note("name", "Workflow name cannot be null or empty")
    if request.priority is not None and request.priority not in PRIORITIES:
        limit = "minimum 0" if request.priority < 0 else "maximum 99"
        problems.note("priority", f"priority: {request.priority} should be {limit}", request.priority)
    for task, domains in (request.task_to_domain or {}).items():
        if any(len(domain.strip()) > LONGEST_NAME for domain in (domains or "").split(",")):
            problems.note(f"taskToDomain[{task}]", f"a domain must not be longer than {LONGEST_NAME} characters")
    if problems:
        raise Invalid(problems)
    request.input = named_payload(
        "externalInputPayloadStoragePath", request.input, request.external_input_payload_storage_path
    )
    return request


def start(request: StartWorkflowRequest, *, by: str, dynamic_mark: bool = False) -> ExecutionRow:
    """Starts what is asked for, or gives the execution that its idempotency key stands for.

    ``dynamic_mark``: the input of an inline definition gets the mark of such. Raises NoSuchWorkflow, Invalid, Refused.
    """
    inline = request.workflow_def is not None
    found = find_inline(request.workflow_def) if inline else find(request.name or "", request.version)
    given = request.input or {}
    if inline and dynamic_mark:
        given = {**given, "_systemMetadata": {"dynamic": True}}
    attributes = {"createdBy": request.created_by or by or None}
    wanted = NewExecution(
        version_id=found.id,
        format=found.format,
        name=found.name,
        number=found.number,
        input=given,
        correlation_id=request.correlation_id,
        priority=request.priority or 0,
        idempotency_key=request.idempotency_key or None,
        settings={"domains": request.task_to_domain} if request.task_to_domain else {},
        attributes={k: v for k, v in attributes.items() if v is not None},
    )
    try:
        return start_once(wanted, request.idempotency_strategy or "FAIL")
    except KeyTaken as error:
        raise Refused(409, str(error)) from None
    except NotAdmitted as error:
        raise Refused(429, str(error)) from None


class Start(ConductorView):
    subject = "startWorkflow.startWorkflowRequest"

    @extend_schema(summary="Start a workflow", request=shapes.START_REQUEST, responses={200: str})
    def post(self, request: Request) -> HttpResponse:
        wanted = read_request(self.object_body())
        self.payload(wanted.input or {})
        return plain(start(wanted, by=_who(request)).id)


class StartByName(ConductorView):
    subject = "startWorkflow"

    @extend_schema(
        summary="Start a workflow by name; the body is its input",
        parameters=[query.VERSION, query.CORRELATION_ID, query.PRIORITY],
        request=shapes.MAP,
        responses={200: str},
    )
    def post(self, request: Request, name: str) -> HttpResponse:
        wanted = read_request(
            {
                "name": name,
                "version": self.integer("version"),
                "correlationId": self.text("correlationId"),
                "priority": self.integer("priority", 0),
                "input": self.payload(self.object_body()),
            }
        )
        try:
            return plain(start(wanted, by=_who(request)).id)
        except NoSuchWorkflow:
            shown = "null" if wanted.version is None else wanted.version
            raise Refused(404, f"No such workflow found by name: {name}, version: {shown}") from None


class Execute(ConductorView):
    subject = "executeWorkflow.request"

    @extend_schema(
        summary="Start a workflow and wait for its end",
        parameters=[query.REQUEST_ID, *query.WAIT, query.STRATEGY],
        request=shapes.START_REQUEST,
        responses={200: shapes.RUN},
    )
    def post(self, request: Request, name: str, version: str) -> Response:
        data = self.object_body()
        number = _version(version)
        wanted = read_request(data, name_needed=False)
        self.payload(wanted.input or {})
        strategy, request_id = self.text("returnStrategy"), self.text("requestId")
        wanted.name, wanted.version = name, number or None
        seconds = self.count("waitForSeconds", DEFAULT_WAIT) or DEFAULT_WAIT
        refs = [ref for ref in (self.text("waitUntilTaskRef") or "").split(",") if ref.strip()]
        started = start(wanted, by=_who(request), dynamic_mark=True)
        blocked = wait_until_blocked(started.id, [r.strip() for r in refs], min(seconds, LONGEST_WAIT))
        return Response(answer(started.id, blocked, strategy, request_id=request_id or str(uuid.uuid4())))


def answer(target_id: str, blocked: Blocked | None, strategy: str | None, *, request_id: str | None) -> dict[str, Any]:
    """The result of a synchronous call (section 2.10). ``blocked`` None: the time was over."""
    return run_json(operations.execution(target_id), blocked, strategy or "TARGET_WORKFLOW", request_id)


def _version(text: str) -> int:
    number = whole_number(text)
    if number is None:
        raise Refused(400, f"version must be a whole number, not {text[:100]!r}")
    return number


def _who(request: Request) -> str:
    return str(request.user) if request.user.is_authenticated else ""
