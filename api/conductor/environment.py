"""Environment variables, ``${workflow.env.NAME}`` (contracts/conductor.md, sections 1.11 and 5)."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.openapi import shapes
from api.conductor.wire import ConductorView, done, plain
from api.conductor.workflows import who
from executions import audit
from workflows_app import environment


class Variables(ConductorView):
    @extend_schema(summary="All environment variables", responses={200: shapes.many(shapes.VARIABLE)})
    def get(self, request: Request) -> Response:
        return Response([{"name": found.name, "value": found.value} for found in environment.variables()])


class Variable(ConductorView):
    @extend_schema(summary="The value of an environment variable", responses={200: str})
    def get(self, request: Request, key: str) -> HttpResponse:
        value = environment.read(key)
        if value is None:
            raise _unknown(key)
        return plain(value)

    @extend_schema(
        summary="Set an environment variable; the body is the value itself", request=str, responses={200: None}
    )
    def put(self, request: Request, key: str) -> HttpResponse:
        return self._set(request, key)

    @extend_schema(
        summary="Set an environment variable; the body is the value itself", request=str, responses={200: None}
    )
    def post(self, request: Request, key: str) -> HttpResponse:
        return self._set(request, key)

    @extend_schema(summary="Delete an environment variable", responses={200: None})
    def delete(self, request: Request, key: str) -> HttpResponse:
        if not environment.delete(key):
            raise _unknown(key)
        audit.record("delete environment variable", by=who(request), detail={"variable": key})
        return done()

    def _set(self, request: Request, key: str) -> HttpResponse:
        try:
            environment.put(key, self.raw_text(), by=who(request))
        except environment.InvalidVariable as error:
            raise Refused(400, str(error)) from None
        audit.record("set environment variable", by=who(request), detail={"variable": key})
        return done()


def _unknown(key: str) -> Refused:
    return Refused(404, f"No such environment variable found by key: {key}")
