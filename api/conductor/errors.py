"""What the Conductor door says when it refuses (contracts/conductor.md, section 1.0).

Every error body is JSON: ``status``, ``message``, ``retryable``, and ``validationErrors`` where a definition is wrong.
Where the real server answers 500 for what the client did wrong, this one answers 400 or 409.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError
from django.http import Http404, RawPostDataException, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from executions.engine.new_execution import InputRefused
from executions.operations import Conflict, Illegal, NotFound
from workflows_app.formats.conductor.fields import Invalid, Problem
from workflows_app.formats.conductor.start_request import NoSuchWorkflow

logger = logging.getLogger(__name__)

# Characters of a wrong value that are sent back.
MAX_SHOWN = 1000
# What SDKs read: on the first two they fetch a new token (section 1.1).
_TOKEN_ERRORS = ("EXPIRED_TOKEN", "INVALID_TOKEN", "INVALID_CREDENTIALS")
VALIDATION_FAILED = "Validation failed, check below errors for detail."


class Refused(Exception):
    """A request that is answered with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def body(status: int, message: str, **more: Any) -> dict[str, Any]:
    return {"status": status, "message": message, "retryable": False, **more}


def validation_body(problems: Iterable[Problem], prefix: str = "") -> dict[str, Any]:
    """The body for a definition or a request that breaks rules."""
    found = []
    for problem in problems:
        error: dict[str, Any] = {
            "path": _joined(prefix, problem.path),
            "message": problem.message,
        }
        if problem.value is not None:
            error["invalidValue"] = str(problem.value)[:MAX_SHOWN]
        found.append(error)
    return {"status": 400, "message": VALIDATION_FAILED, "retryable": False, "validationErrors": found}


def _joined(prefix: str, path: str) -> str:
    return f"{prefix}.{path}" if prefix and path and not path.startswith("[") else prefix + path


def _subject(context: dict[str, Any]) -> str:
    """How the paths begin at the endpoint that was called."""
    subject = getattr(context.get("view"), "subject", "")
    if isinstance(subject, Mapping):
        return str(subject.get(context["request"].method, ""))
    return str(subject)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """The exception handler of every view of this door."""
    set_rollback()
    if isinstance(error, Refused):
        return Response(body(error.status, error.message), status=error.status)
    if isinstance(error, Invalid):
        return Response(validation_body(error.problems, _subject(context)), status=400)
    if isinstance(error, (NotFound, NoSuchWorkflow, Http404)):
        return Response(body(404, str(error) or "Not found"), status=404)
    if isinstance(error, Conflict):
        return Response(body(409, str(error)), status=409)
    if isinstance(error, InputRefused):
        return Response(validation_body([Problem("input", str(error))]), status=400)
    if isinstance(error, Illegal):
        return Response(body(400, str(error)), status=400)
    if isinstance(error, RequestDataTooBig):
        return Response(body(413, "The request is larger than this server accepts."), status=413)
    if isinstance(error, (BadRequest, SuspiciousOperation, RawPostDataException, UnreadablePostError)):
        return Response(body(400, str(error) or "The request cannot be read."), status=400)
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _framework_error(error)
    # the last line: who knows what a text is for refuses it with better words
    if isinstance(error, DataError) and "NUL" in str(error):
        logger.warning("a request held what cannot be stored: %s", error)
        return Response(body(400, "The request holds a text that cannot be stored or looked for"), status=400)
    logger.exception("a request failed")
    return Response(body(500, "The server could not do this; its log says why."), status=500)


def _framework_error(error: exceptions.APIException) -> Response:
    status = error.status_code
    more = {}
    if status == 401:
        more = {"error": getattr(error.detail, "code", "INVALID_TOKEN")}
        if more["error"] not in _TOKEN_ERRORS:
            more = {"error": "INVALID_TOKEN"}
    elif status == 403:
        more = {"error": "FORBIDDEN"}
    wanted = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": wanted} if wanted else {}
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(int(wait))
    return Response(body(status, str(error.detail), **more), status=status, headers=headers)
