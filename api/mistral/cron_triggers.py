"""Cron triggers: workflows that are started by the clock (contracts/mistral.md, section 3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mistral.errors import Refused, not_found
from api.mistral.ids import Of, number_of, public_id
from api.mistral.listing import Column, Kind, Listing, page, read
from api.mistral.wire import PROJECT, MistralView, document, stamp
from api.mistral.workflows import SHELF as WORKFLOWS
from executions.models import Schedule
from executions.schedules import cron, keeping, triggers
from executions.start_requests import NamedStart, prepared
from workflows_app.formats.mistral.drafts import NAME as MISTRAL
from workflows_app.models import MetadataGeneration

_FIELDS = (
    "id",
    "name",
    "workflow_name",
    "workflow_id",
    "workflow_input",
    "workflow_params",
    "project_id",
    "scope",
    "pattern",
    "remaining_executions",
    "first_execution_time",
    "next_execution_time",
    "created_at",
    "updated_at",
)
LISTING = Listing(
    name="cron_triggers",
    fields=_FIELDS,
    columns={
        "id": Column(stored="pk", kind=Kind.ID, of=Of.CRON_TRIGGER),
        "name": Column(stored="name"),
        "workflow_name": Column(stored="workflow_name"),
        "project_id": Column(fixed=PROJECT),
        "scope": Column(fixed="private"),
        "pattern": Column(stored="cron_expression"),
        "remaining_executions": Column(stored="remaining", kind=Kind.NUMBER),
        "first_execution_time": Column(stored="start_at", kind=Kind.TIME),
        "next_execution_time": Column(stored="next_due", kind=Kind.TIME),
        "created_at": Column(stored="created_at", kind=Kind.TIME),
        "updated_at": Column(stored="updated_at", kind=Kind.TIME),
    },
)
_FIRST_TIME = "%Y-%m-%d %H:%M"


def trigger_json(row: Schedule) -> dict[str, Any]:
    request = row.request
    return {
        "id": public_id(Of.CRON_TRIGGER, row.pk),
        "name": row.name,
        "workflow_name": row.workflow_name,
        "workflow_id": request.get("workflow_id"),
        "workflow_input": document(request.get("input") or {}),
        "workflow_params": document(request.get("params") or {}),
        "project_id": PROJECT,
        "scope": "private",
        "pattern": row.cron_expression,
        "remaining_executions": row.remaining,
        "first_execution_time": stamp(row.start_at),
        "next_execution_time": stamp(row.next_due),
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at) if row.updated_at != row.created_at else None,
    }


def find(identifier: str) -> Schedule:
    """By name or id. Raises Refused."""
    rows = Schedule.objects.filter(format=MISTRAL)
    number = number_of(Of.CRON_TRIGGER, identifier)
    row = rows.filter(pk=number).first() if number is not None else rows.filter(name=identifier).first()
    if row is None:
        raise not_found("Cron trigger", identifier=identifier)
    return row


class CronTriggers(MistralView):
    @extend_schema(summary="Cron triggers", operation_id="mistral_cron_triggers", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        query = read(LISTING, request)
        rows = Schedule.objects.filter(format=MISTRAL)
        return Response(page(LISTING, query, rows, lambda found: [trigger_json(r) for r in found], request))

    @extend_schema(summary="Create a cron trigger", request=dict[str, Any], responses={201: dict[str, Any]})
    def post(self, request: Request) -> Response:
        data = self.object_body("cron_trigger", _FIELDS)
        name = data.name()
        if not name:
            raise Refused(400, "Invalid input for field/attribute name. Value: 'None'. Mandatory field missing.")
        identifier = data.text("workflow_id") or data.text("workflow_name")
        if not identifier:
            raise Refused(400, "Workflow ID or workflow name must be provided. Workflow ID is recommended.")
        params = data.json_object("workflow_params") or {}
        first_time = _first_time(data.text("first_execution_time"))
        pattern = data.text("pattern", longest=200)
        with transaction.atomic():
            MetadataGeneration.bump()  # nobody deletes the workflow in this moment
            version = WORKFLOWS.find(identifier, str(params.get("namespace") or ""))
            definition = version.definition
            assert definition is not None
            wanted = NamedStart(
                name=definition.name,
                namespace=definition.namespace,
                input=data.json_object("workflow_input") or {},
                params={k: v for k, v in params.items() if k != "namespace"},
            )
            prepared(wanted)
            draft = triggers.Draft(
                name=name,
                workflow_name=definition.name,
                workflow_id=public_id(Of.WORKFLOW, definition.pk),
                request=wanted,
                pattern=pattern or None,
                first_time=first_time,
                count=data.whole("remaining_executions"),
            )
            try:
                row = triggers.create(draft, public_id=lambda pk: public_id(Of.CRON_TRIGGER, pk), by=self.who)
            except cron.CronError as error:
                raise Refused(400, str(error)) from None
        return Response(trigger_json(row), status=201)


class CronTrigger(MistralView):
    @extend_schema(summary="A cron trigger, by name or id", responses={200: dict[str, Any]})
    def get(self, request: Request, identifier: str) -> Response:
        return self.one(trigger_json(find(identifier)))

    @extend_schema(summary="Delete a cron trigger", responses={204: None})
    def delete(self, request: Request, identifier: str) -> Response:
        if not keeping.delete(find(identifier).name, by=self.who):
            raise not_found("Cron trigger", identifier=identifier)
        return Response(None, status=204)


def _first_time(text: str | None) -> datetime | None:
    """Raises Refused."""
    if not text:
        return None
    for shape in (_FIRST_TIME, "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        try:
            return datetime.strptime(text.strip(), shape).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise Refused(400, f"Invalid value for first_execution_time: {text[:100]}. Format: YYYY-MM-DD HH:MM.")


paths = [
    path("cron_triggers", CronTriggers.as_view()),
    path("cron_triggers/<str:identifier>", CronTrigger.as_view()),
]
