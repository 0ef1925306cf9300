"""Workflows that tell and handlers that listen, stored for real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from executions.engine.new_execution import NewExecution
from executions.engine.rows import ExecutionRow
from executions.events import delivery, keeping
from executions.events.sinks import of_kind
from executions.models import EventMessage
from executions.starting import start
from workflows_app.formats.conductor.drafts import workflow_draft
from workflows_app.formats.conductor.event_handler import read_handler
from workflows_app.formats.conductor.fields import render
from workflows_app.registration import save

Workflow = Callable[..., ExecutionRow]
Listen = Callable[..., None]


@pytest.fixture
def workflow() -> Workflow:
    """Registers tasks under a name and starts them: ``workflow("w", task, ..., input={...})``."""

    def begin(name: str, *tasks: dict[str, Any], **request: Any) -> ExecutionRow:
        version = save(
            workflow_draft({"name": name, "version": 1, "schemaVersion": 2, "tasks": list(tasks)}), overwrite=True
        )
        asked = NewExecution(version_id=version.pk, format="conductor", name=name, number=1, **request)
        started = start(asked)
        assert started is not None
        return started

    return begin


@pytest.fixture
def listen() -> Listen:
    """Adds an active handler: ``listen(event, action, ...)``."""

    def add(event: str, *actions: dict[str, Any], name: str = "h", **fields: Any) -> None:
        handler = read_handler({"name": name, "event": event, "active": True, "actions": list(actions), **fields})
        keeping.add(
            keeping.Draft(
                name=handler.name or "",
                event=handler.event or "",
                actions=[render(a) for a in handler.actions],
                condition=handler.condition,
                evaluator_type=handler.evaluator_type,
                active=handler.active,
            ),
            by="test",
        )

    return add


@pytest.fixture(autouse=True)
def _fresh_sinks() -> Iterator[None]:
    """A sink remembers when it last looked for what others have left behind."""
    of_kind.cache_clear()
    yield
    of_kind.cache_clear()


def task(type: str, ref: str, **fields: Any) -> dict[str, Any]:
    return {"name": ref, "taskReferenceName": ref, "type": type, "inputParameters": {}, **fields}


def tell(sink: str = "conductor:x", ref: str = "tell", **fields: Any) -> dict[str, Any]:
    return task("EVENT", ref, sink=sink, **fields)


def action(kind: str, **fields: Any) -> dict[str, Any]:
    return {"action": kind, kind: fields}


def deliver_all() -> None:
    """Delivers whatever is stored, as workers do when they are rung for."""
    for message_id in (
        EventMessage.objects.filter(due_at__isnull=False).order_by("id").values_list("message_id", flat=True)
    ):
        delivery.deliver(message_id)
