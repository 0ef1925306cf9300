"""Events: what queues outside hold is taken in, and messages that nobody has delivered in time are rung for again.

Queues outside are read here, in short batches without waiting, and not by a process of their own: a sweep runs every
second anyhow, any number of them may, one that dies is replaced, and there is nothing more to start, to supervise and
to watch. The price is a delay of a second at most, and one small statement per sweep.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db.models import Min
from kombu.exceptions import OperationalError as KombuError

from executions.clock import now
from executions.engine import canvas
from executions.events import receiving
from executions.models import EventMessage

logger = logging.getLogger(__name__)

_MANY = 500
# A message that was rung for is not rung for again before this is over: the queue may merely be long.
_PATIENCE = timedelta(seconds=30)
# Seconds between two looks at queues outside.
_PAUSE = 0.4
_looked_at = -1_000_000.0


def run_once() -> int:
    """Gives how many messages came in or were rung for."""
    return _receive() + _ring()


def _receive() -> int:
    global _looked_at
    if time.monotonic() - _looked_at < _PAUSE:
        return 0
    _looked_at = time.monotonic()
    return receiving.receive_all()


def _ring() -> int:
    moment = now()
    due = EventMessage.objects.filter(due_at__lte=moment).order_by("due_at")
    found = list(due.values_list("pk", "message_id")[:_MANY])
    if not found:
        return 0
    try:
        canvas.ring_events([message_id for _, message_id in found])
    except (KombuError, OSError) as error:
        logger.warning("%d events could not be rung for: %s", len(found), error)
        return 0
    EventMessage.objects.filter(pk__in=[pk for pk, _ in found], due_at__lte=moment).update(due_at=moment + _PATIENCE)
    return len(found)


def next_due(after: datetime) -> datetime | None:
    """When the next message falls due."""
    found: datetime | None = EventMessage.objects.filter(due_at__gt=after).aggregate(found=Min("due_at"))["found"]
    return found
