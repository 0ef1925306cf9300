"""Payloads outside of requests: where to put them, and requests that name them (contracts/conductor.md, sections 1.3
and 6.8)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import path, reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.openapi import query, shapes
from api.conductor.wire import ConductorView, done, refuse_field
from executions.payloads import links, storage

_OPERATIONS = (links.READ, links.WRITE)


def named_payload(field: str, given: dict[str, Any] | None, at: str | None) -> dict[str, Any] | None:
    """``given``, or else the object stored at the path ``at``: what is in the request wins. Raises Invalid."""
    if given or not at:
        return given
    try:
        return storage.read_object(at)
    except storage.NoSuchPayload:
        raise refuse_field(field, f"there is no payload at {at}: upload it first", at) from None
    except storage.NotAnObject as error:
        raise refuse_field(field, f"the payload at {at} cannot be used: {error}", at) from None


class Location(ConductorView):
    @extend_schema(
        summary="Where a payload can be put, or read", parameters=query.LOCATION, responses={200: shapes.LOCATION}
    )
    def get(self, request: Request) -> Response:
        operation, kind = (self.text("operation") or "").upper(), (self.text("payloadType") or "").upper()
        if operation not in _OPERATIONS or kind not in storage.KINDS:
            raise Refused(400, f"Invalid input - Operation: {operation}, PayloadType: {kind}")
        where = storage.new_path(kind)
        if operation == links.READ:
            where = self.text("path") or ""
            if not storage.is_path(where):
                raise Refused(400, f"Parameter path must be one that this server has given, not {where!r}")
        uri = reverse("payload", args=[links.sign(operation, where)])
        return Response({"uri": request.build_absolute_uri(uri), "path": where})


class Payload(ConductorView):
    """The link itself is the permission."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(summary="Read a payload by a signed link", responses={200: shapes.MAP})
    def get(self, request: Request, token: str) -> HttpResponse:
        try:
            return HttpResponse(storage.read(self._path(token, links.READ)), content_type="application/json")
        except storage.NoSuchPayload as error:
            raise Refused(404, f"There is no payload at {error}") from None

    @extend_schema(summary="Store a payload by a signed link", request=shapes.MAP, responses={200: None})
    def put(self, request: Request, token: str) -> HttpResponse:
        storage.write(self._path(token, links.WRITE), self.raw_body())
        return done()

    def _path(self, token: str, operation: str) -> str:
        found = links.path_of(token, operation)
        if found is None:
            raise Refused(403, "This link is not valid, or not any more: ask for the location again")
        return found


paths = [
    path("payload/<str:token>", Payload.as_view(), name="payload"),
    *(
        path(f"{side}/{name}", Location.as_view())
        for side in ("workflow", "tasks")
        for name in ("externalstoragelocation", "external-storage-location")
    ),
]
