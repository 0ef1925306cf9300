"""SET_VARIABLE: every input becomes a variable of the execution (contracts/conductor.md, section 4.5)."""

from __future__ import annotations

from executions.engine.events import Result
from executions.engine.tools import Task
from executions.states import RunState
from executions.task_types.base import TaskType
from workflows_app.json_text import size_of

# Bytes of JSON that all variables of an execution may take together.
MAX_VARIABLES = 256 * 1024


class SetVariable(TaskType):
    """Replaces variables as a whole; they are seen by tasks that are scheduled later."""

    def compute(self, task: Task) -> Result:
        size = size_of({**task.execution.variables.value, **task.input})
        if size > MAX_VARIABLES:
            return Result(
                state=RunState.FAILED_WITH_TERMINAL_ERROR,
                reason=f"The variables payload size: {size} of workflow: {task.execution.id} is greater than the"
                f" permissible limit: {MAX_VARIABLES} bytes",
            )
        return Result(state=RunState.COMPLETED, variables=task.input, output={})
