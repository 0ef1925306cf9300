"""From a stored message to whoever listens: handlers here, or a queue outside."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import F
from kombu.exceptions import OperationalError as KombuError
from redis.exceptions import RedisError

from executions.clock import now
from executions.events import conditions, sinks
from executions.events.actions import ACTIONS, Doing
from executions.events.models import EventExecution, EventHandler, EventMessage
from executions.idempotency import KeyTaken
from executions.operations import Refusal
from workflows_app.expressions import ExpressionError, ScriptError
from workflows_app.expressions.conductor import payload as payload_templates
from workflows_app.formats.conductor.fields import Invalid
from workflows_app.formats.conductor.start_request import NoSuchWorkflow
from workflows_app.sinks import spellings

logger = logging.getLogger(__name__)

_State = EventExecution.State
# Seconds until the next attempt after so many failed ones; the last one for all that follow.
_PAUSES = (1, 2, 5, 15, 60, 300)
# What a definition or a payload did wrong: trying again would not help.
_REFUSED = (Refusal, KeyTaken, NoSuchWorkflow, Invalid, ExpressionError, ScriptError)


def deliver(message_id: str) -> None:
    """Delivers what is stored under this id and has not been delivered. Doing it twice, or twice at once, is harmless.

    What cannot be delivered now (no Redis, no broker) is tried again later. Raises DatabaseError; then it is due when
    the claim of this attempt is over.
    """
    for message in EventMessage.objects.filter(message_id=message_id, due_at__isnull=False):
        if not _claim(message):
            continue
        try:
            if message.outgoing:
                sinks.find(message.event).publish(message)
            else:
                _handle(message)
        except (RedisError, KombuError, OSError, sinks.NotThere) as error:
            _put_off(message, error)
        else:
            EventMessage.objects.filter(pk=message.pk).update(due_at=None, problem=None)


def _claim(message: EventMessage) -> bool:
    """Whether this process delivers it: whoever counts the attempt first. A claim lasts as long as a lease."""
    until = now() + timedelta(seconds=settings.LEASE_SECONDS)
    unclaimed = EventMessage.objects.filter(pk=message.pk, due_at__isnull=False, attempts=message.attempts)
    return bool(unclaimed.update(due_at=until, attempts=F("attempts") + 1))


def _put_off(message: EventMessage, error: Exception) -> None:
    pause = _PAUSES[min(message.attempts, len(_PAUSES) - 1)]
    logger.warning("event %s cannot be delivered yet, next attempt in %d s: %s", message, pause, error)
    EventMessage.objects.filter(pk=message.pk).update(due_at=now() + timedelta(seconds=pause), problem=str(error))


def _handle(message: EventMessage) -> None:
    for handler in EventHandler.objects.filter(event__in=spellings(message.event), active=True):
        try:
            applies = conditions.holds(handler.condition, handler.evaluator_type, message.payload)
        except ScriptError as error:
            _note(message, handler, _State.FAILED, str(error))
            continue
        if not applies:
            _note(message, handler, _State.SKIPPED, None)
            continue
        for position, action in enumerate(handler.actions):
            _perform(message, handler, position, action)


def _note(message: EventMessage, handler: EventHandler, state: str, reason: str | None) -> None:
    """The handler does nothing, and that is on record."""
    moment = now()
    EventExecution.objects.get_or_create(
        message=message,
        handler=handler.name,
        position=0,
        defaults={
            "action": handler.actions[0]["action"] if handler.actions else "",
            "state": state,
            "reason": reason,
            "output": {"condition": handler.condition},
            "created_at": moment,
            "updated_at": moment,
        },
    )


def _perform(message: EventMessage, handler: EventHandler, position: int, action: Mapping[str, Any]) -> None:
    """Does one action, unless that is done. One that is refused does not keep the others from being done."""
    kind = str(action.get("action"))
    moment = now()
    record, _ = EventExecution.objects.get_or_create(
        message=message,
        handler=handler.name,
        position=position,
        defaults={"action": kind, "created_at": moment, "updated_at": moment},
    )
    if record.state != _State.IN_PROGRESS:
        return
    payload = conditions.expand(message.payload) if action.get("expandInlineJSON") else message.payload
    try:
        given = payload_templates.resolve(action.get(kind) or {}, payload)
        output = ACTIONS[kind](Doing(record, message, given, payload))
    except _REFUSED as error:
        _end(record, _State.FAILED, reason=str(error) or type(error).__name__)
    except (OperationalError, InterfaceError, RedisError, KombuError, OSError):
        raise  # not now, but later
    except Exception as error:
        logger.exception("action %d of event handler %s failed", position, handler.name)
        _end(record, _State.FAILED, reason=f"{type(error).__name__}: {error}")
    else:
        _end(record, _State.COMPLETED, output=output)


def _end(
    record: EventExecution, state: str, *, output: Mapping[str, Any] | None = None, reason: str | None = None
) -> None:
    open_record = EventExecution.objects.filter(pk=record.pk, state=_State.IN_PROGRESS)
    open_record.update(state=state, output=dict(output or {}), reason=reason, updated_at=now())
