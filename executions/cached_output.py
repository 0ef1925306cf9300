"""The table of outputs that are kept for others."""

from __future__ import annotations

from django.db import models

from workflows_app.json_text import JsonTextField


class CachedOutput(models.Model):
    """The output of a task by the key that its definition makes of its input."""

    key = models.CharField(max_length=64, primary_key=True)
    output = JsonTextField(default=dict)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
