"""Schedules (contracts/conductor.md, section 1.10)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.conductor.errors import Refused
from api.conductor.openapi import query, shapes
from api.conductor.schedule_search import condition, order
from api.conductor.times import millis
from api.conductor.wire import ConductorView, done
from api.conductor.workflows import MAX_PAGE, who
from executions.models import Schedule, ScheduleFiring
from executions.operations import Refusal
from executions.schedules import cron, keeping
from workflows_app.formats.conductor.fields import Invalid, Problems, render
from workflows_app.formats.conductor.schedule import WorkflowSchedule, read_schedule

MAX_NEXT_TIMES = 5
MAX_BULK = 1000
_SCHEDULE_FIELDS = {
    "name": "name",
    "workflowName": "workflow_name",
    "paused": "paused",
    "createTime": "created_at",
    "updatedTime": "updated_at",
    "nextRunTime": "next_due",
}
_FIRING_FIELDS = {
    "executionId": "id",
    "scheduleName": "schedule_name",
    "workflowName": "workflow_name",
    "workflowId": "execution_id",
    "state": "state",
    "scheduledTime": "scheduled_at",
    "executionTime": "fired_at",
    "startTime": "scheduled_at",
}


def schedule_json(schedule: Schedule) -> dict[str, Any]:
    """A WorkflowSchedule as clients get it."""
    found = {
        "name": schedule.name,
        "cronExpression": schedule.cron_expression,
        "zoneId": schedule.zone,
        "cronSchedules": schedule.cron_schedules,
        "runCatchupScheduleInstances": schedule.catch_up,
        "paused": schedule.paused,
        "pausedReason": schedule.paused_reason,
        "startWorkflowRequest": request_json(schedule.request),
        "scheduleStartTime": schedule.start_at and millis(schedule.start_at),
        "scheduleEndTime": schedule.end_at and millis(schedule.end_at),
        "nextRunTime": schedule.next_due and millis(schedule.next_due),
        "createTime": millis(schedule.created_at),
        "updatedTime": millis(schedule.updated_at),
        "createdBy": schedule.created_by,
        "updatedBy": schedule.updated_by,
        "description": schedule.description,
        "tags": schedule.tags or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def request_json(request: dict[str, Any]) -> dict[str, Any]:
    return {"input": {}, "taskToDomain": {}, "priority": 0, **request}


def firing_json(firing: ScheduleFiring) -> dict[str, Any]:
    """A WorkflowScheduleExecution as clients get it."""
    started = firing.state == ScheduleFiring.State.EXECUTED
    found = {
        "executionId": str(firing.pk),
        "scheduleName": firing.schedule_name,
        "scheduledTime": millis(firing.scheduled_at),
        "executionTime": firing.fired_at and millis(firing.fired_at),
        "workflowName": firing.workflow_name,
        "workflowId": str(firing.execution_id) if started else None,
        "reason": firing.reason,
        "startWorkflowRequest": request_json(firing.request),
        "state": firing.state,
        "zoneId": firing.zone,
    }
    return {key: value for key, value in found.items() if value is not None}


def _draft(schedule: WorkflowSchedule) -> keeping.Draft:
    """Raises Invalid for cron expressions and zones that make no sense."""
    problems = Problems()
    for where, expression, zone in schedule.crons:
        try:
            cron.check(expression, zone)
        except cron.CronError as error:
            problems.note(where, str(error), expression)
    if problems:
        raise Invalid(problems)
    request = schedule.start_workflow_request
    assert request is not None
    inline = request.workflow_def if isinstance(request.workflow_def, dict) else {}
    return keeping.Draft(
        name=schedule.name or "",
        workflow_name=str(request.name or inline.get("name") or "")[:255],
        crons=[[expression, zone] for _, expression, zone in schedule.crons],
        request=render(request),
        cron_expression=schedule.cron_expression,
        zone=schedule.zone_id or "UTC",
        cron_schedules=[render(c) for c in schedule.cron_schedules],
        catch_up=schedule.run_catchup_schedule_instances,
        paused=schedule.paused,
        paused_reason=schedule.paused_reason if schedule.paused else None,
        start_at=_time(schedule.schedule_start_time),
        end_at=_time(schedule.schedule_end_time),
        description=schedule.description,
    )


def _time(milliseconds: int | None) -> datetime | None:
    """0 and None are none. Raises Refused."""
    if not milliseconds:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise Refused(400, f"{milliseconds} is no time in milliseconds since 1970") from None


class Schedules(ConductorView):
    subject = "saveSchedule.schedule"

    @extend_schema(
        summary="All schedules, or those of a workflow",
        parameters=[query.WORKFLOW_NAME],
        responses={200: shapes.many(shapes.SCHEDULE)},
    )
    def get(self, request: Request) -> Response:
        found = Schedule.objects.all()
        name = self.text("workflowName")
        if name is not None:
            found = found.filter(workflow_name=name)
        return Response([schedule_json(schedule) for schedule in found])

    @extend_schema(summary="Create or replace a schedule", request=shapes.SCHEDULE, responses={200: shapes.SCHEDULE})
    def post(self, request: Request) -> Response:
        wanted = read_schedule(self.object_body())
        known = str(request.user) if request.user.is_authenticated else ""
        stored = keeping.save(
            _draft(wanted),
            by=who(request),
            created_by=wanted.created_by or known,
            updated_by=wanted.updated_by or known,
        )
        return Response(schedule_json(stored))


class SearchSchedules(ConductorView):
    @extend_schema(
        summary="Search schedules", parameters=query.SCHEDULES, responses={200: shapes.page(shapes.SCHEDULE)}
    )
    def get(self, request: Request) -> Response:
        found = Schedule.objects.all()
        if (workflow := self.text("workflowName")) is not None:
            found = found.filter(workflow_name=workflow)
        if (name := self.text("scheduleName")) is not None:
            found = found.filter(name__icontains=name)
        if self.text("paused") is not None:
            found = found.filter(paused=self.boolean("paused", False))
        text = self.text("freeText", "*")
        if text != "*":
            found = found.filter(Q(name__icontains=text) | Q(workflow_name__icontains=text))
        ordered = found.order_by(*order(self.text("sort"), _SCHEDULE_FIELDS, "name"))
        return _page(self, ordered, schedule_json)


class SearchFirings(ConductorView):
    @extend_schema(
        summary="Search what schedules have started",
        parameters=query.FIRINGS,
        responses={200: shapes.page(shapes.SCHEDULE_EXECUTION)},
    )
    def get(self, request: Request) -> Response:
        found = ScheduleFiring.objects.filter(condition(self.text("query"), _FIRING_FIELDS))
        text = self.text("freeText", "*") or "*"
        if text != "*":
            wanted = Q(schedule_name__icontains=text) | Q(workflow_name__icontains=text)
            found = found.filter(wanted | Q(execution_id=_uuid(text)) | Q(pk=_uuid(text)))
        ordered = found.order_by(*order(self.text("sort"), _FIRING_FIELDS, "-scheduled_at"))
        return _page(self, ordered, firing_json)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _page(view: ConductorView, found: Any, render_one: Callable[[Any], dict[str, Any]]) -> Response:
    start, size = view.count("start", 0), min(view.count("size", 100), MAX_PAGE)
    return Response({"totalHits": found.count(), "results": [render_one(row) for row in found[start : start + size]]})


class OneSchedule(ConductorView):
    @extend_schema(summary="One schedule", responses={200: shapes.SCHEDULE})
    def get(self, request: Request, name: str) -> Response:
        return Response(schedule_json(keeping.find(name)))

    @extend_schema(summary="Delete a schedule", responses={200: None})
    def delete(self, request: Request, name: str) -> HttpResponse:
        keeping.delete(name, by=who(request))
        return done()


class PauseSchedule(ConductorView):
    """PUT is the real server's verb, GET that of its web pages and of older clients."""

    @extend_schema(summary="Pause a schedule", parameters=[query.REASON], responses={200: None})
    def put(self, request: Request, name: str) -> HttpResponse:
        keeping.pause(name, by=who(request), reason=self.text("reason"))
        return done()

    @extend_schema(summary="Pause a schedule", parameters=[query.REASON], responses={200: None})
    def get(self, request: Request, name: str) -> HttpResponse:
        return self.put(request, name)


