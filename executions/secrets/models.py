"""The table of secrets."""

from __future__ import annotations

from django.db import models

from workflows_app.json_text import JsonTextField


class Secret(models.Model):
    """A named text, encrypted (see ``executions.secrets``). ``tags`` are the client's: ``[{key, type, value}]``."""

    name = models.CharField(max_length=255, primary_key=True)
    sealed = models.TextField(editable=False)
    tags = JsonTextField(default=list, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    updated_by = models.CharField(max_length=255, default="", blank=True, editable=False)

    class Meta:
        app_label = "executions"
        permissions = [("read_secret", "Can read the values of secrets")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
