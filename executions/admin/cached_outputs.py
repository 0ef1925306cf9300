"""Outputs that are kept for other tasks."""

from __future__ import annotations

from django.contrib import admin

from executions.cached_output import CachedOutput
from workflows_app.admin.columns import moment
from workflows_app.admin.documents import document
from workflows_app.admin.read_only import BigTableAdmin


@admin.register(CachedOutput)
class CachedOutputAdmin(BigTableAdmin):
    """By key, those that expire last first."""

    list_display = ("key", moment("expires_at", "expires"))
    ordering = ("-expires_at",)
    fields = ("key", moment("expires_at", "expires"), document("output"))
