"""Messages to be delivered, stored by the transaction that has cause to send them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from executions.engine.events import Message
from executions.models import EventMessage

# The sender rings for a message; nobody else looks for it before this is over.
_GRACE = timedelta(seconds=5)


def add(messages: Sequence[tuple[str, Message]], at: datetime) -> None:
    """Stores (id of the sending task run, message) pairs in one statement."""
    EventMessage.objects.bulk_create(
        EventMessage(
            message_id=run_id,
            event=message.event,
            outgoing=message.outgoing,
            payload=message.payload,
            created_at=at,
            due_at=at + _GRACE,
        )
        for run_id, message in messages
    )
