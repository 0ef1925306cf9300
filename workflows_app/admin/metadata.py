"""The counter of metadata changes."""

from __future__ import annotations

from django.contrib import admin

from workflows_app.admin.read_only import ReadOnlyAdmin
from workflows_app.models import MetadataGeneration


@admin.register(MetadataGeneration)
class MetadataGenerationAdmin(ReadOnlyAdmin):
    """One row, for whoever wants to know whether two processes see the same metadata."""

    list_display = ("__str__",)
    fields = ("value",)
