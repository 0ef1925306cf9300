"""Cron triggers: schedules with a pattern or a first time, and a number of times (contracts/mistral.md, section 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from executions import audit
from executions.clock import now
from executions.operations import Conflict, Illegal
from executions.schedules import firing, unix_cron
from executions.schedules.models import Schedule
from executions.start_requests import NamedStart
from workflows_app.formats.mistral.drafts import NAME as FORMAT
from workflows_app.json_text import dumps

SOONEST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A cron trigger that somebody wants. ``workflow_id``: as clients know the workflow."""

    name: str
    workflow_name: str
    workflow_id: str
    request: NamedStart
    pattern: str | None = None
    first_time: datetime | None = None
    count: int | None = None


def create(draft: Draft, *, public_id: Callable[[int], str], by: str) -> Schedule:
    """``public_id`` makes the id that clients know it by. Raises Illegal for times that make no sense, Conflict for a
    name that is taken, CronError."""
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
        created_at=moment,
        updated_at=moment,
        created_by=by[:255],
    )
    schedule.next_due = firing.following(schedule, moment)
    try:
        with transaction.atomic():
            schedule.save(force_insert=True)
            schedule.request = _request(draft, public_id(schedule.pk))
            schedule.save(update_fields=["request"])
    except IntegrityError:
        raise Conflict(f"Duplicate entry for CronTrigger ['name', 'project_id']: {draft.name}") from None
    audit.record("save schedule", by=by, detail={"schedule": draft.name})
    return schedule


def _request(draft: Draft, trigger_id: str) -> dict[str, Any]:
    """What its executions are started with; their description tells who has started them."""
    told = {
        "description": f"Workflow execution created by cron trigger '({trigger_id})'.",
        "triggered_by": {"type": "cron_trigger", "id": trigger_id},
    }
    wanted = replace(draft.request, description=dumps(told))
    return {"workflow_id": draft.workflow_id, **asdict(wanted)}
