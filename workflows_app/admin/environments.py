"""Environments: named variables that executions are started in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin

from workflows_app.admin.columns import column, moment
from workflows_app.models import Environment


@admin.register(Environment)
class EnvironmentAdmin(ModelAdmin):  # type: ignore[misc]
    """What ``env()`` gives in executions that were started in it; everybody who may view may read it."""

    list_display = ("name", "description", "names", moment("created_at", "created"), moment("updated_at", "updated"))
    search_fields = ("name", "description")
    fields = ("name", "description", "variables")

    @column("variables")
    def names(self, environment: Environment) -> str:
        return ", ".join(environment.variables)[:200]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("name",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Environment, form: Any, change: bool) -> None:
        if change:
            obj.updated_at = timezone.now()
        else:
            obj.created_at = timezone.now()
        obj.save()
