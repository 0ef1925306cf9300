"""The table of messages to executions."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from workflows_app.json_text import JsonTextField


class InboxMessage(models.Model):
    """A message to an execution. ``taken_by``: the task run that has taken it; None: it waits."""

    message_id = models.UUIDField(default=uuid.uuid4, unique=True)
    execution = models.ForeignKey(
        "executions.Execution", on_delete=models.CASCADE, related_name="inbox", db_index=False
    )
    payload = JsonTextField(default=dict)
    received_at = models.DateTimeField()
    taken_by = models.UUIDField(null=True, blank=True)

    class Meta:
        indexes = [
            # what waits, oldest first
            models.Index(fields=["execution", "id"], name="inbox_waiting", condition=Q(taken_by__isnull=True)),
            models.Index(fields=["taken_by"], name="inbox_taken", condition=Q(taken_by__isnull=False)),
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.message_id)
