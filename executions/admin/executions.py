"""Executions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from executions.admin.filters import ArchivedFilter, DefinitionFilter, StartedFilter, search
from executions.admin.links import link
from executions.admin.operating import OperatedExecutions
from executions.admin.related import audit, children, task_runs
from executions.admin.states import state_badge
from executions.clock import now
from executions.console.times import between
from executions.models import Execution
from workflows_app.admin.columns import column, is_list, moment, shortened, unbroken
from workflows_app.admin.documents import document
from workflows_app.admin.read_only import BigTableAdmin
from workflows_app.models import Version

_LISTED = ("id", "state", "name", "number", "created_at", "ended_at", "correlation_id", "parent_id", "priority")


@admin.register(Execution)
class ExecutionAdmin(OperatedExecutions, BigTableAdmin):
    """One execution: its fields and documents, its task runs, its relatives, what people did to it, and what they can
    do."""

    list_display = (
        "coloured_state",
        "named",
        "number",
        moment("created_at", "started"),
        "duration",
        "correlation",
        "parent_word",
        "whole_id",
    )
    list_display_links = ("named",)
    list_filter = ("state", DefinitionFilter, StartedFilter, ArchivedFilter)
    search_fields = ("id",)  # (see get_search_results)
    search_help_text = "A name, an id or a correlation id, in full"
    ordering = ("-created_at",)
    list_fullwidth = True
    change_form_outer_before_template = "admin/executions/buttons.html"
    change_form_outer_after_template = "admin/executions/related.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("coloured_state", "duration"),
                    ("version_link", "format"),
                    (moment("created_at", "started"), moment("ended_at")),
                    ("correlation_id", "idempotency_key"),
                    ("parent_link", "root_link"),
                    ("failure_link", moment("archived_at")),
                    "priority",
                    "reason",
                )
            },
        ),
        ("Documents", {"fields": (document("input"), document("output"), document("variables"))}),
        (
            "Inside the engine",
            {
                "classes": ("collapse",),
                "fields": (
                    ("id", "parent_run_id"),
                    ("revision", "next_seq", "epoch"),
                    (moment("updated_at"), moment("retried_at")),
                    (moment("deadline_at"), moment("due_at")),
                    document("failed_refs"),
                    document("memo"),
                    document("settings"),
                    document("attributes"),
                    document("task_definitions"),
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Execution]:
        rows = super().get_queryset(request)
        return rows.only(*_LISTED) if is_list(request) else rows  # type: ignore[no-any-return]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Execution], search_term: str
    ) -> tuple[QuerySet[Execution], bool]:
        ids = ("id", "parent_id", "parent_run_id")
        return search(queryset, search_term, ids, ("name", "correlation_id")), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        related = {"tables": [task_runs(object_id), children(object_id), audit(object_id)]}
        context = {**(extra_context or {}), **related}
        return super().change_view(request, object_id, form_url, context)  # type: ignore[no-any-return]

    def view_on_site(self, obj: Execution) -> str:
        return reverse("console:execution", args=[obj.pk])

    @column("state", ordering="state")
    def coloured_state(self, execution: Execution) -> SafeString:
        return state_badge(execution.state)

    @column("name", ordering="name")
    def named(self, execution: Execution) -> SafeString | str:
        return shortened(execution.name, 40)

    @column("correlation id")
    def correlation(self, execution: Execution) -> SafeString | str:
        return shortened(execution.correlation_id, 40)

    @column("duration")
    def duration(self, execution: Execution) -> SafeString:
        return unbroken(between(execution.created_at, execution.ended_at or now()))

    @column("id")
    def whole_id(self, execution: Execution) -> SafeString:
        return unbroken(execution.id)

    @column("parent")
    def parent_word(self, execution: Execution) -> SafeString | str:
        return link(Execution, execution.parent_id, "parent")

    @column("definition")
    def version_link(self, execution: Execution) -> SafeString | str:
        return link(Version, execution.version_id, f"{execution.name} {execution.number}")

    @column("parent")
    def parent_link(self, execution: Execution) -> SafeString | str:
        return link(Execution, execution.parent_id)

    @column("root")
    def root_link(self, execution: Execution) -> SafeString | str:
        return link(Execution, execution.root_id if execution.root_id != execution.id else None)

    @column("failure workflow")
    def failure_link(self, execution: Execution) -> SafeString | str:
        return link(Execution, execution.failure_execution_id)
