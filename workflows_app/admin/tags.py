"""Tags of workflow and task names."""

from __future__ import annotations

from django.contrib import admin

from workflows_app.admin.read_only import ReadOnlyAdmin
from workflows_app.tags.models import Tag


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    list_display = ("key", "value", "type", "subject", "name")
    list_filter = ("subject", "type")
    search_fields = ("name", "key", "value")
    fields = ("subject", "name", "type", "key", "value")
