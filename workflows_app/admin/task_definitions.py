"""Task definitions: every revision of the policies of a task's name."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from workflows_app.admin.columns import column, moment, standing
from workflows_app.admin.documents import document
from workflows_app.admin.read_only import ReadOnlyAdmin
from workflows_app.models import TaskDefinition


@admin.register(TaskDefinition)
class TaskDefinitionAdmin(ReadOnlyAdmin):
    """A revision is never changed: the APIs add the next one."""

    list_display = ("name", "revision", "standing", "retries", "timeout", "limits", moment("created_at"), "created_by")
    list_filter = ("current",)
    search_fields = ("name",)
    ordering = ("name", "-revision")
    fields = (
        "name", "revision", "standing", moment("created_at"), "created_by",
        document("policy", "policy in force"), document("body", "as it was given"),
    )  # fmt: skip

    @column("standing", ordering="current")
    def standing(self, definition: TaskDefinition) -> SafeString:
        return standing(definition.current)

    @column("retries")
    def retries(self, definition: TaskDefinition) -> str:
        retry = _part(definition, "retry")
        count = retry.get("limit", 0)
        return f"{count}, after {retry['delay']:g} s" if count and retry.get("delay") else str(count)

    @column("timeouts")
    def timeout(self, definition: TaskDefinition) -> str:
        timeouts = _part(definition, "timeouts")
        return ", ".join(
            f"{kind} {timeouts[kind]:g} s" for kind in ("total", "task", "response", "poll") if kind in timeouts
        )

    @column("limits")
    def limits(self, definition: TaskDefinition) -> str:
        limits = _part(definition, "limits")
        at_a_time = f"{limits['concurrency']} at a time" if limits.get("concurrency") else ""
        rate = f"{limits['rate']} per {limits.get('rate_period', 1):g} s" if limits.get("rate") else ""
        return ", ".join(part for part in (at_a_time, rate) if part)


def _part(definition: TaskDefinition, name: str) -> dict[str, Any]:
    """A part of the stored policy; defaults are left out of it."""
    found: dict[str, Any] = definition.policy.get(name) or {}
    return found
