"""Old messages and firings, which only people still look at, go after some days."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from executions.clock import now
from executions.models import EventMessage, ScheduleFiring

_MANY = 1000


def run_once() -> int:
    """Gives how many rows went. Some at a time: nobody waits for it."""
    before = now() - timedelta(days=settings.EVENT_HISTORY_DAYS)
    messages = EventMessage.objects.filter(due_at=None, created_at__lt=before).order_by("created_at")
    firings = ScheduleFiring.objects.filter(due_at=None, scheduled_at__lt=before).order_by("scheduled_at")
    found = list(messages.values_list("pk", flat=True)[:_MANY])
    fired = list(firings.values_list("pk", flat=True)[:_MANY])
    if found:
        EventMessage.objects.filter(pk__in=found).delete()
    if fired:
        ScheduleFiring.objects.filter(pk__in=fired).delete()
    return len(found) + len(fired)
