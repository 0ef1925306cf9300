"""Executions and task runs by the ids that people and clients give."""

from __future__ import annotations

import uuid

from executions.engine.rows import ExecutionRow, RunRow
from executions.operations.refusals import NotFound
from executions.store import executions, runs


def execution(execution_id: str) -> ExecutionRow:
    """Raises NotFound."""
    found = executions.read(execution_id) if is_id(execution_id) else None
    if found is None:
        raise NotFound(f"No such workflow found by id: {execution_id}")
    return found


def task_run(run_id: str) -> RunRow:
    """Raises NotFound."""
    found = runs.find(run_id) if is_id(run_id) else None
    if found is None:
        raise NotFound(f"Task not found for taskId: {run_id}")
    return found


def is_id(text: str) -> bool:
    """Whether it is the id of anything at all, in the one spelling that is stored."""
    try:
        uuid.UUID(text)
    except (ValueError, AttributeError):
        return False
    return len(text) == 36
