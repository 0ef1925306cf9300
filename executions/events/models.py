"""The tables of events."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from workflows_app.json_text import JsonTextField


class EventMessage(models.Model):
    """Something that happened, stored until everybody who listens has got it, and for some days after.

    ``message_id`` is the sender's: the id of a task run, or of an entry of a queue outside. ``outgoing``: it is to be
    put on a queue outside; else it is for the handlers of its ``event``.
    ``received_as`` is the event and the id of what came from outside: the same thing twice is one message.
    ``due_at``: when somebody must (again) try to deliver it; None: it has been delivered.
    """

    message_id = models.CharField(max_length=255, db_index=True)
    event = models.CharField(max_length=512)
    outgoing = models.BooleanField(default=False)
    payload = JsonTextField(default=dict)
    received_as = models.CharField(max_length=800, null=True, blank=True, unique=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.IntegerField(default=0)
    problem = models.TextField(null=True, blank=True)  # noqa: DJ001

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="event_message_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["created_at"], name="event_message_created"),
        ]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"


class EventHandler(models.Model):
    """What is to be done when an event comes.

    ``condition``: asked of the payload first, in the language of ``evaluator_type``; none: always.
    ``actions``: as the client wrote them (contracts/conductor.md, section 2.9). ``active_since``: events from queues
    outside count from then on; None while it is not active.
    """

    name = models.CharField(max_length=255, unique=True)
    event = models.CharField(max_length=512, db_index=True)
    condition = models.TextField(null=True, blank=True)  # noqa: DJ001
    evaluator_type = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001
    active = models.BooleanField(default=False)
    active_since = models.DateTimeField(null=True, blank=True)
    actions = JsonTextField(default=list)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    created_by = models.CharField(max_length=255, default="", blank=True)
    updated_by = models.CharField(max_length=255, default="", blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class EventExecution(models.Model):
    """One action of a handler on a message: it is done once, and this row is why.

    ``target_id``: the task run or the execution that it acts upon, written down before it acts.
    """

    class State(models.TextChoices):
        IN_PROGRESS = "IN_PROGRESS"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"
        # the handler's condition was not met
        SKIPPED = "SKIPPED"

    message = models.ForeignKey(EventMessage, on_delete=models.CASCADE, related_name="executions", db_index=False)
    handler = models.CharField(max_length=255)
    position = models.IntegerField()
    action = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=State, default=State.IN_PROGRESS)
    target_id = models.UUIDField(null=True, blank=True)
    output = JsonTextField(default=dict)
    reason = models.TextField(null=True, blank=True)  # noqa: DJ001
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "handler", "position"], name="event_execution_once"),
        ]
        indexes = [models.Index(fields=["handler", "-id"], name="event_execution_handler")]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.handler} {self.action} {self.state}"
