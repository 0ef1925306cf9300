"""Webhooks and what came in by them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextareaWidget

from executions.models import Webhook, WebhookDelivery
from executions.webhooks import configuration
from executions.webhooks.configuration import KEPT, Configuration
from workflows_app.admin.columns import badge, column, moment
from workflows_app.admin.documents import document
from workflows_app.admin.read_only import BigTableAdmin


class _Form(forms.ModelForm):  # type: ignore[type-arg]
    """Secrets are shown as ``***``, which stands for what is kept."""

    headers = forms.JSONField(
        required=False,
        initial=dict,
        widget=UnfoldAdminTextareaWidget,
        help_text='For HEADER_BASED: every header with its value, {"X-Token": "..."}. *** stands for the value kept.',
    )
    secret = forms.CharField(
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=True),
        help_text="For all other verifiers; or a reference to a secret, ${workflow.secrets.NAME}.",
    )

    class Meta:
        model = Webhook
        fields = ("name", "source_platform", "verifier", "header_key", "receivers", "starts")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.fields["headers"].initial = dict.fromkeys(self.instance.header_names, KEPT)
            self.fields["secret"].initial = KEPT if not self.instance.header_names else ""

    @property
    def configuration(self) -> Configuration:
        given = self.cleaned_data
        return Configuration(
            name=given.get("name", ""),
            verifier=given.get("verifier", ""),
            source_platform=given.get("source_platform", ""),
            header_key=given.get("header_key", ""),
            headers=given.get("headers") or {},
            secret_key=self.instance.secret_key,
            secret=given.get("secret", ""),
            receivers=given.get("receivers") or {},
            starts=given.get("starts") or {},
            tags=self.instance.tags,
        )

    def clean(self) -> dict[str, Any]:
        for name in ("headers", "receivers", "starts"):
            if not isinstance(self.cleaned_data.get(name) or {}, dict):
                self.add_error(name, "must be an object")
                return self.cleaned_data
        for _, text in configuration.problems_of(self.configuration):
            self.add_error(None, text)
        return self.cleaned_data


@admin.register(Webhook)
class WebhookAdmin(ModelAdmin):  # type: ignore[misc]
    """Addresses for other systems."""

    form = _Form
    list_display = ("name", "source_platform", "verifier", "address", "standing", moment("created_at"))
    list_filter = ("verifier",)
    search_fields = ("name",)
    fields = ("name", "source_platform", "verifier", "header_key", "headers", "secret", "receivers", "starts")

    @column("address")
    def address(self, webhook: Webhook) -> str:
        return f"/webhook/{webhook.pk}"

    @column("verified", ordering="verified")
    def standing(self, webhook: Webhook) -> SafeString:
        return badge("verified", "success") if webhook.verified else badge("nothing came yet", "warning")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return tuple(self.fields) if may_write else tuple(f for f in self.fields if f not in ("headers", "secret"))

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        who = request.user.get_username()
        if change:
            configuration.change(Webhook.objects.get(pk=obj.pk), form.configuration, by=who)
        else:
            created = configuration.create(form.configuration, by=who)
            obj.pk = created.pk

    def delete_model(self, request: HttpRequest, obj: Webhook) -> None:
        configuration.delete(obj.pk, by=request.user.get_username())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            configuration.delete(webhook.pk, by=request.user.get_username())


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(BigTableAdmin):
    """What came in, newest first; kept for a week."""

    list_display = ("webhook", "delivery_id", moment("received_at"), "standing")
    list_select_related = ("webhook",)
    search_fields = ("delivery_id",)
    ordering = ("-id",)
    fields = (
        "webhook", "delivery_id", moment("received_at"), moment("done_at"), "tries",
        document("completed"), document("starts", "started"), document("problems"), document("payload"),
    )  # fmt: skip

    @column("outcome")
    def standing(self, delivery: WebhookDelivery) -> SafeString:
        if delivery.problems:
            return badge("problems", "danger")
        if delivery.done_at is None:
            return badge("under way", "info")
        return badge("done", "success") if delivery.completed or delivery.starts else badge("no match", "warning")
