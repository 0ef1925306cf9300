"""The tables of webhooks."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q

from workflows_app.json_text import JsonTextField


def new_webhook_id() -> str:
    """A part of the webhook's address, which nobody can guess."""
    return secrets.token_hex(16)


class Verifier(models.TextChoices):
    """How a sender proves who it is; see ``executions.webhooks.verification``."""

    HEADER_BASED = "HEADER_BASED"
    SIGNATURE_BASED = "SIGNATURE_BASED"
    HMAC_BASED = "HMAC_BASED"
    SLACK_BASED = "SLACK_BASED"
    STRIPE = "STRIPE"
    TWITTER = "TWITTER"
    SENDGRID = "SENDGRID"


class Webhook(models.Model):
    """An address for another system, and what a request to it does.

    ``receivers``: the workflows whose waiting tasks it may complete, ``starts``: the workflows that it starts, both
    with a version each, or None for any and for the latest. ``header_names`` are the headers that HEADER_BASED
    wants; their values, and the secret of the other verifiers, are in ``sealed``.
    """

    id = models.CharField(max_length=64, primary_key=True, default=new_webhook_id, editable=False)
    name = models.CharField(max_length=255, unique=True)
    source_platform = models.CharField(max_length=64, default="Custom", blank=True)
    verifier = models.CharField(max_length=32, choices=Verifier)
    header_key = models.CharField(max_length=255, default="", blank=True)
    header_names = JsonTextField(default=list, blank=True)
    secret_key = models.CharField(max_length=255, default="", blank=True)
    sealed = models.TextField(editable=False)
    receivers = JsonTextField(default=dict, blank=True)
    starts = JsonTextField(default=dict, blank=True)
    tags = JsonTextField(default=list, blank=True)
    verified = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(editable=False)
    created_by = models.CharField(max_length=255, default="", blank=True, editable=False)

    class Meta:
        app_label = "executions"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One request to a webhook that was verified: what it is to do, decided once and stored with it.

    ``delivery_id`` is the sender's, if it gives one. ``targets``: ``[execution id, task run id]`` of the tasks that
    waited for it, ``completed`` those that it completed. ``starts``: ``[name, version, execution id]`` of what it
    starts, and once it is done of what it has started. ``due_at``: when somebody must look at it again, because whoever
    had it may be gone; None once it is done. ``problems`` are sentences.
    """

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    delivery_id = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 (null: none was given)
    received_at = models.DateTimeField()
    payload = JsonTextField(null=True, blank=True)  # JSON's null is NULL
    targets = JsonTextField(default=list)
    starts = JsonTextField(default=list)
    completed = JsonTextField(default=list)
    problems = JsonTextField(default=list)
    tries = models.SmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "executions"
        verbose_name_plural = "webhook deliveries"
        indexes = [
            models.Index(fields=["due_at"], name="webhook_delivery_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["received_at"], name="webhook_delivery_received"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "delivery_id"],
                condition=Q(delivery_id__isnull=False),
                name="webhook_delivery_once",
            ),
        ]
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.delivery_id or str(self.pk)
