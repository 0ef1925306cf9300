"""FORK_JOIN: all its branches start together; the JOIN behind it opens with them."""

from __future__ import annotations

from executions.engine.events import Result
from executions.engine.tools import Task
from executions.states import RunState
from executions.task_types.base import TaskType


class ForkJoin(TaskType):
    def compute(self, task: Task) -> Result:
        abort = task.node.options.get("abort")
        if abort:
            return Result(state=RunState.FAILED, abort=str(abort))
        return Result(state=RunState.COMPLETED)
