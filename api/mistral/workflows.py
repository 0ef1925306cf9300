"""Workflow definitions (contracts/mistral.md, section 3)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mistral.definition_json import workflow_json
from api.mistral.errors import Refused, not_found
from api.mistral.ids import Of, is_uuid, number_of
from api.mistral.listing import Column, Kind, Listing, page, read
from api.mistral.wire import PROJECT, MistralView
from executions import audit
from executions.models import Schedule
from executions.schedules import triggers
from workflows_app import registration
from workflows_app.formats import format_named
from workflows_app.formats.base import Unreadable
from workflows_app.models import Definition, Version
from workflows_app.registration import Draft

FORMAT = "mistral"
FIELDS = (
    "id",
    "name",
    "namespace",
    "input",
    "interface",
    "definition",
    "checksum",
    "tags",
    "scope",
    "project_id",
    "created_at",
    "updated_at",
)
LISTING = Listing(
    name="workflows",
    fields=FIELDS,
    columns={
        "id": Column(stored="definition__pk", of=Of.WORKFLOW, kind=Kind.ID),
        "name": Column(stored="definition__name"),
        "namespace": Column(stored="definition__namespace"),
        "definition": Column(stored="source"),
        "scope": Column(fixed="private"),
        "project_id": Column(fixed=PROJECT),
        "created_at": Column(stored="definition__created_at", kind=Kind.TIME),
        "updated_at": Column(stored="created_at", kind=Kind.TIME),
    },
)


def current() -> QuerySet[Version]:
    """The version that counts of every workflow."""
    return Version.objects.filter(current=True, definition__format=FORMAT).select_related("definition")


def find(identifier: str, namespace: str = "") -> Version:
    """By id or by name. Raises Refused."""
    number = number_of(Of.WORKFLOW, identifier)
    rows = current()
    if number is not None:
        found = rows.filter(definition_id=number).first()
    else:
        found = rows.filter(definition__name=identifier, definition__namespace=namespace).first()
    if found is None:
        raise not_found("Workflow", workflow_identifier=identifier, namespace=namespace)
    return found


def drafts(text: str, namespace: str) -> list[Draft]:
    """The workflows of a text, in order. Raises Unreadable."""
    return format_named(FORMAT).read_workflows(text, namespace)  # type: ignore[attr-defined,no-any-return]


def check_scope(view: MistralView) -> None:
    """Raises Refused: what is defined belongs to the one project."""
    scope = view.parameter("scope", "private") or "private"
    if scope not in ("private", "public"):
        raise Refused(400, "Scope must be one of the following: private, public; actual: " + scope[:100])
    if scope == "public":
        raise Refused(403, "Operation forbidden (insufficient permissions): there is one project, all is private to it")


class Workflows(MistralView):
    takes_text = True

    @extend_schema(summary="Workflows", operation_id="mistral_workflows", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        query = read(LISTING, request)
        return Response(page(LISTING, query, current(), lambda rows: [workflow_json(r) for r in rows], request))

    @extend_schema(summary="Create the workflows of a text", request=str, responses={201: dict[str, Any]})
    def post(self, request: Request) -> Response:
        check_scope(self)
        found = drafts(self.definition_text(), self.parameter("namespace"))
        stored = []
        with transaction.atomic():
            for draft in found:
                try:
                    stored.append(registration.save(draft, overwrite=False, by=self.who))
                except registration.AlreadyExists:
                    raise duplicate(draft.name) from None
        names = [draft.name for draft in found]
        audit.record("create workflows", by=self.who, detail={"workflows": names})
        return Response({"workflows": [workflow_json(v, created=True, in_answer=True) for v in stored]}, status=201)

    @extend_schema(summary="Change the workflows of a text", request=str, responses={200: dict[str, Any]})
    def put(self, request: Request) -> Response:
        check_scope(self)
        namespace = self.parameter("namespace")
        found = drafts(self.definition_text(), namespace)
        stored = []
        with transaction.atomic():
            for draft in found:
                find(draft.name, namespace)
                stored.append(registration.save(draft, overwrite=True, by=self.who))
        names = [draft.name for draft in found]
        audit.record("update workflows", by=self.who, detail={"workflows": names})
        return Response({"workflows": [workflow_json(v, in_answer=True) for v in stored]})


class OneWorkflow(MistralView):
    takes_text = True

    @extend_schema(summary="A workflow, by id or name", responses={200: dict[str, Any]})
    def get(self, request: Request, identifier: str) -> Response:
        return self.one(workflow_json(find(identifier, self.parameter("namespace"))))

    @extend_schema(summary="Change a workflow, by id; it may be renamed", request=str, responses={200: dict[str, Any]})
    def put(self, request: Request, identifier: str) -> Response:
        check_scope(self)
        if not is_uuid(identifier):
            raise Refused(400, f"The workflow to change must be named by its id, not {identifier[:100]!r}")
        old = find(identifier)
        assert old.definition is not None
        found = drafts(self.definition_text(), self.parameter("namespace") or old.definition.namespace)
        if len(found) != 1:
            raise Refused(400, "More than one workflows are not supported for update with UUID provided.")
        draft = found[0]
        with transaction.atomic():
            try:
                registration.rename(old.definition, draft.name, draft.namespace)
            except registration.AlreadyExists:
                raise duplicate(draft.name) from None
            stored = registration.save(draft, overwrite=True, by=self.who)
        audit.record("update workflows", by=self.who, detail={"workflows": [draft.name]})
        return Response(workflow_json(stored, in_answer=True))

    @extend_schema(summary="Delete a workflow, by id or name; its executions stay", responses={204: None})
    def delete(self, request: Request, identifier: str) -> Response:
        found = find(identifier, self.parameter("namespace"))
        definition = found.definition
        assert definition is not None
        with transaction.atomic():
            withdrawn = registration.withdraw(FORMAT, definition.name, found.number, definition.namespace)
            if not withdrawn:
                raise not_found("Workflow", workflow_identifier=identifier, namespace=definition.namespace)
            _refuse_triggered(definition)
        audit.record("delete workflow", by=self.who, detail={"workflow": definition.name})
        return Response(None, status=204)


class ValidateWorkflow(MistralView):
    takes_text = True

    @extend_schema(summary="Whether a text defines workflows", request=str, responses={200: dict[str, Any]})
    def post(self, request: Request) -> Response:
        return Response(validity(lambda: drafts(self.definition_text(), "")))


def validity(read_it: Any) -> dict[str, Any]:
    """What validation answers, which is never an error."""
    try:
        read_it()
    except Unreadable as error:
        return {"valid": False, "error": f"Invalid DSL: {error}"}
    except Refused as error:
        return {"valid": False, "error": error.message}
    return {"valid": True}


def duplicate(name: str) -> Refused:
    return Refused(409, f"Duplicate entry for WorkflowDefinition ['name', 'namespace', 'project_id']: {name}")


def _refuse_triggered(definition: Definition) -> None:
    """Raises Refused. The lock on the metadata's generation is held: no trigger is made for it in this moment."""
    for request in Schedule.objects.filter(format=triggers.FORMAT, workflow_name=definition.name).values_list(
        "request", flat=True
    ):
        if request.get("namespace", "") == definition.namespace:
            raise Refused(
                400,
                "Can't delete workflow that has cron triggers associated. [workflow=" + definition.name + "]",
            )


paths = [
    path("workflows", Workflows.as_view()),
    path("workflows/validate", ValidateWorkflow.as_view()),
    path("workflows/<str:identifier>", OneWorkflow.as_view()),
]
