"""Event handlers, what they have done, and completing a WAIT as an event does (contracts/conductor.md, section 1.9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.openapi import query, shapes
from api.conductor.results import accept, read_result
from api.conductor.times import millis
from api.conductor.wire import ConductorView, done
from api.conductor.workflows import who
from executions import operations
from executions.engine.rows import RunRow
from executions.events import keeping
from executions.models import EventExecution, EventHandler
from executions.states import RUN_OPEN
from executions.store import runs
from workflows_app.formats.conductor.event_handler import read_handler
from workflows_app.formats.conductor.fields import Invalid, Problem, render

MAX_PAGE = 500


def handler_json(handler: EventHandler) -> dict[str, Any]:
    """An EventHandler as clients get it."""
    found = {
        "name": handler.name,
        "event": handler.event,
        "condition": handler.condition,
        "evaluatorType": handler.evaluator_type,
        "actions": handler.actions,
        "active": handler.active,
    }
    return {key: value for key, value in found.items() if value is not None}


def execution_json(execution: EventExecution) -> dict[str, Any]:
    """An EventExecution as clients get it."""
    message = execution.message
    return {
        "id": f"{message.message_id}_{execution.position}",
        "messageId": message.message_id,
        "name": execution.handler,
        "event": message.event,
        "created": millis(execution.created_at),
        "status": execution.state,
        "action": execution.action,
        "output": {**execution.output, **({"error": execution.reason} if execution.reason else {})},
    }


def _draft(data: Any) -> keeping.Draft:
    handler = read_handler(data)
    return keeping.Draft(
        name=handler.name or "",
        event=handler.event or "",
        actions=[render(action) for action in handler.actions],
        condition=handler.condition,
        evaluator_type=handler.evaluator_type,
        active=handler.active,
    )


def _drafts(given: list[Any]) -> list[keeping.Draft]:
    """Raises Invalid with the problems of all."""
    drafts, problems = [], list[Problem]()
    for number, data in enumerate(given):
        try:
            drafts.append(_draft(data))
        except Invalid as error:
            problems += [replace(p, path=f"[{number}].{p.path}".rstrip(".")) for p in error.problems]
    if problems:
        raise Invalid(problems)
    return drafts


class Handlers(ConductorView):
    """All event handlers."""

    subject = "addEventHandler.arg0"

    @extend_schema(summary="All event handlers", responses={200: shapes.many(shapes.EVENT_HANDLER)})
    def get(self, request: Request) -> Response:
        return Response([handler_json(handler) for handler in EventHandler.objects.all()])

    @extend_schema(
        summary="Add an event handler, or a list of them",
        request=shapes.one_or_many(shapes.EVENT_HANDLER),
        responses={200: None},
    )
    def post(self, request: Request) -> HttpResponse:
        # the SDK for JavaScript sends a list
        drafts = _drafts(given) if isinstance(given := self.body({}), list) else [_draft(self.object_body())]
        with transaction.atomic():
            for draft in drafts:
                keeping.add(draft, by=who(request))
        return done()

    @extend_schema(summary="Change an event handler", request=shapes.EVENT_HANDLER, responses={200: None})
    def put(self, request: Request) -> HttpResponse:
        keeping.update(_draft(self.object_body()), by=who(request))
        return done()


class Handler(ConductorView):
    @extend_schema(
        summary="The handlers of an event",
        parameters=[query.ACTIVE_ONLY],
        responses={200: shapes.many(shapes.EVENT_HANDLER)},
    )
    def get(self, request: Request, name: str) -> Response:
        found = EventHandler.objects.filter(event=name)
        if self.boolean("activeOnly", True):
            found = found.filter(active=True)
        return Response([handler_json(handler) for handler in found])

    @extend_schema(summary="Remove an event handler", responses={200: None})
    def delete(self, request: Request, name: str) -> HttpResponse:
        keeping.remove(name, by=who(request))
        return done()


class Executions(ConductorView):
    """What handlers have done of late, newest first."""

    @extend_schema(
        summary="What event handlers have done",
        parameters=query.SLICE,
        responses={200: shapes.many(shapes.EVENT_EXECUTION)},
    )
    def get(self, request: Request, name: str | None = None) -> Response:
        found: QuerySet[EventExecution] = EventExecution.objects.select_related("message")
        if name is not None:
            found = found.filter(message__event=name)
        start, count = self.count("start", 0), min(self.count("count", 100), MAX_PAGE)
        return Response([execution_json(execution) for execution in found[start : start + count]])


class QueueConfig(ConductorView):
    """Queues outside are known by their names and need no configuration."""

    @extend_schema(summary="There are no configurations of queues", responses={200: dict[str, Any]})
    def get(self, request: Request, name: str | None = None) -> Response:
        if name is not None:
            raise Refused(404, f"Queue {name} has no configuration: queues are known by their names")
        return Response({})

    @extend_schema(summary="Refused", responses={404: None})
    def put(self, request: Request, name: str = "") -> Response:
        raise Refused(404, f"Queue {name} takes no configuration: queues are known by their names")

    @extend_schema(summary="Refused", responses={404: None})
    def delete(self, request: Request, name: str = "") -> Response:
        raise Refused(404, f"Queue {name} has no configuration: queues are known by their names")


class Queues(ConductorView):
    """The queues of the real server behind ``queue/update``: here there are none, updates are done at once."""

    @extend_schema(summary="There are no such queues", responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        return Response({})


class QueueUpdate(ConductorView):
    """Completes or fails an open WAIT task as an event does; the body is its output."""

    @extend_schema(summary="Complete or fail a WAIT task", request=shapes.MAP, responses={200: None})
    def post(self, request: Request, workflow_id: str, status: str, ref: str = "", task_id: str = "") -> HttpResponse:
        operations.execution(workflow_id)
        run = _waiting(workflow_id, ref, task_id)
        data = {"workflowInstanceId": workflow_id, "taskId": run.id, "status": status, "outputData": self.object_body()}
        accept(read_result(data), merge=True)
        return done()


def _waiting(workflow_id: str, ref: str, task_id: str) -> RunRow:
    for run in reversed(runs.read(workflow_id, "settled = %s AND type = 'WAIT'", [False])):
        if run.state in RUN_OPEN and (run.id == task_id if task_id else run.ref == ref):
            return run
    raise Refused(400, f"No task with reference name or id {ref or task_id} is waiting in workflow {workflow_id}")


paths = [
    path("event", Handlers.as_view()),
    path("event/execution", Executions.as_view()),
    path("event/execution/<path:name>", Executions.as_view()),
    path("event/queue/config", QueueConfig.as_view()),
    path("event/queue/config/<path:name>", QueueConfig.as_view()),
    path("event/<path:name>", Handler.as_view()),
    path("queue/", Queues.as_view()),
    path("queue/size", Queues.as_view()),
    path("queue/update/<str:workflow_id>/task/<str:task_id>/<str:status>", QueueUpdate.as_view()),
    path("queue/update/<str:workflow_id>/<str:ref>/<str:status>", QueueUpdate.as_view()),
]
