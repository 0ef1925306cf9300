"""Secrets (contracts/conductor.md, section 1.12).

They go in, and they come out in the hands of tasks. Their values can be read only with a scope of its own.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.openapi import shapes
from api.conductor.tag_lists import read_tags, tags_with, tags_without
from api.conductor.wire import ConductorView, done, plain
from api.conductor.workflows import who
from executions.secrets import store
from executions.secrets.encryption import Unreadable


class Secrets(ConductorView):
    @extend_schema(summary="Names of the secrets that definitions may use", responses={200: list[str]})
    def get(self, request: Request) -> Response:
        return Response(store.names())

    @extend_schema(summary="Names of all secrets", responses={200: list[str]})
    def post(self, request: Request) -> Response:
        return Response(store.names())


class SecretsWithTags(ConductorView):
    @extend_schema(summary="Names of all secrets with their tags", responses={200: shapes.many(shapes.SECRET_NAME)})
    def get(self, request: Request) -> Response:
        return Response(store.names_with_tags())


class Secret(ConductorView):
    @extend_schema(summary="The value of a secret", responses={200: str})
    def get(self, request: Request, key: str) -> HttpResponse:
        try:
            value = store.reveal(key, by=who(request))
        except Unreadable as error:
            raise Refused(409, f"The secret {error}") from None
        if value is None:
            raise _unknown(key)
        answer = plain(value)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @extend_schema(summary="Set a secret; the body is the value itself", request=str, responses={200: None})
    def put(self, request: Request, key: str) -> HttpResponse:
        try:
            store.put(key, self.raw_text(), by=who(request))
        except store.InvalidSecret as error:
            raise Refused(400, str(error)) from None
        return done()

    @extend_schema(summary="Delete a secret", responses={200: None})
    def delete(self, request: Request, key: str) -> HttpResponse:
        if not store.delete(key, by=who(request)):
            raise _unknown(key)
        return done()


class SecretExists(ConductorView):
    @extend_schema(summary="Whether there is such a secret", responses={200: bool})
    def get(self, request: Request, key: str) -> Response:
        return Response(store.exists(key))


class SecretTags(ConductorView):
    @extend_schema(summary="The tags of a secret", responses={200: shapes.many(shapes.TAG)})
    def get(self, request: Request, key: str) -> Response:
        return Response(self._tags(key))

    @extend_schema(summary="Tag a secret", request=shapes.many(shapes.TAG), responses={200: None})
    def put(self, request: Request, key: str) -> HttpResponse:
        store.set_tags(key, tags_with(self._tags(key), read_tags(self.list_body())))
        return done()

    @extend_schema(summary="Take tags off a secret", request=shapes.many(shapes.TAG), responses={200: None})
    def delete(self, request: Request, key: str) -> HttpResponse:
        store.set_tags(key, tags_without(self._tags(key), read_tags(self.list_body())))
        return done()

    def _tags(self, key: str) -> list[dict[str, Any]]:
        found = store.tags(key)
        if found is None:
            raise _unknown(key)
        return found


def _unknown(key: str) -> Refused:
    return Refused(404, f"No such secret found by key: {key}")
