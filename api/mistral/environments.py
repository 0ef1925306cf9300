"""Environments: named variables for executions (contracts/mistral.md, sections 3 and 7.13)."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.mistral.errors import Refused, not_found
from api.mistral.listing import Column, Kind, Listing, page, read
from api.mistral.wire import PROJECT, Attributes, MistralView, document, stamp
from executions import audit
from workflows_app.models import Environment

_FIELDS = ("id", "name", "description", "variables", "scope", "project_id", "created_at", "updated_at")
LISTING = Listing(
    name="environments",
    fields=_FIELDS,
    columns={
        "id": Column(stored="id", kind=Kind.ID),
        "name": Column(stored="name"),
        "description": Column(stored="description"),
        "scope": Column(fixed="private"),
        "project_id": Column(fixed=PROJECT),
        "created_at": Column(stored="created_at", kind=Kind.TIME),
        "updated_at": Column(stored="updated_at", kind=Kind.TIME),
    },
)


def environment_json(row: Environment) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "description": row.description,
        "variables": document(row.variables),
        "scope": "private",
        "project_id": PROJECT,
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
    }


class Environments(MistralView):
    @extend_schema(summary="Environments", operation_id="mistral_environments", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        query = read(LISTING, request)
        rows = Environment.objects.all()
        return Response(page(LISTING, query, rows, lambda found: [environment_json(r) for r in found], request))

    @extend_schema(summary="Create an environment", request=dict[str, Any], responses={201: dict[str, Any]})
    def post(self, request: Request) -> Response:
        data = self.object_body("env", _FIELDS)
        name = _name(data)
        row = Environment(
            name=name,
            description=data.text("description") or "",
            variables=data.json_object("variables") or {},
            created_at=timezone.now(),
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise Refused(409, f"Duplicate entry for Environment ['name', 'project_id']: {name}") from None
        audit.record("create environment", by=self.who, detail={"environment": name})
        return Response(environment_json(row), status=201)

    @extend_schema(summary="Change an environment", request=dict[str, Any], responses={200: dict[str, Any]})
    def put(self, request: Request) -> Response:
        data = self.object_body("env", _FIELDS)
        name = _name(data)
        description, variables = data.text("description"), data.json_object("variables")
        with transaction.atomic():
            row = Environment.objects.select_for_update().filter(name=name).first()
            if row is None:
                raise not_found("Environment", name=name)
            row.description = row.description if description is None else description
            row.variables = row.variables if variables is None else variables
            row.updated_at = timezone.now()
            row.save()
        audit.record("update environment", by=self.who, detail={"environment": name})
        return Response(environment_json(row))


class OneEnvironment(MistralView):
    @extend_schema(summary="An environment", responses={200: dict[str, Any]})
    def get(self, request: Request, name: str) -> Response:
        row = Environment.objects.filter(name=name).first()
        if row is None:
            raise not_found("Environment", name=name)
        return self.one(environment_json(row))

    @extend_schema(summary="Delete an environment", responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        deleted, _ = Environment.objects.filter(name=name).delete()
        if not deleted:
            raise not_found("Environment", name=name)
        audit.record("delete environment", by=self.who, detail={"environment": name})
        return Response(None, status=204)


def _name(data: Attributes) -> str:
    name = data.name()
    if not name:
        raise Refused(400, "Invalid input for field/attribute name. Value: 'None'. Mandatory field missing.")
    if data.text("scope", "private") not in ("private", "public"):
        raise Refused(400, "Invalid input for field/attribute scope. It must be private or public.")
    return name


paths = [
    path("environments", Environments.as_view()),
    path("environments/<str:name>", OneEnvironment.as_view()),
]
