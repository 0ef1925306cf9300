"""Schedules, and what they have fired."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from executions.admin.actions import Operable, for_each
from executions.admin.links import link
from executions.models import Execution, Schedule, ScheduleFiring, SchedulerPause
from executions.schedules import keeping
from workflows_app.admin.columns import badge, column, moment, shortened
from workflows_app.admin.documents import document
from workflows_app.admin.read_only import BigTableAdmin, ReadOnlyAdmin

_COLOURS = {"POLLED": "info", "EXECUTED": "success", "FAILED": "danger"}


@admin.register(Schedule)
class ScheduleAdmin(Operable, ReadOnlyAdmin):
    """When what is started. Clients make schedules; here they are paused and resumed."""

    list_display = ("name", "workflow_name", "standing", "times", moment("next_due", "next"), "catch_up")
    list_filter = ("format", "paused", "catch_up")
    search_fields = ("name", "workflow_name")
    actions = ("pause", "resume")
    fields = (
        "name",
        "workflow_name",
        "standing",
        "paused_reason",
        "times",
        (moment("start_at", "not before"), moment("end_at", "not after")),
        moment("next_due", "next"),
        ("catch_up", "late_once", "remaining"),
        "format",
        "description",
        document("request"),
        document("tags"),
        (moment("created_at", "created"), "created_by"),
        (moment("updated_at", "updated"), "updated_by"),
    )

    @column("state")
    def standing(self, schedule: Schedule) -> SafeString:
        if schedule.paused:
            return badge("paused", "warning")
        return badge("active", "success") if schedule.next_due else badge("over", "default")

    @column("times")
    def times(self, schedule: Schedule) -> str:
        return "; ".join(f"{expression} ({zone})" for expression, zone in schedule.crons)

    @admin.action(description="Pause", permissions=["operate"])
    def pause(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        for_each(request, rows, lambda name: keeping.pause(name, by=str(request.user)), "paused")

    @admin.action(description="Resume", permissions=["operate"])
    def resume(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        for_each(request, rows, lambda name: keeping.resume(name, by=str(request.user)), "resumed")


@admin.register(ScheduleFiring)
class ScheduleFiringAdmin(BigTableAdmin):
    """The due times that were fired, newest first."""

    list_display = (
        "schedule_name",
        "coloured_state",
        moment("scheduled_at", "due"),
        moment("fired_at"),
        "execution_link",
        "beginning",
    )
    list_filter = ("state",)
    ordering = ("-scheduled_at",)
    fields = (
        "schedule_name",
        "workflow_name",
        "coloured_state",
        ("cron", "zone"),
        (moment("scheduled_at", "due"), moment("fired_at")),
        "execution_link",
        "reason",
        document("request"),
    )

    @column("state")
    def coloured_state(self, firing: ScheduleFiring) -> SafeString:
        return badge(firing.state, _COLOURS[firing.state])

    @column("execution")
    def execution_link(self, firing: ScheduleFiring) -> SafeString | str:
        return link(Execution, firing.execution_id if firing.state == ScheduleFiring.State.EXECUTED else None)

    @column("reason")
    def beginning(self, firing: ScheduleFiring) -> SafeString | str:
        return shortened(firing.reason)


@admin.register(SchedulerPause)
class SchedulerPauseAdmin(ReadOnlyAdmin):
    """While there is a row, no schedule is fired."""

    list_display = (moment("since"), "by")
    fields = (moment("since"), "by")
