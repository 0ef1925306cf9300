"""When a task run may be taken up. A pure function."""

from __future__ import annotations

from datetime import datetime, timedelta

from executions.models import TaskRun


def available_at(run: TaskRun) -> datetime:
    """When its delay ends, or ended. (``due_at`` is the deadline where that is earlier.)"""
    if run.callback_after > 0:
        return run.updated_at + timedelta(seconds=run.callback_after)
    return run.scheduled_at + timedelta(seconds=run.start_delay)
