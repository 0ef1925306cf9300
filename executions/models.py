"""What is running: executions and task runs, with their logs and the audit of what people did to them.

The engine writes these tables through ``executions.store`` alone: one guarded statement per set of transitions.
Everything else reads them.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from executions.events.models import EventExecution, EventHandler, EventMessage
from executions.schedules.models import Schedule, ScheduleFiring, SchedulerPause
from executions.secrets.models import Secret as Secret
from executions.states import ExecutionState, RunsOn, RunState
from executions.webhooks.models import Webhook as Webhook
from executions.webhooks.models import WebhookDelivery as WebhookDelivery
from workflows_app.json_text import JsonTextField
from workflows_app.models import TaskDefinition, Version

__all__ = [
    "Event",
    "EventExecution",
    "EventHandler",
    "EventMessage",
    "Execution",
    "Schedule",
    "ScheduleFiring",
    "SchedulerPause",
    "TaskLimit",
    "TaskLog",
    "TaskRun",
    "WorkerBeat",
]


class Execution(models.Model):
    """One run of a version.

    ``revision`` counts the transactions that changed it or its task runs; ``next_seq`` numbers its task runs.
    ``epoch`` counts restarts: ids of task runs are derived from it (``executions.ids``).
    ``due_at``: when somebody must look at it next, for its ``deadline_at`` or for what is left to do after its end.
    ``retried_at``: when an operator last revived it; its timeout counts from there.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+", db_index=False)
    format = models.CharField(max_length=32)
    name = models.CharField(max_length=255)
    number = models.IntegerField(default=1)
    state = models.CharField(max_length=16, choices=ExecutionState, default=ExecutionState.RUNNING)
    priority = models.SmallIntegerField(default=0)
    correlation_id = models.CharField(max_length=1024, null=True, blank=True)  # noqa: DJ001 (null: none was given)
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    parent = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="children",
        db_index=False,
        db_constraint=False,  # a parent may be removed while its child ends
    )
    parent_run_id = models.UUIDField(null=True, blank=True)
    root_id = models.UUIDField(null=True, blank=True)
    failure_execution_id = models.UUIDField(null=True, blank=True)
    revision = models.IntegerField(default=0)
    next_seq = models.IntegerField(default=0)
    epoch = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    retried_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(null=True, blank=True)  # noqa: DJ001
    failed_refs = JsonTextField(null=True, blank=True)
    admission_key = models.CharField(  # noqa: DJ001
        max_length=255, null=True, blank=True, help_text="Executions with the same key run so many at a time."
    )
    held_at = models.DateTimeField(null=True, blank=True, help_text="Since when it waits for its turn.")
    archived_at = models.DateTimeField(null=True, blank=True, help_text="Since when it can only be read.")
    task_definitions = JsonTextField(
        default=dict, help_text="Task definition revisions by name, as they were at the start."
    )
    settings = JsonTextField(
        default=dict, help_text="What the start request asked for: domains, environment, target, test run ..."
    )
    attributes = JsonTextField(default=dict, help_text="What belongs to the client and means nothing to the engine.")
    memo = JsonTextField(default=dict, help_text="The engine's notes: failures so far, ends of branches.")
    input = JsonTextField(default=dict)
    output = JsonTextField(default=dict)
    variables = JsonTextField(default=dict)

    class Meta:
        indexes = [
            # sweeps: what must be looked at
            models.Index(fields=["due_at"], name="execution_due", condition=Q(due_at__isnull=False)),
            # lists of one definition, newest first; running ones
            models.Index(fields=["name", "-created_at"], name="execution_name"),
            models.Index(fields=["-created_at"], name="execution_created"),
            models.Index(
                fields=["state", "name"],
                name="execution_open",
                condition=Q(state__in=["RUNNING", "PAUSED"]),
            ),
            # lists of what went wrong, newest first
            models.Index(
                fields=["state", "-created_at"],
                name="execution_failed",
                condition=Q(state__in=["FAILED", "TIMED_OUT", "TERMINATED"]),
            ),
            models.Index(
                fields=["correlation_id"],
                name="execution_correlation",
                condition=Q(correlation_id__isnull=False),
            ),
            models.Index(fields=["parent"], name="execution_parent", condition=Q(parent__isnull=False)),
            # those that run so many at a time, and those that wait for their turn
            models.Index(
                fields=["admission_key", "state"],
                name="execution_admission",
                condition=Q(admission_key__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ExecutionState.values), name="execution_state"),
            models.UniqueConstraint(
                fields=["format", "name", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="execution_idempotency",
            ),
        ]
        permissions = [
            ("start_execution", "Can start executions"),
            ("operate_execution", "Can pause, resume, terminate, retry and rerun executions"),
            ("work_execution", "Can poll for tasks and report their results"),
        ]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


class TaskRun(models.Model):
    """One attempt at one node of an execution; a control node's single evaluation is a task run too.

    ``ref`` is the node, ``path`` its iterations from the outermost loop inwards ("2.1"), the index of its item
    ("[3]") or its visit ("~2"); ``attempt`` counts retries from 0.
    ``revision`` counts this row's transitions and is the fence: who claimed revision 7 can only finish what is
    still at revision 7. ``settled`` is False until the row has ended *and* its consequences have been decided.
    ``scope_id`` is the task run of the loop or item list that it belongs to, or the execution's id.
    ``due_at``: when somebody must look at this row next: lost message, lease over, delay over, timeout, timer.
    ``limited``: tasks of this name have a limit, and are handed out one at a time under ``TaskLimit``.
    ``claim_seconds``: how long a claim may last, by the task's timeouts; ``expires_at``: when all its attempts must
    be over; ``deadline_at``: the earliest timeout that ticks now.
    ``pending``: for a join, how many of its branches have not ended; for a list of items, how many items.
    ``memo`` is private to the node's own machinery (a loop's iteration, a join's arrivals).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="task_runs", db_index=False)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+", db_index=False)
    task_definition = models.ForeignKey(
        TaskDefinition, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    scope_id = models.UUIDField()
    ref = models.CharField(max_length=255)
    path = models.CharField(max_length=255, default="", blank=True)
    attempt = models.IntegerField(default=0)
    seq = models.IntegerField(default=0)
    type = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    state = models.CharField(max_length=32, choices=RunState)
    settled = models.BooleanField(default=False)
    revision = models.IntegerField(default=0)
    runs_on = models.CharField(max_length=8, choices=RunsOn, default=RunsOn.NOBODY)
    queue = models.CharField(max_length=512, null=True, blank=True)  # noqa: DJ001
    domain = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    priority = models.SmallIntegerField(default=0)
    limited = models.BooleanField(default=False)
    worker = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    pending = models.IntegerField(null=True, blank=True)
    polls = models.IntegerField(default=0)
    losses = models.SmallIntegerField(default=0)
    start_delay = models.FloatField(default=0)
    callback_after = models.FloatField(default=0)
    child_id = models.UUIDField(null=True, blank=True)
    scheduled_at = models.DateTimeField()
    first_scheduled_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    claim_seconds = models.FloatField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(null=True, blank=True)  # noqa: DJ001
    memo = JsonTextField(null=True, blank=True)
    published = JsonTextField(null=True, blank=True)
    fragment = JsonTextField(null=True, blank=True, help_text="The graph of a branch made at run time.")
    context = JsonTextField(null=True, blank=True, help_text="What branches have published on the way here.")
    output = JsonTextField(null=True, blank=True)
    input = JsonTextField(null=True, blank=True)

    class Meta:
        indexes = [
            # the latest run of a ref (engine), all runs of an execution (everybody)
            models.Index(fields=["execution", "ref", "seq"], name="task_run_ref"),
            # what is open in a scope: is this the last one?
            models.Index(fields=["execution", "scope_id"], name="task_run_unsettled", condition=Q(settled=False)),
            # polling: the best task of a queue
            models.Index(
                fields=["queue", "-priority", "scheduled_at"],
                name="task_run_queue",
                condition=Q(state="SCHEDULED", runs_on="worker"),
            ),
            # sweeps: what must be looked at
            models.Index(fields=["due_at"], name="task_run_due", condition=Q(due_at__isnull=False)),
            # limits: how many of a name are in progress; runs without a limit are not in it
            models.Index(fields=["name"], name="task_run_limited", condition=Q(limited=True, state="IN_PROGRESS")),
            # searches: the task runs of a name, or of a type that stands for itself, newest executions first
            models.Index(fields=["name", "id"], name="task_run_name"),
            models.Index(fields=["type", "id"], name="task_run_type", condition=~Q(type="SIMPLE")),
            # lists of all task runs, newest first, retries by their own time or by that of their task
            models.Index(fields=["-scheduled_at"], name="task_run_scheduled"),
            models.Index(fields=["-first_scheduled_at"], name="task_run_first_scheduled"),
            # webhooks: the tasks that wait for a request
            models.Index(
                fields=["queue"],
                name="task_run_webhook",
                condition=Q(type="WAIT_FOR_WEBHOOK", state="IN_PROGRESS"),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="task_run_state"),
        ]
        ordering = ["seq"]

    def __str__(self) -> str:
        return f"{self.ref}{self.path and ' ' + self.path}"


class TaskLimit(models.Model):
    """One row per limited task name: its lock, and when tasks were handed out of late (epoch seconds)."""

    name = models.CharField(max_length=255, primary_key=True)
    handed_out = JsonTextField(default=list)

    def __str__(self) -> str:
        return self.name


class TaskLog(models.Model):
    """A line that a worker, or the engine, wrote about a task run."""

    task_run_id = models.UUIDField(db_index=True)
    at = models.DateTimeField()
    message = models.TextField()

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.message


class Event(models.Model):
    """The audit: what somebody did to an execution, a task run or a definition, when and why."""

    execution_id = models.UUIDField(null=True, blank=True, db_index=True)
    task_run_id = models.UUIDField(null=True, blank=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=255)
    action = models.CharField(max_length=64)
    reason = models.TextField(default="", blank=True)
    detail = JsonTextField(default=dict)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action}"


class WorkerBeat(models.Model):
    """When a worker process was last seen alive, with what it serves."""

    name = models.CharField(max_length=255, primary_key=True)
    kind = models.CharField(max_length=32)
    seen_at = models.DateTimeField()
    info = JsonTextField(default=dict)

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return self.name


# Django looks for models here; these have modules of their own.
from executions.cached_output import CachedOutput as CachedOutput  # noqa: E402
from executions.inbox.models import InboxMessage as InboxMessage  # noqa: E402
from executions.search.models import SearchDocument, SearchPending  # noqa: E402, F401
