"""Environment variables of workflows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from workflows_app import environment
from workflows_app.admin.columns import column, moment, shortened
from workflows_app.models import EnvironmentVariable


class _Form(forms.ModelForm):  # type: ignore[type-arg]
    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not environment.NAME.fullmatch(name):
            raise forms.ValidationError(f"{environment.NAME_RULE[0].upper()}{environment.NAME_RULE[1:]}.")
        return name


@admin.register(EnvironmentVariable)
class EnvironmentVariableAdmin(ModelAdmin):  # type: ignore[misc]
    """What ``${workflow.env.NAME}`` gives; everybody who may view may read it."""

    form = _Form
    list_display = ("name", "beginning", moment("updated_at"), "updated_by")
    search_fields = ("name",)
    fields = ("name", "value")

    @column("value")
    def beginning(self, variable: EnvironmentVariable) -> SafeString | str:
        return shortened(variable.value)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("name",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: EnvironmentVariable, form: Any, change: bool) -> None:
        environment.put(obj.name, obj.value, by=request.user.get_username())

    def delete_model(self, request: HttpRequest, obj: EnvironmentVariable) -> None:
        environment.delete(obj.name)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[EnvironmentVariable]) -> None:
        for variable in queryset:
            environment.delete(variable.name)
