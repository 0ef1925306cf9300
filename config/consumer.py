"""Celery's consumer for RabbitMQ, without the queues of delayed messages.

With quorum queues Celery makes 28 of them for messages with an ETA, each a Raft group of its own, and warns at every
start that the exchanges here cannot use them. Nothing here sends such messages: a delay is a row's ``due_at``.
"""

from __future__ import annotations

from typing import Any

from celery.worker import consumer

_blueprint: Any = consumer.Consumer.Blueprint


class _Blueprint(_blueprint):  # type: ignore[misc]
    default_steps = [step for step in _blueprint.default_steps if not step.endswith(":DelayedDelivery")]


class Consumer(consumer.Consumer):
    Blueprint = _Blueprint
