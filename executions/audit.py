"""The audit: who did what, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executions.clock import now
from executions.models import Event


def record(
    action: str,
    *,
    by: str,
    execution_id: str | None = None,
    task_run_id: str | None = None,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Adds a line. It is written after what it tells of has been committed: it may be missing, but never lies."""
    Event.objects.create(
        execution_id=execution_id,
        task_run_id=task_run_id,
        at=now(),
        actor=by,
        action=action,
        reason=reason or "",
        detail=dict(detail or {}),
    )
