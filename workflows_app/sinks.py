"""Where events go and come from, by the first part of their names: ``kind:place``.

=================================  ===========================================================================
``conductor``, ``conductor:name``  the event handlers of this installation, through its own database
``redis:stream``                   a Redis stream (``redis_stream:stream`` says the same)
``amqp:queue``                     a queue of RabbitMQ (``amqp_queue:queue`` says the same), and
``amqp_exchange:exchange``         an exchange: both only where RabbitMQ is the broker
=================================  ===========================================================================
"""

from __future__ import annotations

from django.conf import settings

INTERNAL = "conductor"
REDIS = ("redis", "redis_stream")
AMQP = ("amqp", "amqp_queue", "amqp_exchange")
_LONGEST = 512
# Kinds that mean the same, under the name that counts.
_SAME = {"redis_stream": "redis", "amqp_queue": "amqp"}


def has_rabbitmq() -> bool:
    """Whether the Celery broker of this installation is RabbitMQ."""
    return str(settings.CELERY_BROKER_URL).startswith(("amqp", "pyamqp"))


def kinds() -> tuple[str, ...]:
    """The kinds of sinks that this installation has."""
    return (INTERNAL, *REDIS, *(AMQP if has_rabbitmq() else ()))


def canonical(event: str) -> str:
    """The one name of an event that may be written in several ways."""
    kind, colon, place = event.partition(":")
    return f"{_SAME.get(kind, kind)}{colon}{place}"


def spellings(event: str) -> tuple[str, ...]:
    """Every way to write an event's name."""
    kind, colon, place = canonical(event).partition(":")
    return tuple(f"{k}{colon}{place}" for k in (kind, *(other for other, one in _SAME.items() if one == kind)))


def problem(sink: str) -> str | None:
    """What is wrong with a sink as a definition writes it; None if nothing is, or an expression decides."""
    kind, colon, place = sink.partition(":")
    if "${" in kind:
        return None
    if kind in AMQP and not has_rabbitmq():
        return f"queue type {kind} is there only where RabbitMQ is the broker"
    if kind not in kinds():
        return f"Unknown queue type {kind}: this server has {', '.join(kinds())}"
    if not place.strip() and (colon or kind != INTERNAL):
        return f"The sink {sink} names no queue: write {kind}:name"
    if len(sink) > _LONGEST:
        return f"The sink is longer than {_LONGEST} characters"
    return None
