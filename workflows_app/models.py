"""What can run: definitions, their immutable versions, and the task definitions with their policies.

A **definition** is a name in one format. A **version** is one immutable text of it. Where an API lets a caller
overwrite version 3, a new *revision* of version 3 is added and becomes the current one: what already runs keeps
the revision it started with. Nothing that an execution may refer to is ever changed or deleted by an API.
"""

from __future__ import annotations

import uuid

from django.db import models, transaction
from django.db.models import F, Q

from workflows_app.json_text import JsonTextField


class Definition(models.Model):
    """A workflow's name. Formats do not share names: their rules for names and versions differ."""

    format = models.CharField(max_length=32)
    namespace = models.CharField(max_length=255, default="", blank=True)
    name = models.CharField(max_length=255)
    description = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["format", "namespace", "name"], name="definition_name"),
        ]
        permissions = [("define_workflow", "Can register, change and withdraw definitions")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """One immutable text of a definition, with the graph compiled from it.

    ``definition`` is None for a text that came with a start request or stood in another definition: it belongs
    to nobody's name and is found again by its checksum.
    ``current`` marks the revision that counts for its number; a number without one has been withdrawn.
    """

    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, null=True, blank=True, related_name="versions")
    format = models.CharField(max_length=32)
    name = models.CharField(max_length=255)
    number = models.IntegerField(default=1)
    revision = models.IntegerField(default=1)
    current = models.BooleanField(default=True)
    body = JsonTextField(help_text="The definition as typed data of its format.")
    source = models.TextField(default="", blank=True, help_text="The text as given, where it is more than the body.")
    graph = JsonTextField()
    checksum = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=255, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["definition", "number", "revision"], name="version_revision"),
            models.UniqueConstraint(
                fields=["definition", "number"],
                condition=Q(current=True, definition__isnull=False),
                name="version_current",
            ),
            models.UniqueConstraint(
                fields=["format", "checksum"],
                condition=Q(definition__isnull=True),
                name="version_anonymous",
            ),
        ]
        ordering = ["name", "-number", "-revision"]

    def __str__(self) -> str:
        revision = f" (revision {self.revision})" if self.revision > 1 else ""
        return f"{self.name} {self.number}{revision}"


class TaskDefinition(models.Model):
    """One immutable revision of a task's policies and defaults; ``current`` marks the one that counts.

    ``body`` is the definition as its format spells it, ``policy`` what the engine takes from it
    (``workflows_app.policies.TaskPolicy``).
    """

    name = models.CharField(max_length=255)
    revision = models.IntegerField(default=1)
    current = models.BooleanField(default=True)
    body = JsonTextField()
    policy = JsonTextField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=255, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "revision"], name="task_definition_revision"),
            models.UniqueConstraint(fields=["name"], condition=Q(current=True), name="task_definition_current"),
        ]
        ordering = ["name", "-revision"]

    def __str__(self) -> str:
        return self.name


class MetadataGeneration(models.Model):
    """One row, counted up in the same transaction as every change of definitions.

    Processes keep what they looked up for one generation: a start reads this number and nothing else of the
    metadata, and yet sees every change that was committed before it.
    """

    value = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def bump(cls) -> None:
        """Must run inside the transaction that changes metadata."""
        assert transaction.get_connection().in_atomic_block
        if not cls.objects.filter(pk=1).update(value=F("value") + 1):
            cls.objects.create(pk=1, value=1)


class EnvironmentVariable(models.Model):
    """A setting that workflows share and everybody who may view may read (see ``workflows_app.environment``)."""

    name = models.CharField(max_length=255, primary_key=True)
    value = models.TextField(default="", blank=True)
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=255, default="", blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Environment(models.Model):
    """Variables that executions started in it can read (contracts/mistral.md, section 7.13)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=255, unique=True)
    description = models.TextField(default="", blank=True)
    variables = JsonTextField(default=dict)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


# Django looks for models here; these have modules of their own.
from workflows_app.schemas.models import Schema as Schema  # noqa: E402
from workflows_app.tags.models import Tag as Tag  # noqa: E402
