"""API keys: made here with their secret shown once, and revoked here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from api.keys import issuing
from api.models import ApiKey
from api.scopes import USUAL, Scope
from executions.clock import now
from workflows_app.admin.columns import badge, column, moment


class _Form(forms.ModelForm):  # type: ignore[type-arg]
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        initial=list(USUAL),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="What it may do, as far as its owner may.",
    )

    class Meta:
        model = ApiKey
        fields = ("name", "owner", "scopes", "expires_at")


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):  # type: ignore[misc]
    """A key is never changed. People see their own keys, superusers all."""

    form = _Form
    list_display = (
        "name",
        "id",
        "owner",
        "standing",
        "shown_scopes",
        moment("used_at", "last used"),
        moment("expires_at", "expires"),
    )
    list_filter = ("owner",)
    search_fields = ("name", "id")
    fields = ("name", "owner", "scopes", "expires_at")
    actions = ("revoke",)

    @column("standing")
    def standing(self, key: ApiKey) -> SafeString:
        if key.revoked_at is not None:
            return badge("revoked", "danger")
        if key.expires_at is not None and key.expires_at <= now():
            return badge("expired", "warning")
        return badge("valid", "success")

    @column("scopes")
    def shown_scopes(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            issuing.revoke(key, by=request.user.get_username())
        self.message_user(request, f"{len(queryset)} keys were revoked.")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_apikey")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        found: QuerySet[ApiKey] = super().get_queryset(request).select_related("owner")
        return found if request.user.is_superuser else found.filter(owner_id=request.user.pk)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "owner" and field is not None:
            field.initial = request.user.pk
            if not request.user.is_superuser:  # nobody gives away what others may do
                field.queryset = field.queryset.filter(pk=request.user.pk)
        return field

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        obj.secret = issuing.issue(obj, by=request.user.get_username())  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """The page with the secret, and not a redirect: it is kept in no message and no session."""
        context = {**self.admin_site.each_context(request), "title": "API key created", "key": obj, "opts": self.opts}
        page = TemplateResponse(request, "admin/api/apikey/created.html", context)
        page.headers["Cache-Control"] = "no-store"
        return page