class ResumeSchedule(ConductorView):
    @extend_schema(summary="Resume a schedule", responses={200: None})
    def put(self, request: Request, name: str) -> HttpResponse:
        keeping.resume(name, by=who(request))
        return done()

    @extend_schema(summary="Resume a schedule", responses={200: None})
    def get(self, request: Request, name: str) -> HttpResponse:
        return self.put(request, name)


class Tags(ConductorView):
    """Tags are objects with a key and a value."""

    @extend_schema(summary="The tags of a schedule", responses={200: shapes.many(shapes.TAG)})
    def get(self, request: Request, name: str) -> Response:
        return Response(keeping.find(name).tags)

    @extend_schema(summary="Replace the tags of a schedule", request=shapes.many(shapes.TAG), responses={200: None})
    def put(self, request: Request, name: str) -> HttpResponse:
        keeping.set_tags(name, self._tags())
        return done()

    @extend_schema(summary="Remove tags of a schedule", request=shapes.many(shapes.TAG), responses={200: None})
    def delete(self, request: Request, name: str) -> HttpResponse:
        gone = {(tag.get("key"), str(tag.get("value"))) for tag in self._tags()}
        kept = [t for t in keeping.find(name).tags if (t.get("key"), str(t.get("value"))) not in gone]
        keeping.set_tags(name, kept)
        return done()

    def _tags(self) -> list[dict[str, Any]]:
        tags = self.list_body()
        if not all(isinstance(tag, dict) and isinstance(tag.get("key"), str) for tag in tags):
            raise Refused(400, "Every tag must be an object with a key and a value")
        return tags


