"""The tables of schedules."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from workflows_app.json_text import JsonTextField


class Schedule(models.Model):
    """When to start what.

    ``crons``: pairs of a cron expression and a time zone; the schedule is due when any of them is. ``next_due``: the
    next due time that has not been fired; None while it is paused and when there is none (any more).
    ``catch_up``: due times that nobody was there for are fired later, all and in order; else they are skipped.
    ``late_once``: of those, the first one is fired when somebody is there again, and the rest is skipped.
    ``request``: what to start, in the words of ``format``: that of a StartWorkflowRequest (contracts/conductor.md,
    section 2.8), or of a cron trigger (contracts/mistral.md, section 3).
    ``remaining``: how many more due times there are; the schedule is deleted with the last one. None: no end.
    """

    format = models.CharField(max_length=32, default="conductor")
    name = models.CharField(max_length=255, unique=True)
    workflow_name = models.CharField(max_length=255, db_index=True)
    crons = JsonTextField(default=list)
    cron_schedules = JsonTextField(default=list, help_text="The list that the client sent, if it sent one.")
    cron_expression = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    zone = models.CharField(max_length=64, default="UTC")
    catch_up = models.BooleanField(default=False)
    late_once = models.BooleanField(default=False)
    remaining = models.IntegerField(null=True, blank=True)
    paused = models.BooleanField(default=False)
    paused_reason = models.TextField(null=True, blank=True)  # noqa: DJ001
    start_at = models.DateTimeField(null=True, blank=True)
    end_at = models.DateTimeField(null=True, blank=True)
    next_due = models.DateTimeField(null=True, blank=True)
    request = JsonTextField(default=dict)
    description = models.TextField(null=True, blank=True)  # noqa: DJ001
    tags = JsonTextField(default=list)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    created_by = models.CharField(max_length=255, default="", blank=True)
    updated_by = models.CharField(max_length=255, default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["next_due"], name="schedule_due", condition=Q(next_due__isnull=False))]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ScheduleFiring(models.Model):
    """One due time of a schedule. It is stored by the statement group that takes the due time off the schedule, and
    starts the execution whose id it names: once, however often that is tried.

    ``due_at``: when somebody must (again) try to start it; None: that is over.
    """

    class State(models.TextChoices):
        # taken off the schedule, not started yet
        POLLED = "POLLED"
        EXECUTED = "EXECUTED"
        FAILED = "FAILED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.SET_NULL, null=True, blank=True, related_name="firings")
    format = models.CharField(max_length=32, default="conductor")
    schedule_name = models.CharField(max_length=255)
    workflow_name = models.CharField(max_length=255, db_index=True)
    scheduled_at = models.DateTimeField()
    fired_at = models.DateTimeField(null=True, blank=True)
    cron = models.CharField(max_length=255)
    zone = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=State, default=State.POLLED)
    due_at = models.DateTimeField(null=True, blank=True)
    execution_id = models.UUIDField()
    request = JsonTextField(default=dict)
    created_by = models.CharField(max_length=255, default="", blank=True)
    reason = models.TextField(null=True, blank=True)  # noqa: DJ001

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["schedule", "scheduled_at"], name="schedule_firing_once"),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="schedule_firing_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["-scheduled_at"], name="schedule_firing_scheduled"),
            models.Index(fields=["schedule_name", "-scheduled_at"], name="schedule_firing_name"),
        ]
        ordering = ["-scheduled_at"]

    def __str__(self) -> str:
        return f"{self.schedule_name} {self.scheduled_at:%Y-%m-%d %H:%M:%S}"


class SchedulerPause(models.Model):
    """While its one row exists, no schedule is fired."""

    since = models.DateTimeField()
    by = models.CharField(max_length=255, default="", blank=True)

    def __str__(self) -> str:
        return f"paused since {self.since}"
