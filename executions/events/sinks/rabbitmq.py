"""RabbitMQ, where it is the Celery broker.

What goes out is a persistent JSON message with the message's id; what comes in is JSON or a text. A message is
acknowledged when it is stored; the broker gives what a dead process had not acknowledged to another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from celery import current_app
from kombu import Connection, Exchange, Queue

from executions.events.models import EventMessage
from executions.events.sinks.base import Incoming, Store, place, wire_id
from workflows_app.json_text import dumps, loads

_MANY = 200
# Of an exchange we read the copy that comes to a queue of our own.
_PREFIX = "upbeat."


class RabbitQueue:
    """``amqp:queue``: a durable queue, made if it is not there. See ``Sink``."""

    def publish(self, message: EventMessage) -> None:
        with _connection() as connection:
            producer = connection.Producer()
            producer.publish(
                dumps(message.payload).encode(),
                content_type="application/json",
                content_encoding="utf-8",
                message_id=wire_id(message),
                type=message.event,
                delivery_mode=2,
                **self._address(place(message.event)),
            )

    def receive(self, events: Mapping[str, datetime], store: Store) -> int:
        found = 0
        with _connection() as connection:
            for event in events:
                queue = self._queue(place(event)).bind(connection.default_channel)
                queue.declare()
                found += _take(queue, event, store)
        return found

    def _address(self, name: str) -> dict[str, Any]:
        return {"exchange": "", "routing_key": name, "declare": [self._queue(name)]}

    def _queue(self, name: str) -> Queue:
        return Queue(name, durable=True)


class RabbitExchange(RabbitQueue):
    """``amqp_exchange:exchange``: a fan-out exchange, made if it is not there."""

    def _address(self, name: str) -> dict[str, Any]:
        exchange = Exchange(name, type="fanout", durable=True)
        return {"exchange": exchange, "routing_key": "", "declare": [exchange]}

    def _queue(self, name: str) -> Queue:
        return Queue(_PREFIX + name, Exchange(name, type="fanout", durable=True), durable=True)


def _connection() -> Connection:
    connection: Connection = current_app.connection_for_write()
    return connection


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
