"""JOIN and EXCLUSIVE_JOIN. The engine itself knows how joins behave (executions/engine/joins.py)."""

from __future__ import annotations

from executions.task_types.base import TaskType


class Join(TaskType):
    """Nobody runs it: it ends when the tasks it waits for have ended."""
