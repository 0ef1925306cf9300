"""Queues outside, one file for each kind. To add one, write a module with a ``Sink`` and name it in ``_SINKS`` and in
``workflows_app.sinks``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from executions.events.sinks.base import Incoming, NotThere, Sink
from workflows_app import sinks

__all__ = ["Incoming", "NotThere", "Sink", "find", "of_kind"]

_SINKS = {
    "redis": "redis_stream:RedisStream",
    "amqp": "rabbitmq:RabbitQueue",
    "amqp_exchange": "rabbitmq:RabbitExchange",
}


def find(event: str) -> Sink:
    """The sink of an event. Raises NotThere if this installation has none of its kind (any more)."""
    problem = sinks.problem(event)
    kind = sinks.canonical(event).partition(":")[0]
    if problem is not None or kind not in _SINKS:
        raise NotThere(problem or f"{event} is not outside")
    return of_kind(kind)


@cache
def of_kind(kind: str) -> Sink:
    module, _, cls = _SINKS[kind].partition(":")
    found: Sink = getattr(import_module(f"executions.events.sinks.{module}"), cls)()
    return found
