"""What people and clients do to event handlers; each leaves a line in the audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from executions import audit
from executions.clock import now
from executions.events.models import EventHandler
from executions.operations import Conflict, NotFound
from workflows_app.json_text import storable


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A handler that somebody wants, checked."""

    name: str
    event: str
    actions: list[dict[str, Any]]
    condition: str | None = None
    evaluator_type: str | None = None
    active: bool = False


def add(draft: Draft, *, by: str) -> None:
    """Raises Conflict if there is one of that name."""
    moment = now()
    try:
        with transaction.atomic():
            EventHandler.objects.create(
                **_fields(draft),
                active_since=moment if draft.active else None,
                created_at=moment,
                updated_at=moment,
                created_by=by,
            )
    except IntegrityError:
        raise Conflict(f"EventHandler with name {draft.name} already exists!") from None
    audit.record("add event handler", by=by, detail={"handler": draft.name})


def update(draft: Draft, *, by: str) -> None:
    """Counts for every event that is delivered from now on. Raises NotFound."""
    with transaction.atomic():
        found = EventHandler.objects.select_for_update().filter(name=draft.name).first()
        if found is None:
            raise NotFound(f"EventHandler with name {draft.name} not found!")
        listening = found.active and found.event == draft.event
        for name, value in _fields(draft).items():
            setattr(found, name, value)
        found.updated_at, found.updated_by = now(), by
        found.active_since = None if not draft.active else found.active_since if listening else found.updated_at
        found.save()
    audit.record("update event handler", by=by, detail={"handler": draft.name, "active": draft.active})


def switch(name: str, active: bool, *, by: str) -> None:
    """Switches a handler on or off. Doing it twice is no error. Raises NotFound."""
    moment = now()
    found = EventHandler.objects.filter(name=name)
    changed = found.filter(active=not active)
    changed.update(active=active, active_since=moment if active else None, updated_at=moment, updated_by=by)
    if not found.exists():
        raise NotFound(f"EventHandler with name {name} not found!")
    audit.record("update event handler", by=by, detail={"handler": name, "active": active})


def remove(name: str, *, by: str) -> None:
    """Raises NotFound."""
    if not EventHandler.objects.filter(name=name).delete()[0]:
        raise NotFound(f"EventHandler with name {name} not found!")
    audit.record("remove event handler", by=by, detail={"handler": name})


def _fields(draft: Draft) -> dict[str, Any]:
    found = {name: getattr(draft, name) for name in draft.__dataclass_fields__}
    return {name: storable(value) if isinstance(value, str) else value for name, value in found.items()}
