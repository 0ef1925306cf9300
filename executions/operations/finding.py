"""Executions and task runs by the ids that people and clients give."""

from __future__ import annotations

import re

from executions.engine.rows import ExecutionRow, RunRow
from executions.operations.refusals import Conflict, NotFound
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


_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """Whether it can be one. Only the one spelling that ids are given out in: ``uuid.UUID`` takes many others."""
    return _ID.fullmatch(text) is not None


def refuse_archived(execution_id: str) -> None:
    """Raises Conflict for an archived execution. Anything else passes, an unknown one too."""
    if is_id(execution_id) and executions.is_archived(execution_id):
        raise Conflict(f"Workflow {execution_id} is archived and cannot be changed")
