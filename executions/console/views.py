"""The pages of the console."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from executions.clock import now
from executions.console import access
from executions.console.execution_page import Wish, execution_page
from executions.console.listing import Filters, listing
from executions.control.offers import may_end_by_hand, offers_for
from executions.models import Execution, TaskRun
from workflows_app.json_text import dumps

_EXECUTION_DOCUMENTS = ("input", "output", "variables")
_TASK_DOCUMENTS = ("input", "output")
# Operations with a button of their own.
_AT_ONCE = ("pause", "resume", "terminate")


@access.page
def executions(request: HttpRequest) -> HttpResponse:
    """The list: newest first, by state, name and correlation id. An id in the name's place leads to its execution."""
    filters = Filters.read(request.GET.dict())
    found = _execution_of(filters.name)
    if found is not None:
        return redirect("console:execution", found)
    return render(request, "console/executions.html", {"listing": listing(filters, now())})


@access.page
def execution(request: HttpRequest, execution_id: UUID) -> HttpResponse:
    """One execution with its task runs."""
    found = execution_page(execution_id, Wish.read(request.GET.dict()), now())
    if found is None:
        return access.problem(request, 404, "Not found", f"There is no execution {execution_id}.")
    context: dict[str, Any] = {"page": found, "may_operate": access.may_operate(request)}
    if context["may_operate"]:
        offered = {offer.name for offer in offers_for(found.execution)}
        context["offers"] = [offer for offer in offers_for(found.execution) if offer.name not in _AT_ONCE]
        detail = found.detail
        context["may_rerun"] = "rerun" in offered
        context["may_jump"] = "jump" in offered and detail is not None and not detail.place
        context["may_end_by_hand"] = detail is not None and may_end_by_hand(detail.state, detail.type, found.execution)
    return render(request, "console/execution.html", context)


@access.page
def document(request: HttpRequest, execution_id: UUID, name: str) -> HttpResponse:
    """A document of an execution, all of it."""
    if name not in _EXECUTION_DOCUMENTS:
        raise Http404
    return _json(list(Execution.objects.filter(pk=execution_id).values_list(name, flat=True)))


@access.page
def task_document(request: HttpRequest, run_id: UUID, name: str) -> HttpResponse:
    """A document of a task run, all of it."""
    if name not in _TASK_DOCUMENTS:
        raise Http404
    return _json(list(TaskRun.objects.filter(pk=run_id).values_list(name, flat=True)))


def _json(found: list[Any]) -> HttpResponse:
    if not found:
        raise Http404
    return HttpResponse(dumps(found[0]), content_type="application/json; charset=utf-8")


def _execution_of(text: str) -> UUID | None:
    """The execution that an id names: its own, or that of one of its task runs."""
    try:
        wanted = UUID(text)
    except ValueError:
        return None
    if Execution.objects.filter(pk=wanted).exists():
        return wanted
    return TaskRun.objects.filter(pk=wanted).values_list("execution_id", flat=True).first()