class NextTimes(ConductorView):
    @extend_schema(
        summary="When a cron expression is due next, in epoch milliseconds",
        parameters=query.CRON,
        responses={200: shapes.many(shapes.MILLIS)},
    )
    def get(self, request: Request) -> Response:
        expression = self.text("cronExpression")
        if expression is None:
            raise Refused(400, "Parameter cronExpression is required")
        start, end = _time(self.integer("scheduleStartTime")), _time(self.integer("scheduleEndTime"))
        count = min(self.count("limit", MAX_NEXT_TIMES) or MAX_NEXT_TIMES, MAX_NEXT_TIMES)
        try:
            found = keeping.next_times(expression, count, start=start, end=end)
        except cron.CronError as error:
            raise Refused(400, str(error)) from None
        return Response([millis(at) for at in found])


class PauseAll(ConductorView):
    @extend_schema(summary="No schedule is fired any more", responses={200: shapes.DONE})
    def get(self, request: Request) -> Response:
        keeping.pause_all(by=who(request))
        return Response({"status": "done"})


class ResumeAll(ConductorView):
    @extend_schema(summary="Schedules are fired again", responses={200: shapes.DONE})
    def get(self, request: Request) -> Response:
        keeping.resume_all(by=who(request))
        return Response({"status": "done"})


class Requeue(ConductorView):
    @extend_schema(summary="Try again what is due and not started", responses={200: shapes.REQUEUED})
    def get(self, request: Request) -> Response:
        found = keeping.requeue()
        return Response({"sampleIds": found[:10], "recordIds.size": len(found)})


class Bulk(ConductorView):
    """The same for each name of a list."""

    resumes = False

    @extend_schema(
        summary="Pause or resume several schedules", request=shapes.NAMES, responses={200: shapes.BULK_ANSWER}
    )
    def put(self, request: Request) -> Response:
        names = self.list_body()
        if len(names) > MAX_BULK or not all(isinstance(name, str) for name in names):
            raise Refused(400, f"The body must be a list of up to {MAX_BULK} names")
        errors, succeeded = {}, []
        for name in names:
            try:
                if self.resumes:
                    keeping.resume(name, by=who(request))
                else:
                    keeping.pause(name, by=who(request))
                succeeded.append(name)
            except Refusal as error:
                errors[name] = str(error)
        return Response({"bulkErrorResults": errors, "bulkSuccessfulResults": succeeded})


paths = [
    path("scheduler/schedules", Schedules.as_view()),
    path("scheduler/schedules/search", SearchSchedules.as_view()),
    path("scheduler/schedules/<path:name>/pause", PauseSchedule.as_view()),
    path("scheduler/schedules/<path:name>/resume", ResumeSchedule.as_view()),
    path("scheduler/schedules/<path:name>/tags", Tags.as_view()),
    path("scheduler/schedules/<path:name>", OneSchedule.as_view()),
    path("scheduler/nextFewSchedules", NextTimes.as_view()),
    path("scheduler/search/executions", SearchFirings.as_view()),
    path("scheduler/admin/pause", PauseAll.as_view()),
    path("scheduler/admin/resume", ResumeAll.as_view()),
    path("scheduler/admin/requeue", Requeue.as_view()),
    path("scheduler/bulk/pause", Bulk.as_view()),
    path("scheduler/bulk/resume", Bulk.as_view(resumes=True)),
]
