"""Schemas that definitions hold their data to."""

from __future__ import annotations

from django.contrib import admin

from workflows_app.admin.columns import moment
from workflows_app.admin.documents import document
from workflows_app.admin.read_only import ReadOnlyAdmin
from workflows_app.schemas.models import Schema


@admin.register(Schema)
class SchemaAdmin(ReadOnlyAdmin):
    list_display = ("name", "version", "type", moment("updated_at", "updated"))
    list_filter = ("type",)
    search_fields = ("name",)
    fields = ("name", "version", "type", "external_ref", moment("updated_at", "updated"), document("data"))
