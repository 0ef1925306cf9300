"""Cron triggers: schedules with a pattern or a first time, and a number of times (contracts/mistral.md, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from executions import audit
from executions.engine.transact import now
from executions.operations import Conflict, Illegal
from executions.schedules import firing, unix_cron
from executions.schedules.models import Schedule

FORMAT = "mistral"
SOONEST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A cron trigger that somebody wants. ``request``: what ``start_requests.start_named`` starts."""

    name: str
    workflow_name: str
    request: dict[str, Any]
    pattern: str | None = None
    first_time: datetime | None = None
    count: int | None = None


def create(draft: Draft, *, by: str) -> Schedule:
    """Raises Illegal for times that make no sense, Conflict for a name that is taken, CronError."""
    moment = now()
    count = draft.count
    if draft.pattern is None and draft.first_time is None:
        raise Illegal("Pattern or first_execution_time must be specified.")
    if draft.first_time is not None and draft.first_time < moment + SOONEST:
        raise Illegal("first_execution_time must be at least 1 minute in the future.")
    if count is not None and count < 1:
        raise Illegal("The number of executions must be 1 or more.")
    if draft.pattern is None:
        if count is not None and count > 1:
            raise Illegal("Pattern must be provided if count is superior to 1.")
        count = 1
    crons = [[e, "UTC"] for e in unix_cron.translated(draft.pattern)] if draft.pattern is not None else []
    schedule = Schedule(
        format=FORMAT,
        name=draft.name,
        workflow_name=draft.workflow_name,
        crons=crons,
        cron_expression=draft.pattern,
        late_once=True,
        remaining=count,
        start_at=draft.first_time,
        request=draft.request,
        created_at=moment,
        updated_at=moment,
        created_by=by[:255],
    )
    schedule.next_due = firing.following(schedule, moment)
    try:
        with transaction.atomic():
            schedule.save(force_insert=True)
    except IntegrityError:
        raise Conflict(f"Duplicate entry for CronTrigger ['name', 'project_id']: {draft.name}") from None
    audit.record("save schedule", by=by, detail={"schedule": draft.name})
    return schedule
