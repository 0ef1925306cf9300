"""Firing schedules, exactly once for every due time.

Two steps, each of which may be repeated and interrupted anywhere:

1. ``take_due``: in one transaction a due time is taken off its schedule by an UPDATE that names it, and stored as a
   ``ScheduleFiring``. Whoever comes second changes no row.
2. ``start_taken``: the execution whose id the firing names is started. Whoever comes second finds it there.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Min

from executions.clock import now
from executions.idempotency import KeyTaken
from executions.ids import new_id
from executions.operations import Refusal
from executions.schedules import cron
from executions.schedules.models import Schedule, ScheduleFiring, SchedulerPause
from executions.start_requests import CONDUCTOR, start_named, start_requested
from workflows_app.formats.conductor.fields import Invalid
from workflows_app.formats.conductor.start_request import NoSuchWorkflow

logger = logging.getLogger(__name__)

# A due time that nobody was there for in so long has been missed: it is fired only if the schedule catches up.
MISSED_AFTER = timedelta(seconds=60)
# Schedules, and due times of one of them, that one pass takes.
_MANY = 200
_SLOTS = 100


@dataclass(frozen=True, slots=True)
class Slot:
    """A due time, with the cron expression and the zone that made it."""

    at: datetime
    cron: str
    zone: str


def slot_after(
    crons: Sequence[Sequence[str]], after: datetime, *, start: datetime | None = None, end: datetime | None = None
) -> Slot | None:
    """The first due time later than ``after`` of any of these (expression, zone) pairs, not before ``start`` and not
    after ``end``. Raises CronError."""
    if start is not None and start > after:
        after = start - timedelta(microseconds=1)
    found = [
        Slot(at, expression, zone)
        for expression, zone in crons
        if (at := cron.next_after(expression, zone, after)) is not None and (end is None or at <= end)
    ]
    return min(found, key=lambda slot: slot.at, default=None)


def following(schedule: Schedule, after: datetime) -> datetime | None:
    """The schedule's first due time later than ``after``; None if there is none. Where one is fired late, its start
    is a due time itself."""
    if schedule.late_once and schedule.start_at is not None and schedule.start_at > after:
        return schedule.start_at
    slot = slot_after(schedule.crons, after, start=schedule.start_at, end=schedule.end_at)
    return slot.at if slot is not None else None


def take_due() -> int:
    """Takes what is due off the schedules; gives how many due times were taken. What is left is taken next time."""
    moment = now()
    due = list(Schedule.objects.filter(next_due__lte=moment, paused=False).order_by("next_due")[:_MANY])
    if not due or SchedulerPause.objects.exists():
        return 0
    taken = 0
    for schedule in due:
        try:
            taken += _take(schedule, moment)
        except cron.CronError as error:  # a zone that the server no longer knows
            logger.error("schedule %s is paused: %s", schedule.name, error)
            Schedule.objects.filter(pk=schedule.pk).update(paused=True, paused_reason=str(error), next_due=None)
    return taken


def _take(schedule: Schedule, moment: datetime) -> int:
    """Takes the due times of one schedule, in order."""
    taken = 0
    while schedule.next_due is not None and schedule.next_due <= moment and taken < _SLOTS:
        due = schedule.next_due
        missed = not schedule.catch_up and moment - due > MISSED_AFTER
        if missed and not schedule.late_once:
            logger.warning("schedule %s skips what was due from %s to now: nobody was there", schedule.name, due)
            if not _advance(schedule, following(schedule, moment)):
                return taken
            continue
        slot = slot_after(schedule.crons, due - timedelta(microseconds=1))
        if slot is None or slot.at != due:  # a first time that was given as such
            slot = Slot(due, schedule.cron_expression or "", schedule.zone)
        with transaction.atomic():
            if not _advance(schedule, following(schedule, moment if missed else due)):
                return taken
            over = schedule.remaining == 0
            if over:
                Schedule.objects.filter(pk=schedule.pk).delete()
            ScheduleFiring.objects.create(
                schedule=None if over else schedule,
                format=schedule.format,
                schedule_name=schedule.name,
                workflow_name=schedule.workflow_name,
                scheduled_at=due,
                cron=slot.cron,
                zone=slot.zone,
                due_at=moment,
                execution_id=new_id(),
                request=schedule.request,
                created_by=schedule.created_by,
            )
        taken += 1
        if over:
            break
    return taken


def _advance(schedule: Schedule, following: datetime | None) -> bool:
    """Moves a schedule on by one due time; False if somebody else has, or has changed or paused it."""
    mine = Schedule.objects.filter(
        pk=schedule.pk, next_due=schedule.next_due, updated_at=schedule.updated_at, paused=False
    )
    remaining = None if schedule.remaining is None else max(schedule.remaining - 1, 0)
    if not mine.update(next_due=following, remaining=remaining):
        return False
    schedule.next_due, schedule.remaining = following, remaining
    return True


def start_taken() -> int:
    """Starts what was taken; gives how many executions were asked for."""
    due = ScheduleFiring.objects.filter(due_at__lte=now()).order_by("scheduled_at", "id")
    return sum(_start(firing) for firing in list(due[:_MANY]))


def _start(firing: ScheduleFiring) -> bool:
    """Starts one, unless somebody else is at it. If this process dies, it is due again when its claim is over."""
    moment = now()
    until = moment + timedelta(seconds=settings.LEASE_SECONDS)
    if not ScheduleFiring.objects.filter(pk=firing.pk, due_at=firing.due_at).update(due_at=until):
        return False
    state, reason = ScheduleFiring.State.EXECUTED, None
    try:
        if firing.format == CONDUCTOR:
            start_requested(
                firing.request,
                str(firing.execution_id),
                input=_input(firing, moment),
                attributes={"createdBy": firing.created_by or None, "schedule": firing.schedule_name},
            )
        else:
            start_named(firing.request, str(firing.execution_id))
    except (OperationalError, InterfaceError):
        raise
    except (Invalid, NoSuchWorkflow, KeyTaken, Refusal) as error:
        state, reason = ScheduleFiring.State.FAILED, str(error)
    except Exception as error:
        logger.exception("schedule %s could not start its workflow", firing.schedule_name)
        state, reason = ScheduleFiring.State.FAILED, f"{type(error).__name__}: {error}"
    open_firing = ScheduleFiring.objects.filter(pk=firing.pk, state=ScheduleFiring.State.POLLED)
    open_firing.update(state=state, reason=reason, fired_at=moment, due_at=None)
    return True


def _input(firing: ScheduleFiring, moment: datetime) -> dict[str, Any]:
    return {
        **(firing.request.get("input") or {}),
        "_startedByScheduler": firing.schedule_name,
        "_scheduledTime": _millis(firing.scheduled_at),
        "_executedTime": _millis(moment),
        "_executionId": str(firing.pk),
        "_schedulerCron": f"{firing.cron} {firing.zone}",
    }


def _millis(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def next_due(after: datetime) -> datetime | None:
    """When the next schedule falls due, or the next firing is to be tried again."""
    schedule: datetime | None = Schedule.objects.filter(next_due__gt=after).aggregate(found=Min("next_due"))["found"]
    firing: datetime | None = ScheduleFiring.objects.filter(due_at__gt=after).aggregate(found=Min("due_at"))["found"]
    return min((found for found in (schedule, firing) if found is not None), default=None)
