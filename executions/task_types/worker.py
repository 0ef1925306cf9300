"""SIMPLE, and every type that is not built in: work for external workers, who poll for it."""

from __future__ import annotations

from executions.states import RunsOn
from executions.task_types.base import TaskType


class WorkerTask(TaskType):
    """Offered in the queue named after the task's definition, or after the type where that is not SIMPLE."""

    runs_on = RunsOn.WORKER

    def __init__(self, type_name: str = "") -> None:
        self._type_name = type_name

    def queue(self, name: str) -> str | None:
        return self._type_name or name
