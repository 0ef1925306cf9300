"""The table of tags."""

from __future__ import annotations

from django.db import models


class Tag(models.Model):
    """One tag of a name. It belongs to the name, not to a version, and stays when versions come and go.

    ``type``: METADATA, or RATE_LIMIT with the name as its key and the limit as its value.
    """

    class Subject(models.TextChoices):
        WORKFLOW = "workflow"
        TASK = "task"

    subject = models.CharField(max_length=16, choices=Subject)
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=32, default="METADATA")
    key = models.CharField(max_length=255)
    value = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "name", "type", "key", "value"], name="tag_once")]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.key}:{self.value}"
