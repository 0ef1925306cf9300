"""The buttons of the console: each does one operation, then shows the execution again.

Those that have nothing to ask do it at once; the others have a page with a form (``executions.control``).
"""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from executions import operations
from executions.console import access
from executions.control.forms import OperationForm
from executions.control.offers import BY_HAND, EXECUTION_OFFERS, Offer
from executions.models import Execution, TaskRun
from executions.operations.finding import is_id


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


@access.operation
def operate(request: HttpRequest, execution_id: UUID, name: str) -> HttpResponse:
    """Any of the operations on an execution. ``run`` in the address: the task run that it is asked for from."""
    execution = Execution.objects.filter(pk=execution_id).first()
    offer = EXECUTION_OFFERS.get(name)
    if execution is None or offer is None:
        raise Http404
    wanted = request.GET.get("run", "")
    run = TaskRun.objects.filter(pk=wanted, execution=execution).first() if is_id(wanted) else None
    given = request.POST if request.method == "POST" else None
    form = offer.form(given, execution=execution, run=run)
    return _ask(request, offer, form, execution, str(execution.pk))


@access.operation
def end_by_hand(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Ends a task."""
    run = TaskRun.objects.select_related("execution").filter(pk=run_id).first()
    if run is None:
        raise Http404
    form = BY_HAND.form(request.POST if request.method == "POST" else None)
    return _ask(request, BY_HAND, form, run.execution, str(run.pk), run)


def _ask(
    request: HttpRequest, offer: Offer, form: OperationForm, execution: Execution, id: str, run: TaskRun | None = None
) -> HttpResponse:
    if request.method != "POST" or not form.is_valid():
        context = {"offer": offer, "form": form, "execution": execution, "run": run}
        return render(request, "console/operate.html", context)
    try:
        offer.apply(id, form, access.who(request))
    except operations.Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"It has been {offer.done}.")
    if not Execution.objects.filter(pk=execution.pk).exists():
        return redirect("console:executions")
    back = reverse("console:execution", args=[execution.pk])
    return redirect(f"{back}?run={run.pk}#t-{run.pk}" if run is not None else back)


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
