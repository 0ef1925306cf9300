"""What is written along the way: logs, the audit, signs of life, limits."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from executions.admin.filters import search
from executions.admin.links import link
from executions.clock import now
from executions.models import Event, Execution, TaskLimit, TaskLog, TaskRun, WorkerBeat
from executions.worker_beat import BEAT, BEAT_GONE_AFTER_SECONDS, GONE_AFTER_SECONDS
from workflows_app.admin.columns import badge, column, moment, shortened
from workflows_app.admin.documents import document, folded
from workflows_app.admin.read_only import BigTableAdmin, ReadOnlyAdmin

_SHOWN = 120


@admin.register(TaskLog)
class TaskLogAdmin(BigTableAdmin):
    """Lines of logs, newest first."""

    list_display = (moment("at", "when"), "beginning", "run_link")
    search_fields = ("id",)  # (see get_search_results)
    search_help_text = "The id of a task run"
    ordering = ("-id",)
    fields = (moment("at", "when"), "run_link", "whole")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TaskLog], search_term: str
    ) -> tuple[QuerySet[TaskLog], bool]:
        return search(queryset, search_term, ("task_run_id",)), False

    @column("message")
    def beginning(self, line: TaskLog) -> SafeString | str:
        return shortened(line.message, _SHOWN)

    @column("message")
    def whole(self, line: TaskLog) -> SafeString:
        return folded(line.message, f"{len(line.message):,} characters")

    @column("task run")
    def run_link(self, line: TaskLog) -> SafeString | str:
        return link(TaskRun, line.task_run_id)


@admin.register(Event)
class EventAdmin(BigTableAdmin):
    """The audit, newest first."""

    list_display = (moment("at", "when"), "actor", "action", "execution_link", "beginning")
    search_fields = ("id",)  # (see get_search_results)
    search_help_text = "The id of an execution"
    ordering = ("-id",)
    fields = (moment("at", "when"), "actor", "action", "execution_link", "run_link", "reason", document("detail"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        return search(queryset, search_term, ("execution_id",)), False

    @column("reason")
    def beginning(self, event: Event) -> SafeString | str:
        return shortened(event.reason, _SHOWN)

    @column("execution")
    def execution_link(self, event: Event) -> SafeString | str:
        return link(Execution, event.execution_id)

    @column("task run")
    def run_link(self, event: Event) -> SafeString | str:
        return link(TaskRun, event.task_run_id)


@admin.register(WorkerBeat)
class WorkerBeatAdmin(ReadOnlyAdmin):
    """Who was seen alive, and when."""

    list_display = ("name", "kind", "life", moment("seen_at"), "queues")
    list_filter = ("kind",)
    search_fields = ("name",)
    fields = ("name", "kind", "life", moment("seen_at"), document("info"))

    @column("life")
    def life(self, beat: WorkerBeat) -> SafeString:
        seconds = BEAT_GONE_AFTER_SECONDS if beat.kind == BEAT else GONE_AFTER_SECONDS
        is_alive = now() - beat.seen_at <= timedelta(seconds=seconds)
        return badge("alive", "success") if is_alive else badge("gone", "danger")

    @column("queues")
    def queues(self, beat: WorkerBeat) -> str:
        return ", ".join(beat.info.get("queues", ()))


@admin.register(TaskLimit)
class TaskLimitAdmin(ReadOnlyAdmin):
    """The state of cluster-wide limits; the limits themselves belong to task definitions."""

    list_display = ("name",)
    search_fields = ("name",)
    fields = ("name", document("handed_out"))
