"""RabbitMQ, where it is the Celery broker.

What goes out is a persistent JSON message with the message's id, confirmed by the broker; what comes in is JSON or a
text. A message is acknowledged when it is stored; the broker gives what a dead process had not acknowledged to another
one. Queues and exchanges that are there are used as they are, whatever their kind.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from amqp.exceptions import MessageNacked
from celery import current_app
from kombu import Connection, Exchange, Queue
from kombu.exceptions import OperationalError

from executions.events.models import EventMessage
from executions.events.sinks.base import Incoming, Store, place, wire_id
from workflows_app.json_text import dumps, loads

logger = logging.getLogger(__name__)

_MANY = 200
# Of an exchange we read the copy that comes to a queue of our own.
_PREFIX = "upbeat."
# Seconds for the broker to confirm that it has a message.
_CONFIRM_SECONDS = 10.0
_NOT_FOUND = 404


class RabbitQueue:
    """``amqp:queue``: a queue, made durable if it is not there. See ``Sink``."""

    def publish(self, message: EventMessage) -> None:
        name = place(message.event)
        with _connection() as connection:
            self._make_target(connection, name)
            connection.Producer().publish(
                dumps(message.payload).encode(),
                content_type="application/json",
                content_encoding="utf-8",
                message_id=wire_id(message),
                type=message.event,
                delivery_mode=2,
                confirm_timeout=_CONFIRM_SECONDS,
                **self._address(name),
            )

    def receive(self, events: Mapping[str, datetime], store: Store) -> int:
        found = 0
        with _connection() as connection:
            for event in events:
                try:
                    found += self._receive(connection, event, store)
                except connection.channel_errors as error:  # the others are read all the same
                    logger.warning("nothing can be received from %s: %s", event, error)
        return found

    def _receive(self, connection: Connection, event: str, store: Store) -> int:
        name = place(event)
        self._make_target(connection, name)
        with connection.channel() as channel:
            return _take(self._source(name, channel), event, store)

    def _make_target(self, connection: Connection, name: str) -> None:
        _make(connection, Queue(name, durable=True))

    def _source(self, name: str, channel: Any) -> Queue:
        """The queue to read, on this channel."""
        return Queue(name).bind(channel)

    def _address(self, name: str) -> dict[str, Any]:
        return {"exchange": "", "routing_key": name}


class RabbitExchange(RabbitQueue):
    """``amqp_exchange:exchange``: an exchange, made as a durable fan-out if it is not there."""

    def _make_target(self, connection: Connection, name: str) -> None:
        _make(connection, Exchange(name, type="fanout", durable=True))

    def _source(self, name: str, channel: Any) -> Queue:
        queue = Queue(_PREFIX + name, durable=True).bind(channel)
        queue.declare()
        queue.bind_to(exchange=name)  # each time: whoever made the queue may have died before this
        return queue

    def _address(self, name: str) -> dict[str, Any]:
        return {"exchange": name, "routing_key": ""}


@contextmanager
def _connection() -> Iterator[Connection]:
    """Whatever goes wrong with it is an OperationalError, save what the channel of one queue says."""
    with current_app.connection_for_write(transport_options={"confirm_publish": True}) as connection:
        errors: tuple[type[BaseException], ...] = (
            *connection.connection_errors,
            *connection.channel_errors,
            MessageNacked,
        )
        try:
            yield connection
        except errors as error:
            raise OperationalError(str(error) or type(error).__name__) from error


def _make(connection: Connection, entity: Queue | Exchange) -> None:
    """Declares a queue or an exchange, unless one of that name is there, be it of another kind."""
    with connection.channel() as channel:
        bound: Any = entity.bind(channel)
        look = bound.queue_declare if isinstance(entity, Queue) else bound.declare
        try:
            look(passive=True)
            return
        except connection.channel_errors as error:
            if int(getattr(error, "reply_code", 0)) != _NOT_FOUND:
                raise
    with connection.channel() as channel:  # the refusal has closed the other one
        entity.bind(channel).declare()


def _take(queue: Queue, event: str, store: Store) -> int:
    messages: list[Any] = []
    while len(messages) < _MANY and (message := queue.get(no_ack=False)) is not None:
        messages.append(message)
    try:
        if messages:
            store([_incoming(event, message) for message in messages])
    except BaseException:
        for message in messages:  # the broker would find out by itself, later
            message.requeue()
        raise
    for message in messages:
        message.ack()
    return len(messages)


def _incoming(event: str, message: Any) -> Incoming:
    body = message.body
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    try:
        payload = loads(text)
    except ValueError:
        payload = {"body": text}
    return Incoming(event, message.properties.get("message_id"), payload)
