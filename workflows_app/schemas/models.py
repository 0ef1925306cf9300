"""The table of schemas."""

from __future__ import annotations

from django.db import models

from workflows_app.json_text import JsonTextField


class Schema(models.Model):
    """A schema as a client has stored it. ``type``: JSON, AVRO or PROTOBUF; ``data``: the schema itself, where it is
    not kept elsewhere (``external_ref``). A definition that enforces a schema keeps a copy: what is changed here
    counts from the next registration on."""

    name = models.CharField(max_length=255)
    version = models.IntegerField(default=1)
    type = models.CharField(max_length=16, default="JSON")
    data = JsonTextField(null=True, blank=True)
    external_ref = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = models.CharField(max_length=255, default="", blank=True)
    updated_by = models.CharField(max_length=255, default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="schema_version")]
        ordering = ["name", "version"]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
