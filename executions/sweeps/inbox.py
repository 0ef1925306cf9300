"""Messages that a task has taken, and whose task has ended: they are in its output, and need not be kept twice."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from executions.inbox.models import InboxMessage
from executions.models import TaskRun

_MANY = 1000


def run_once() -> int:
    """Gives how many were deleted."""
    ended = TaskRun.objects.filter(pk=OuterRef("taken_by"), settled=True)
    found = InboxMessage.objects.filter(Exists(ended), taken_by__isnull=False)
    ids = list(found.order_by("id").values_list("id", flat=True)[:_MANY])
    return InboxMessage.objects.filter(id__in=ids).delete()[0]
