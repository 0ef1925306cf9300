"""What a queue outside is to us."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from executions.events.models import EventMessage


class NotThere(Exception):
    """This installation has no such queue now."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from outside. ``id``: the sender's, or the queue's own; None if neither gives one, so that the same
    message twice cannot be told from two messages."""

    event: str
    id: str | None
    payload: Any


# Stores messages, for good when it returns.
Store = Callable[[Sequence[Incoming]], None]


class Sink(Protocol):
    def publish(self, message: EventMessage) -> None:
        """Puts a message on the queue. After a crash it may be put there twice, with the same id. Raises RedisError,
        KombuError, OSError, NotThere: then it is tried again later."""
        ...

    def receive(self, events: Mapping[str, datetime], store: Store) -> int:
        """Takes what there is for these events, without waiting; gives how many messages that was.

        The values say since when an event counts. A message is taken off the queue when ``store`` has returned; if
        the process dies before, it comes again. Raises what ``publish`` raises.
        """
        ...


def wire_id(message: EventMessage) -> str:
    """The id under which a message goes out: always the same for one message. A task run that an operator lets run
    again sends another message under its id; that one is told from the first."""
    earlier = EventMessage.objects.filter(message_id=message.message_id, pk__lt=message.pk).exists()
    return f"{message.message_id}:{message.pk}" if earlier else message.message_id


def place(event: str) -> str:
    """What follows the kind in an event's name."""
    return event.partition(":")[2].strip()
