"""The buttons of the console: each does one operation, then shows the execution again."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from executions import operations
from executions.console import access

Operation = Callable[[str, str, str | None], None]


@access.control
def pause(request: HttpRequest, execution_id: UUID) -> HttpResponse:
    return _operate(request, execution_id, "Paused.", lambda i, by, why: operations.pause(i, by=by, reason=why))


@access.control
def resume(request: HttpRequest, execution_id: UUID) -> HttpResponse:
    return _operate(request, execution_id, "Resumed.", lambda i, by, why: operations.resume(i, by=by, reason=why))


@access.control
def terminate(request: HttpRequest, execution_id: UUID) -> HttpResponse:
    return _operate(
        request, execution_id, "Terminated.", lambda i, by, why: operations.terminate(i, by=by, reason=why)
    )


def _operate(request: HttpRequest, execution_id: UUID, done: str, operation: Operation) -> HttpResponse:
    reason = request.POST.get("reason", "").strip() or None
    try:
        operation(str(execution_id), access.who(request), reason)
    except operations.NotFound as refusal:
        return access.problem(request, 404, "Not found", str(refusal))
    except operations.Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("console:execution", execution_id)
