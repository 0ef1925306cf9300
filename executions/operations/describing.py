"""Operations that change what is noted of an execution, and nothing of what it does by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from django.db import transaction

from executions import audit
from executions.clock import now
from executions.engine.rows import Doc, ExecutionRow
from executions.operations.finding import execution, refuse_archived
from executions.operations.refusals import Conflict, NotFound
from executions.states import ExecutionState
from executions.store import executions


def describe(execution_id: str, description: str, *, by: str) -> ExecutionRow:
    """Sets the text that says what an execution is about, in whatever state it is."""

    def change(row: ExecutionRow) -> None:
        row.attributes = Doc({**row.attributes.value, "description": description})

    row = _changed(execution_id, change)
    audit.record("describe", by=by, execution_id=execution_id)
    return row


def merge_environment(execution_id: str, variables: Mapping[str, Any], *, by: str) -> ExecutionRow:
    """Adds to the environment of an execution, which must not be running: expressions would see half of it before and
    half of it after. Raises Conflict."""

    def change(row: ExecutionRow) -> None:
        if row.state in (ExecutionState.RUNNING, ExecutionState.COMPLETED):
            raise Conflict(
                "Updating env to workflow execution is only permitted if it is in IDLE, PAUSED, or ERROR state."
            )
        environment = {**(row.settings.value.get("env") or {}), **variables}
        params = {**(row.settings.value.get("params") or {}), "env": environment}
        row.settings = Doc({**row.settings.value, "env": environment, "params": params})

    row = _changed(execution_id, change)
    names = sorted(map(str, variables))
    audit.record("set environment", by=by, execution_id=execution_id, detail={"variables": names})
    return row


def _changed(execution_id: str, change: Callable[[ExecutionRow], None]) -> ExecutionRow:
    """The row after a change that was made under its lock."""
    refuse_archived(execution_id)
    with transaction.atomic():
        row = executions.lock(execution(execution_id).id, 0, now())
        if row is None:
            raise NotFound(f"No such workflow found by id: {execution_id}")
        changed = copy(row)
        change(changed)
        executions.update(row, changed)
    return changed
