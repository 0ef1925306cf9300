"""Putting messages in and taking them out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from executions.clock import now
from executions.inbox.models import InboxMessage
from executions.operations.finding import is_id
from executions.operations.refusals import Conflict, NotFound
from executions.states import ExecutionState
from executions.store import executions

# Messages that may wait for one execution.
CAPACITY = 1000


class InboxFull(Exception):
    """So many messages wait that no more are taken in."""


def put(execution_id: str, payload: Mapping[str, Any]) -> str:
    """Stores a message for a running execution; gives its id. Raises NotFound, Conflict if it does not run, InboxFull.

    The execution's row is locked meanwhile: a message is in before the execution ends, or is refused.
    """
    with transaction.atomic():
        moment = now()
        row = executions.lock(execution_id, 0, moment) if is_id(execution_id) else None
        if row is None:
            raise NotFound(f"Workflow not found: {execution_id}")
        if row.state != ExecutionState.RUNNING:
            raise Conflict(f"Workflow {execution_id} is not in RUNNING state (current: {row.state})")
        if InboxMessage.objects.filter(execution_id=execution_id, taken_by=None).count() >= CAPACITY:
            raise InboxFull(f"The message queue of workflow {execution_id} is full: {CAPACITY} messages wait")
        message = InboxMessage.objects.create(execution_id=execution_id, payload=dict(payload), received_at=moment)
    return str(message.message_id)


def take(execution_id: str, run_id: str, most: int) -> list[InboxMessage]:
    """The messages of a task run: those that it has taken before, or else up to ``most`` of those that wait, oldest
    first. The execution's lock keeps two runs from taking the same."""
    mine = InboxMessage.objects.filter(taken_by=run_id).order_by("id")
    found = list(mine)
    if found or not waiting(execution_id):
        return found
    with transaction.atomic():
        if executions.lock(execution_id, 0, now()) is None:
            return []
        oldest = InboxMessage.objects.filter(execution_id=execution_id, taken_by=None).order_by("id")
        ids = list(oldest.values_list("id", flat=True)[:most])
        InboxMessage.objects.filter(id__in=ids, taken_by=None).update(taken_by=run_id)
    return list(mine.all())


def waiting(execution_id: str) -> bool:
    """Whether a message waits."""
    return InboxMessage.objects.filter(execution_id=execution_id, taken_by=None).exists()
