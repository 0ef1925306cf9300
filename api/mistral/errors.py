"""What the Mistral door says when it refuses (contracts/mistral.md, section 4).

Every error body is a JSON object with ``faultstring``, which is what clients show; what is no definition says also
whose fault it is. Where the real server answers 500 for what the client did wrong, this one answers 400 or 409.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, RawPostDataException, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from executions.engine.admission import NotAdmitted
from executions.engine.new_execution import InputRefused
from executions.operations import Conflict, Illegal, NotFound
from workflows_app.formats.base import Unreadable

logger = logging.getLogger(__name__)


class Refused(Exception):
    """A request that is answered with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def not_found(what: str, **identifiers: object) -> Refused:
    """``not_found("Workflow", workflow_identifier=X)``: "Workflow not found [workflow_identifier=X]"."""
    shown = ", ".join(f"{name}={value}" for name, value in identifiers.items())
    return Refused(404, f"{what} not found [{shown}]")


def body(status: int, message: str, *, bare: bool = False) -> dict[str, Any]:
    """``bare``: as the endpoints for definitions say it, with nothing but the text."""
    if bare:
        return {"faultstring": message}
    return {"faultcode": "Server" if status >= 500 else "Client", "faultstring": message, "debuginfo": None}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """The exception handler of every view of this door."""
    set_rollback()
    status, message, headers = _told(error)
    request = context.get("request")
    sent_text = request is None or request.method in ("POST", "PUT")
    bare = sent_text and bool(getattr(context.get("view"), "takes_text", False))
    return Response(body(status, message, bare=bare), status=status, headers=headers)


def _told(error: Exception) -> tuple[int, str, dict[str, str]]:
    if isinstance(error, Refused):
        return error.status, error.message, {}
    if isinstance(error, Unreadable):
        return 400, f"Invalid DSL: {error}", {}
    if isinstance(error, (NotFound, Http404)):
        return 404, str(error) or "Not found", {}
    if isinstance(error, Conflict):
        return 409, str(error), {}
    if isinstance(error, (Illegal, InputRefused)):
        return 400, str(error), {}
    if isinstance(error, NotAdmitted):
        return 429, str(error), {}
    if isinstance(error, RequestDataTooBig):
        return 413, "The request is larger than this server accepts.", {}
    if isinstance(error, (BadRequest, SuspiciousOperation, RawPostDataException, UnreadablePostError)):
        return 400, str(error) or "The request cannot be read.", {}
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        wanted = getattr(error, "auth_header", None)
        headers = {"WWW-Authenticate": wanted} if wanted else {}
        wait = getattr(error, "wait", None)
        if wait is not None:
            headers["Retry-After"] = str(int(wait))
        return error.status_code, str(error.detail), headers
    logger.exception("a request failed")
    return 500, "The server could not do this; its log says why.", {}
