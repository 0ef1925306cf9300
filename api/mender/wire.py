"""The rules of the wire that hold for every endpoint (contracts/mender.md, sections 2 and 3).

* The headers Accept and Content-Type are ignored: bodies are JSON, and so is every answer but that of a path that
  leads nowhere, which is plain text. A wrong method is such a path.
* An error is ``{"error": "..."}``, and has stored nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpResponse, RawPostDataException, UnreadablePostError
from rest_framework import exceptions
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from api.access import usual_scope
from api.rendering import AsTheEndpointLikes
from executions.operations import Conflict, Illegal, NotFound
from workflows_app.expressions.mender.values import escape
from workflows_app.json_text import dumps, size_of

logger = logging.getLogger(__name__)

NOT_FOUND = "not found"


class Refused(Exception):
    """A request that is answered with this status and text."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class GoJson(BaseRenderer):
    """Compact JSON as Go writes it, whatever was asked for."""

    media_type = "application/json"
    format = "json"
    charset = "utf-8"

    def render(self, data: Any, media_type: str | None = None, context: Any = None) -> bytes:
        return b"" if data is None else escape(dumps(data)).encode("utf-8", "surrogatepass")


class MenderView(APIView):
    """Base of all views of this door. ``scopes``: what a request needs, by method, where that is not the usual."""

    renderer_classes: Sequence[type[BaseRenderer]] = (GoJson,)
    content_negotiation_class = AsTheEndpointLikes
    http_method_names = ("get", "post", "put", "patch", "delete")
    scopes: ClassVar[Mapping[str, str | None]] = {}

    def needed_scope(self, request: Request) -> str | None:
        """For ``api.access``."""
        method = request.method or ""
        return self.scopes[method] if method in self.scopes else usual_scope(method)

    def get_exception_handler(self) -> Any:
        return handle

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        method = request.method.lower()
        if method not in self.http_method_names or not hasattr(self, method):
            return nowhere()
        return super().dispatch(request, *args, **kwargs)

    def raw_body(self) -> bytes:
        raw: bytes = self.request._request.body
        return raw

    def check_size(self, value: Mapping[str, Any]) -> None:
        """Raises Refused for parameters that are larger than the input of an execution may be."""
        largest = settings.MAX_PAYLOAD
        if len(self.raw_body()) > largest and (size := size_of(value)) > largest:
            raise Refused(413, f"The parameters have {size} bytes, which is more than the permissible {largest} bytes")

    def who(self) -> str:
        user = self.request.user
        return str(user) if user.is_authenticated else ""


def nowhere() -> HttpResponse:
    return HttpResponse("404 page not found", status=404, content_type="text/plain")


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """The exception handler of every view of this door."""
    set_rollback()
    if isinstance(error, Refused):
        return _response(error.status, error.message)
    if isinstance(error, (NotFound, Http404)):
        return _response(404, NOT_FOUND)
    if isinstance(error, Conflict):
        return _response(409, str(error))
    if isinstance(error, Illegal):
        return _response(400, str(error))
    if isinstance(error, RequestDataTooBig):
        return _response(413, "The request is larger than this server accepts.")
    if isinstance(error, (BadRequest, SuspiciousOperation, RawPostDataException, UnreadablePostError)):
        return _response(400, str(error) or "The request cannot be read.")
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _framework_error(error)
    logger.exception("a request failed")
    return _response(500, "The server could not do this; its log says why.")


def _framework_error(error: exceptions.APIException) -> Response:
    response = _response(error.status_code, str(error.detail))
    wanted = getattr(error, "auth_header", None)
    if wanted:
        response["WWW-Authenticate"] = wanted
    wait = getattr(error, "wait", None)
    if wait is not None:
        response["Retry-After"] = str(int(wait))
    return response


def _response(status: int, message: str) -> Response:
    return Response({"error": message}, status=status)
