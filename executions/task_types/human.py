"""HUMAN: waits until somebody completes it, with whatever input describes the job."""

from __future__ import annotations

from executions.task_types.base import TaskType


class Human(TaskType):
    """Holds no thread, no connection and no worker while it waits."""
