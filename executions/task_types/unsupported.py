"""unsupported: a task that its definition describes in a way that nothing can be done with."""

from __future__ import annotations

from executions.engine.events import Result
from executions.engine.tools import Task
from executions.states import RunState
from executions.task_types.base import TaskType


class Unsupported(TaskType):
    """Fails for good, with the ``reason`` that the definition's format has found."""

    def compute(self, task: Task) -> Result:
        reason = str(task.node.options["reason"])
        return Result(state=RunState.FAILED_WITH_TERMINAL_ERROR, reason=reason, output={"error": reason})
