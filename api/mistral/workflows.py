"""Workflow definitions (contracts/mistral.md, section 3)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mistral.definition_json import workflow_json
from api.mistral.definitions import Shelf, check_scope, validity
from api.mistral.errors import Refused
from api.mistral.ids import Of, is_uuid
from api.mistral.listing import page, read
from api.mistral.wire import MistralView
from executions import audit
from executions.models import Schedule
from workflows_app import registration
from workflows_app.formats.mistral.drafts import NAME, read_workflows
from workflows_app.formats.mistral.own_actions import with_own_actions
from workflows_app.models import Definition
from workflows_app.registration import Draft

SHELF = Shelf(NAME, Of.WORKFLOW, "Workflow", "workflow_identifier", "WorkflowDefinition")
LISTING = SHELF.listing(
    "workflows",
    (
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
    ),
)


class Workflows(MistralView):
    takes_text = True

    @extend_schema(summary="Workflows", operation_id="mistral_workflows", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        query = read(LISTING, request)
        return Response(page(LISTING, query, SHELF.current(), lambda rows: [workflow_json(r) for r in rows], request))

    @extend_schema(summary="Create the workflows of a text", request=str, responses={201: dict[str, Any]})
    def post(self, request: Request) -> Response:
        check_scope(self)
        stored = SHELF.create(self._drafts(), self.who)
        audit.record("create workflows", by=self.who, detail={"workflows": [version.name for version in stored]})
        answered = [workflow_json(version, in_answer=True) for version in stored]
        for found in answered:  # what is new has not been changed
            del found["updated_at"]
        return Response({"workflows": answered}, status=201)

    @extend_schema(summary="Change the workflows of a text", request=str, responses={200: dict[str, Any]})
    def put(self, request: Request) -> Response:
        check_scope(self)
        stored = SHELF.update(self._drafts(), self.who)
        audit.record("update workflows", by=self.who, detail={"workflows": [version.name for version in stored]})
        return Response({"workflows": [workflow_json(version, in_answer=True) for version in stored]})

    def _drafts(self) -> list[Draft]:
        found = read_workflows(self.definition_text(), self.parameter("namespace"))
        return [with_own_actions(draft) for draft in found]


class OneWorkflow(MistralView):
    takes_text = True

    @extend_schema(summary="A workflow, by id or name", responses={200: dict[str, Any]})
    def get(self, request: Request, identifier: str) -> Response:
        return self.one(workflow_json(SHELF.find(identifier, self.parameter("namespace"))))

    @extend_schema(summary="Change a workflow, by id; it may be renamed", request=str, responses={200: dict[str, Any]})
    def put(self, request: Request, identifier: str) -> Response:
        check_scope(self)
        if not is_uuid(identifier):
            raise Refused(400, f"The workflow to change must be named by its id, not {identifier[:100]!r}")
        old = SHELF.find(identifier).definition
        assert old is not None
        found = read_workflows(self.definition_text(), self.parameter("namespace") or old.namespace)
        if len(found) != 1:
            raise Refused(400, "More than one workflows are not supported for update with UUID provided.")
        with transaction.atomic():
            try:
                registration.rename(old, found[0].name, found[0].namespace)
            except registration.AlreadyExists:
                raise SHELF.duplicate(found[0].name) from None
            stored = registration.save(with_own_actions(found[0]), overwrite=True, by=self.who)
        audit.record("update workflows", by=self.who, detail={"workflows": [stored.name]})
        return Response(workflow_json(stored, in_answer=True))

    @extend_schema(summary="Delete a workflow, by id or name; its executions stay", responses={204: None})
    def delete(self, request: Request, identifier: str) -> Response:
        with transaction.atomic():
            deleted = SHELF.delete(identifier, self.parameter("namespace"))
            assert deleted.definition is not None
            _refuse_triggered(deleted.definition)
        audit.record("delete workflow", by=self.who, detail={"workflow": deleted.name})
        return Response(None, status=204)


class ValidateWorkflow(MistralView):
    takes_text = True

    @extend_schema(summary="Whether a text defines workflows", request=str, responses={200: dict[str, Any]})
    def post(self, request: Request) -> Response:
        return Response(validity(lambda: read_workflows(self.definition_text())))


def _refuse_triggered(definition: Definition) -> None:
    """Raises Refused. The lock on the metadata's generation is held: no trigger is made for it in this moment."""
    mine = Schedule.objects.filter(format=NAME, workflow_name=definition.name)
    for request in mine.values_list("request", flat=True):
        if request.get("namespace", "") == definition.namespace:
            shown = f"[workflow={definition.name}]"
            raise Refused(400, f"Can't delete workflow that has cron triggers associated. {shown}")


paths = [
    path("workflows", Workflows.as_view()),
    path("workflows/validate", ValidateWorkflow.as_view()),
    path("workflows/<str:identifier>", OneWorkflow.as_view()),
]
