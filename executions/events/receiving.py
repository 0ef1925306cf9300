"""From queues outside into the database: stored first, then acknowledged, then delivered like everything else."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from django.db.models import Min
from kombu.exceptions import OperationalError as KombuError
from redis.exceptions import RedisError

from executions.clock import now
from executions.events import sinks
from executions.events.models import EventHandler, EventMessage
from executions.events.sinks import Incoming, NotThere
from workflows_app.json_text import storable
from workflows_app.sinks import INTERNAL, canonical

logger = logging.getLogger(__name__)

_ID, _RECEIVED_AS = 255, 800


def listened_to() -> dict[str, dict[str, datetime]]:
    """The events from outside that active handlers wait for, by kind, with the time since when each counts."""
    found: dict[str, dict[str, datetime]] = {}
    handlers = EventHandler.objects.filter(active=True).exclude(event__startswith=f"{INTERNAL}:")
    for written, since in handlers.values_list("event").annotate(Min("active_since")).order_by("event"):
        event = canonical(written)
        of_kind = found.setdefault(event.partition(":")[0], {})
        of_kind[event] = min(since or now(), of_kind.get(event, now()))
    return found


def receive_all() -> int:
    """Takes what there is in every queue that somebody listens to; gives how much. One that cannot be read does not
    keep the others from being read."""
    done = 0
    for kind, events in listened_to().items():
        try:
            done += sinks.find(next(iter(events))).receive(events, store)
        except (RedisError, KombuError, OSError, NotThere) as error:
            logger.warning("nothing can be received from %s: %s", kind, error)
    return done


def store(incoming: Sequence[Incoming]) -> None:
    """Stores messages, each once, due now."""
    moment = now()
    EventMessage.objects.bulk_create(
        (
            EventMessage(
                message_id=storable(message.id or str(uuid4()))[:_ID],
                event=message.event,
                payload=message.payload,
                received_as=None if message.id is None else storable(f"{message.event} {message.id}")[:_RECEIVED_AS],
                created_at=moment,
                due_at=moment,
            )
            for message in incoming
        ),
        ignore_conflicts=True,
    )
