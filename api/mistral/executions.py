"""Workflow executions (contracts/mistral.md, sections 3, 5.2 and 5.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mistral import states
from api.mistral.errors import Refused, not_found
from api.mistral.execution_json import FIELDS, executions_json
from api.mistral.ids import Of
from api.mistral.listing import Column, Kind, Listing, page, read
from api.mistral.task_places import children_of
from api.mistral.wire import PROJECT, Attributes, MistralView
from api.mistral.workflows import SHELF as WORKFLOWS
from executions import operations
from executions.actions.placing import AD_HOC_RUN
from executions.engine.rows import ExecutionRow
from executions.models import Execution
from executions.operations import Conflict, NotFound
from executions.start_requests import NamedStart, prepared
from executions.starting import start
from executions.states import ExecutionState
from executions.store import executions as store

LISTING = Listing(
    name="executions",
    fields=FIELDS,
    columns={
        "id": Column(stored="id", kind=Kind.ID),
        "workflow_id": Column(stored="version__definition_id", kind=Kind.ID, of=Of.WORKFLOW),
        "workflow_name": Column(stored="name"),
        "workflow_namespace": Column(stored="version__definition__namespace"),
        "task_execution_id": Column(stored="parent_run_id", kind=Kind.ID, asks=lambda ids: children_of(ids)),
        "root_execution_id": Column(stored="root_id", kind=Kind.ID, beside="parent_run_id"),
        "state": Column(stored="state", words=states.EXECUTION),
        "state_info": Column(stored="reason"),
        "project_id": Column(fixed=PROJECT),
        "created_at": Column(stored="created_at", kind=Kind.TIME),
        "updated_at": Column(stored="updated_at", kind=Kind.TIME),
    },
    flags=("include_output",),
)
_WORDS = (states.RUNNING, states.PAUSED, states.SUCCESS, states.ERROR, states.CANCELLED)
_STOPS = {
    states.SUCCESS: ExecutionState.COMPLETED,
    states.ERROR: ExecutionState.FAILED,
    states.CANCELLED: ExecutionState.TERMINATED,
}
# What is refused, and what has no effect at all: (from, to), section 5.2.
_REFUSED = {
    (states.PAUSED, states.SUCCESS),
    (states.SUCCESS, states.PAUSED),
    (states.ERROR, states.PAUSED),
    (states.ERROR, states.SUCCESS),
    (states.CANCELLED, states.PAUSED),
    (states.CANCELLED, states.SUCCESS),
}
_TRIES = 3


def find(execution_id: str) -> ExecutionRow:
    """Raises Refused."""
    try:
        return operations.execution(execution_id)
    except NotFound:
        raise not_found("WorkflowExecution", id=execution_id) from None


def whole(row: ExecutionRow) -> dict[str, Any]:
    """All of an execution."""
    return executions_json([row], whole=True)[0]


class Executions(MistralView):
    @extend_schema(summary="Executions", operation_id="mistral_executions", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        query = read(LISTING, request)
        with_output = self.flag("include_output") or "output" in query.fields

        def render(rows: list[Execution]) -> list[dict[str, Any]]:
            return executions_json(in_order([str(row.pk) for row in rows]), output=with_output)

        rows = Execution.objects.exclude(format=AD_HOC_RUN).only("id")
        return Response(page(LISTING, query, rows, render, request))

    @extend_schema(summary="Start a workflow", request=dict[str, Any], responses={201: dict[str, Any]})
    def post(self, request: Request) -> Response:
        data = self.object_body("wf_ex", (*FIELDS, "source_execution_id"))
        execution_id = data.text("id")
        if execution_id is not None:
            execution_id = execution_id.lower()
            if not operations.is_id(execution_id):
                raise Refused(400, f"Invalid input for field/attribute id. Value: '{execution_id[:100]}'. not a UUID")
            there = store.read(execution_id)
            if there is not None:
                return Response(whole(there), status=201)
        wanted = prepared(_wanted(data), execution_id)
        row = start(wanted)
        if row is None:  # somebody else has started it under this id in this moment
            row = find(execution_id or "")
        return Response(executions_json([row])[0], status=201)


class OneExecution(MistralView):
    @extend_schema(summary="An execution", responses={200: dict[str, Any]})
    def get(self, request: Request, execution_id: str) -> Response:
        return self.one(whole(find(execution_id)))

    @extend_schema(
        summary="Pause, resume or stop an execution, or change its description",
        request=dict[str, Any],
        responses={200: dict[str, Any]},
    )
    def put(self, request: Request, execution_id: str) -> Response:
        data = self.object_body("wf_ex", FIELDS)
        row = find(execution_id)
        state, description = data.text("state"), data.text("description")
        env = (data.json_object("params") or {}).get("env")
        if env is not None and not isinstance(env, dict):
            raise Refused(400, "Invalid input for field/attribute params. env must be an object")
        if state is not None and state not in _WORDS:
            raise Refused(400, f"Cannot change state to {state}. Allowed states are: '{', '.join(_WORDS)}")
        if state is None and description is None and not env:
            raise Refused(400, "The property state, description, or env is not provided for update.")
        if description is not None and (state is not None or env):
            raise Refused(400, "The property description must be updated separately from state.")
        if env and state not in (None, states.RUNNING):
            raise Refused(
                400,
                "The property env can only be updated when workflow execution is not running or on resume from pause.",
            )
        if description is not None:
            operations.describe(row.id, description, by=self.who)
            return Response(executions_json([find(row.id)])[0])
        if env:
            try:
                operations.merge_environment(row.id, env, by=self.who)
            except Conflict as error:
                raise Refused(403, str(error)) from None
        if state is not None:
            change_state(row.id, state, data.text("state_info"), by=self.who)
        return Response(executions_json([find(row.id)])[0])

    @extend_schema(
        summary="Delete an execution with its sub-executions; force=True an open one too", responses={204: None}
    )
    def delete(self, request: Request, execution_id: str) -> Response:
        row = find(execution_id)
        if not row.ended and not self.flag("force"):
            raise Refused(
                403,
                "Only completed executions can be deleted. Use --force to override this. "
                f"Execution {row.id} is in {states.EXECUTION[row.state]} state",
            )
        if not row.ended:
            operations.terminate(row.id, by=self.who, reason="deleted")
        for _, below in [*descendants(row)][::-1]:
            operations.remove(below.id, by=self.who, reason=f"execution {row.id} is deleted")
        operations.remove(row.id, by=self.who, reason="deleted")
        return Response(None, status=204)


class SubExecutions(MistralView):
    @extend_schema(summary="An execution and all below it, down to max_depth", responses={200: dict[str, Any]})
    def get(self, request: Request, execution_id: str) -> Response:
        self.only_parameters("max_depth", "errors_only", "include_output", "fields")
        row = find(execution_id)
        rows = [row, *(found for _, found in descendants(row, self.whole("max_depth", -1)))]
        return Response({"executions": executions_json(errors_only(self, rows), output=self.flag("include_output"))})


def errors_only(view: MistralView, rows: Sequence[ExecutionRow]) -> list[ExecutionRow]:
    """Only the failed ones, if that is asked for."""
    wanted = view.flag("errors_only")
    return [row for row in rows if not wanted or states.EXECUTION[row.state] == states.ERROR]


def change_state(execution_id: str, word: str, reason: str | None, *, by: str) -> None:
    """Does what leads to this state, if anything does; the state may change meanwhile. Raises Refused."""
    for _ in range(_TRIES):
        row = find(execution_id)
        current = states.EXECUTION[row.state]
        if (current, word) in _REFUSED:
            raise Refused(
                400,
                f"Can't change workflow execution state from {current} to {word}. "
                f"[workflow={row.name}, execution_id={row.id}]",
            )
        try:
            if current == word or row.ended or (current, word) == (states.PAUSED, states.ERROR):
                return
            if word == states.PAUSED:
                operations.pause_family(execution_id, by=by, reason=reason)
            elif word == states.RUNNING:
                operations.resume_family(execution_id, by=by)
            else:
                operations.stop(execution_id, _STOPS[word], by=by, reason=reason)
        except Conflict:
            continue
        return
    raise Refused(409, f"Execution {execution_id} changes too fast; try again.")


def in_order(ids: Sequence[str]) -> list[ExecutionRow]:
    """Those executions of these that there are, in this order."""
    found = {row.id: row for row in store.read_many(ids)}
    return [found[i] for i in ids if i in found]


def descendants(row: ExecutionRow, max_depth: int = -1) -> Iterator[tuple[int, ExecutionRow]]:
    """What an execution has started, and what that has, each with its depth from 1; parents before children."""
    level, depth = [UUID(row.id)], 0
    while level and depth != max_depth:
        depth += 1
        below = Execution.objects.filter(parent_id__in=level).order_by("created_at", "id")
        level = list(below.values_list("id", flat=True))
        for found in in_order([str(pk) for pk in level]):
            yield depth, found


def _wanted(data: Attributes) -> NamedStart:
    """What a request asks to start. Raises Refused."""
    source = data.text("source_execution_id")
    name, namespace = data.text("workflow_name"), data.text("workflow_namespace", "") or ""
    given, params, description = data.json_object("input"), data.json_object("params"), data.text("description") or ""
    identifier = data.text("workflow_id") or name
    if source is not None:
        former = find(source)
        identifier = identifier or former.name
        namespace = namespace or (former.settings.value.get("params") or {}).get("namespace", "")
        given = former.input.value if given is None else given
        params = (former.settings.value.get("params") or {}) if params is None else params
        told = f"Based on the execution '{source}'"
        description = f"{description} {told}" if description else told
    if not identifier:
        raise Refused(
            400,
            "Workflow ID or workflow name must be provided. Workflow ID is recommended.",
        )
    if params and params.get("notify"):
        raise Refused(400, "The parameter notify is not supported: executions can be followed by polling.")
    if params and not namespace and isinstance(params.get("namespace"), str):
        namespace = params["namespace"]
    found = WORKFLOWS.find(identifier, namespace)
    assert found.definition is not None
    return NamedStart(
        name=found.definition.name,
        namespace=found.definition.namespace,
        input=given or {},
        params={key: value for key, value in (params or {}).items() if key != "namespace"},
        description=description,
    )


paths = [
    path("executions", Executions.as_view()),
    path("executions/<str:execution_id>", OneExecution.as_view()),
    path("executions/<str:execution_id>/executions", SubExecutions.as_view()),
]
