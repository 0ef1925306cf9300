"""DO_WHILE. The engine itself knows how loops behave (executions/engine/loops.py)."""

from __future__ import annotations

from executions.task_types.base import TaskType


class DoWhile(TaskType):
    """Nobody runs it: its body does the work."""
