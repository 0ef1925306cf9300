"""What people and clients do to schedules; each leaves a line in the audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from executions import audit
from executions.clock import now
from executions.operations import Conflict, NotFound
from executions.schedules import cron, firing
from executions.schedules.models import Schedule, ScheduleFiring, SchedulerPause
from executions.start_requests import CONDUCTOR
from workflows_app.json_text import is_storable, storable


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A schedule that somebody wants. ``crons``: (expression, zone) pairs that have been checked."""

    name: str
    workflow_name: str
    crons: list[list[str]]
    request: dict[str, Any]
    cron_expression: str | None = None
    zone: str = "UTC"
    cron_schedules: list[dict[str, Any]] = field(default_factory=list)
    catch_up: bool = False
    paused: bool = False
    paused_reason: str | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    description: str | None = None


_TIMING = ("crons", "start_at", "end_at", "paused")


def find(name: str) -> Schedule:
    """Raises NotFound."""
    found = _named(name).first()
    if found is None:
        raise NotFound(f"Schedule '{name}' not found")
    return found


def save(draft: Draft, *, by: str, created_by: str = "", updated_by: str = "") -> Schedule:
    """Stores a schedule; one of that name is replaced. While its times stay the same, none that is due gets lost.
    Raises Conflict for a name that stands for a schedule of another format."""
    fields = {key: _storable(getattr(draft, key)) for key in draft.__dataclass_fields__ if key != "name"}
    name, created_by, updated_by = storable(draft.name), storable(created_by)[:255], storable(updated_by)[:255]
    while True:
        try:
            with transaction.atomic():
                found = _named(name).select_for_update().first()
                moment = now()
                if found is None:
                    found = Schedule(format=CONDUCTOR, name=name, created_at=moment, created_by=created_by)
                elif found.format != CONDUCTOR:
                    raise Conflict(f"{name!r} is a schedule of another API ({found.format}) and is changed there")
                same = found.pk is not None and all(getattr(found, key) == fields[key] for key in _TIMING)
                for key, value in fields.items():
                    setattr(found, key, value)
                found.updated_at, found.updated_by = moment, updated_by
                if not same:
                    found.next_due = None if found.paused else firing.following(found, moment)
                found.save()
        except IntegrityError:  # somebody else has created it in this moment
            if not _named(name).exists():
                raise
            continue
        audit.record("save schedule", by=by, detail={"schedule": name})
        return found


def delete(name: str, *, by: str) -> bool:
    """False: there was none. What was due before is started all the same, and its history stays."""
    deleted, _ = _named(name).delete()
    if deleted:
        audit.record("delete schedule", by=by, detail={"schedule": name})
    return bool(deleted)


def pause(name: str, *, by: str, reason: str | None = None) -> None:
    """Pausing twice is no error. Raises NotFound."""
    found = _named(name)
    reason = reason and storable(reason)
    if not found.update(paused=True, paused_reason=reason, next_due=None, updated_at=now()):
        raise NotFound(f"Schedule '{name}' not found")
    audit.record("pause schedule", by=by, reason=reason, detail={"schedule": name})


def resume(name: str, *, by: str) -> None:
    """What would have been due during the pause is not made up for. Raises NotFound, also if it is not paused."""
    with transaction.atomic():
        found = _named(name).select_for_update().filter(paused=True).first()
        if found is None:
            raise NotFound(f"Schedule '{name}' not found" if not _exists(name) else f"Schedule '{name}' is not paused")
        found.paused, found.paused_reason, found.updated_at = False, None, now()
        found.next_due = firing.following(found, found.updated_at)
        found.save()
    audit.record("resume schedule", by=by, detail={"schedule": name})


def pause_all(*, by: str) -> None:
    """No schedule is fired until ``resume_all``; which of them are paused by themselves stays as it is."""
    SchedulerPause.objects.get_or_create(pk=1, defaults={"since": now(), "by": by})
    audit.record("pause all schedules", by=by)


def resume_all(*, by: str) -> None:
    """What would have been due in between is not made up for."""
    with transaction.atomic():
        if SchedulerPause.objects.filter(pk=1).delete()[0]:
            moment = now()
            for schedule in Schedule.objects.select_for_update().filter(next_due__lte=moment):
                schedule.next_due, schedule.updated_at = firing.following(schedule, moment), moment
                schedule.save(update_fields=["next_due", "updated_at"])
    audit.record("resume all schedules", by=by)


def requeue() -> list[str]:
    """Whatever was taken off a schedule and is not started yet is tried again now. Gives the ids."""
    waiting = ScheduleFiring.objects.filter(state=ScheduleFiring.State.POLLED)
    found = [str(pk) for pk in waiting.values_list("pk", flat=True)]
    waiting.update(due_at=now())
    return found


def set_tags(name: str, tags: Sequence[dict[str, Any]]) -> None:
    """Replaces a schedule's tags. Raises NotFound."""
    if not _named(name).update(tags=list(tags)):
        raise NotFound(f"Schedule '{name}' not found")


def next_times(
    expression: str, count: int, *, start: datetime | None = None, end: datetime | None = None
) -> list[datetime]:
    """The next due times of an expression in UTC. Raises CronError."""
    found: list[datetime] = []
    after = now()
    cron.check(expression, "UTC")
    while len(found) < count:
        slot = firing.slot_after([[expression, "UTC"]], after, start=start, end=end)
        if slot is None:
            break
        found.append(after := slot.at)
    return found


def _storable(value: Any) -> Any:
    return storable(value) if isinstance(value, str) else value


def _exists(name: str) -> bool:
    return _named(name).exists()


def _named(name: str) -> QuerySet[Schedule]:
    """No schedule has a name that could not be stored, and not every database can be asked for one."""
    return Schedule.objects.filter(name=name) if is_storable(name) else Schedule.objects.none()
