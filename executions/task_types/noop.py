"""NOOP: done as soon as it is reached."""

from __future__ import annotations

from executions.engine.events import Result
from executions.engine.tools import Task
from executions.states import RunState
from executions.task_types.base import TaskType


class Noop(TaskType):
    def compute(self, task: Task) -> Result:
        return Result(state=RunState.COMPLETED)
