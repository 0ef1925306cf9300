"""Secrets: names to look at, values to write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from executions.models import Secret
from executions.secrets import store
from workflows_app.admin.columns import column, moment


class _Form(forms.ModelForm):  # type: ignore[type-arg]
    """The value goes in and never comes back."""

    name = forms.CharField(max_length=255, widget=UnfoldAdminTextInputWidget)
    value = forms.CharField(
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="It is stored encrypted and is not shown again.",
    )

    class Meta:
        model = Secret
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.instance._state.adding:
            self.fields["name"].disabled = True

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        try:
            store.check(given.get("name", ""), given.get("value", ""))
        except store.InvalidSecret as error:
            raise forms.ValidationError(str(error)) from None
        return given


@admin.register(Secret)
class SecretAdmin(ModelAdmin):  # type: ignore[misc]
    """What ``${workflow.secrets.NAME}`` stands for."""

    form = _Form
    list_display = ("name", "shown_tags", moment("updated_at"), "updated_by")
    search_fields = ("name",)
    fields = ("name", "value")

    @column("tags")
    def shown_tags(self, secret: Secret) -> str:
        return ", ".join(f"{tag['key']}={tag['value']}" for tag in secret.tags)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return ("name", "value") if may_write else ("name",)

    def save_model(self, request: HttpRequest, obj: Secret, form: Any, change: bool) -> None:
        store.put(obj.name, form.cleaned_data["value"], by=request.user.get_username())

    def delete_model(self, request: HttpRequest, obj: Secret) -> None:
        store.delete(obj.name, by=request.user.get_username())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Secret]) -> None:
        for secret in queryset:
            store.delete(secret.name, by=request.user.get_username())
