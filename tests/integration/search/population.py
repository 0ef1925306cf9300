"""Executions and task runs that are simply there, without an engine that made them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from executions.models import Execution, TaskRun
from tests.unit.engine.world import graph, task
from workflows_app.models import Version
from workflows_app.registration import Draft, save

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def version() -> Version:
    return save(Draft(format="test", name="flow", number=1, body={}, graph=graph(task("a"))), overwrite=True)


def unsaved(of: Version, *, minutes: float = 0, **fields: Any) -> Execution:
    """An execution that began so many minutes after NOON."""
    at = NOON + timedelta(minutes=minutes)
    known = {"name": "flow", "state": "RUNNING", "format": "test", "created_at": at, "updated_at": at, **fields}
    return Execution(id=known.pop("id", uuid4()), version=of, **known)


def execution(of: Version, **fields: Any) -> str:
    row = unsaved(of, **fields)
    row.save(force_insert=True)
    return str(row.id)


def task_run(execution_id: str, of: Version, *, minutes: float = 0, **fields: Any) -> str:
    at = NOON + timedelta(minutes=minutes)
    known = {
        "ref": "a",
        "type": "SIMPLE",
        "name": "a",
        "state": "SCHEDULED",
        "scheduled_at": at,
        "first_scheduled_at": at,
        "updated_at": at,
        "scope_id": UUID(execution_id),
        "seq": 1,
        **fields,
    }
    row = TaskRun(id=uuid4(), execution_id=execution_id, version=of, **known)
    row.save(force_insert=True)
    return str(row.id)
