"""Lines written about task runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from executions.models import TaskLog


def add(lines: Sequence[tuple[str, str]], at: datetime) -> None:
    """Appends (task run id, line) pairs in one statement."""
    TaskLog.objects.bulk_create(TaskLog(task_run_id=run_id, at=at, message=text) for run_id, text in lines)
