"""Schemas by name and version (contracts/conductor.md, section 1.12)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.openapi import query, shapes
from api.conductor.times import millis
from api.conductor.wire import ConductorView, done
from api.conductor.workflows import who
from workflows_app.formats.conductor.schema_def import schema_drafts
from workflows_app.schemas import keeping
from workflows_app.schemas.models import Schema


def schema_json(schema: Schema, *, short: bool = False) -> dict[str, Any]:
    """A SchemaDef as clients get it; ``short``: without the schema itself."""
    found = {
        "createTime": millis(schema.created_at),
        "updateTime": millis(schema.updated_at),
        "createdBy": schema.created_by or None,
        "updatedBy": schema.updated_by or None,
        "name": schema.name,
        "version": schema.version,
        "type": schema.type,
        "data": None if short else schema.data,
        "externalRef": schema.external_ref or None,
    }
    return {k: v for k, v in found.items() if v is not None}


class Schemas(ConductorView):
    subject = "saveSchemas.schemaDefs"

    @extend_schema(summary="All schemas", parameters=[query.SHORT], responses={200: shapes.many(shapes.SCHEMA)})
    def get(self, request: Request) -> Response:
        short = self.boolean("short", False)
        return Response([schema_json(schema, short=short) for schema in Schema.objects.all()])

    @extend_schema(
        summary="Store schemas: one, or a list",
        parameters=[query.NEW_VERSION],
        request=shapes.one_or_many(shapes.SCHEMA),
        responses={200: None},
    )
    def post(self, request: Request) -> HttpResponse:
        keeping.save(schema_drafts(self.body()), new_version=self.boolean("newVersion", False), by=who(request))
        return done()


class SchemaOfName(ConductorView):
    @extend_schema(summary="The highest version of a schema", responses={200: shapes.SCHEMA})
    def get(self, request: Request, name: str) -> Response:
        return Response(schema_json(_found(name, None)))

    @extend_schema(summary="Delete every version of a schema", responses={200: None})
    def delete(self, request: Request, name: str) -> HttpResponse:
        if not keeping.delete(name):
            raise _unknown(name, None)
        return done()


class SchemaVersion(ConductorView):
    @extend_schema(summary="One version of a schema", responses={200: shapes.SCHEMA})
    def get(self, request: Request, name: str, version: int) -> Response:
        return Response(schema_json(_found(name, version)))

    @extend_schema(summary="Delete one version of a schema", responses={200: None})
    def delete(self, request: Request, name: str, version: int) -> HttpResponse:
        if not keeping.delete(name, _small(version)):
            raise _unknown(name, version)
        return done()


def _found(name: str, version: int | None) -> Schema:
    schema = keeping.find(name, None if version is None else _small(version))
    if schema is None:
        raise _unknown(name, version)
    return schema


def _small(version: int) -> int:
    """No version is larger than a column can hold; 0 stands for none."""
    return version if version < 2**31 else 0


def _unknown(name: str, version: int | None) -> Refused:
    return Refused(404, f"No such schema found by name: {name}, version: {'null' if version is None else version}")


paths = [
    path("schema", Schemas.as_view()),
    path("schema/<str:name>", SchemaOfName.as_view()),
    path("schema/<str:name>/<int:version>", SchemaVersion.as_view()),
]
