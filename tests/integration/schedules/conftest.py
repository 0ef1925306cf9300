"""Schedules of a workflow that is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from executions.clock import now
from executions.models import Execution, Schedule
from executions.schedules import firing, keeping
from executions.store import executions
from workflows_app.formats.conductor.drafts import workflow_draft
from workflows_app.registration import save

Plan = Callable[..., Schedule]


@pytest.fixture
def plan() -> Plan:
    """Stores a schedule: ``plan(cron, catch_up=True, since=...)``; ``since``: its next due time is the first after."""
    task = {"name": "n", "taskReferenceName": "n", "type": "NOOP"}
    save(workflow_draft({"name": "job", "version": 1, "schemaVersion": 2, "tasks": [task]}), overwrite=True)

    def store(
        expression: str = "0 * * * * *",
        *,
        name: str = "s",
        zone: str = "UTC",
        crons: list[list[str]] | None = None,
        since: datetime | None = None,
        request: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Schedule:
        request = request or {"name": "job", "input": {"a": 1}, "correlationId": "k"}
        draft = keeping.Draft(
            name=name,
            workflow_name=request["name"],
            crons=crons or [[expression, zone]],
            cron_expression=expression,
            zone=zone,
            request=request,
            **fields,
        )
        kept = keeping.save(draft, by="test", created_by="ana")
        if since is not None:
            Schedule.objects.filter(pk=kept.pk).update(next_due=firing.following(kept, since))
            kept.refresh_from_db()
        return kept

    return store


def sweep() -> int:
    """Everything that is due now."""
    done = 0
    while firing.take_due():
        done += firing.start_taken()
    return done + firing.start_taken()


def inputs(name: str = "job") -> list[dict[str, Any]]:
    """The inputs of what was started, in order of starting."""
    ids = Execution.objects.filter(name=name).order_by("created_at", "id").values_list("id", flat=True)
    return [row.input.value for i in ids if (row := executions.read(str(i))) is not None]


def minutes_ago(count: float) -> datetime:
    return now() - timedelta(minutes=count)


def at(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, tz=UTC)
