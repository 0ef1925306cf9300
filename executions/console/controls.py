"""The buttons of the console: each does one operation, then shows the execution again."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from executions import operations
from executions.console import access


class Operation(Protocol):
    """What ``executions.operations`` has for executions."""

    def __call__(self, execution_id: str, /, *, by: str, reason: str | None) -> None: ...


@access.control
def pause(request: HttpRequest, execution_id: UUID) -> HttpResponse:
    """What runs may finish, nothing new is scheduled."""
    return _operate(request, execution_id, operations.pause, "Paused.")


@access.control
def resume(request: HttpRequest, execution_id: UUID) -> HttpResponse:
    """Lets a paused execution go on."""
    return _operate(request, execution_id, operations.resume, "Resumed.")


@access.control
def terminate(request: HttpRequest, execution_id: UUID) -> HttpResponse:
    """Ends an execution and its children."""
    return _operate(request, execution_id, operations.terminate, "Terminated.")


def _operate(request: HttpRequest, execution_id: UUID, operation: Operation, done: str) -> HttpResponse:
    reason = request.POST.get("reason", "").strip() or None
    try:
        operation(str(execution_id), by=access.who(request), reason=reason)
    except operations.NotFound as refusal:
        return access.problem(request, 404, "Not found", str(refusal))
    except operations.Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("console:execution", execution_id)
