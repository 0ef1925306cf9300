"""The table of API keys."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models

from workflows_app.json_text import JsonTextField


def new_key_id() -> str:
    return secrets.token_hex(8)


class ApiKey(models.Model):
    """A client's id and secret. Of the secret only a hash is kept.

    A key can do what its ``scopes`` say, as far as its ``owner`` may do that. ``used_at`` is written at most every few
    minutes. A revoked key stays, so that the audit can be read.
    """

    id = models.CharField(max_length=32, primary_key=True, default=new_key_id, editable=False)
    name = models.CharField(max_length=255, help_text="Who uses it, and for what.")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    scopes = JsonTextField(default=list)
    secret_hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it does not expire.")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        verbose_name_plural = "API keys"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"
