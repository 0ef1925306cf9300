"""TERMINATE: ends the execution here and now (contracts/conductor.md, section 4.3)."""

from __future__ import annotations

from executions.engine.events import End, Result
from executions.engine.tools import Task
from executions.states import ExecutionState, RunState
from executions.task_types.base import TaskType

_STATES = {
    "COMPLETED": ExecutionState.COMPLETED,
    "FAILED": ExecutionState.FAILED,
    "TERMINATED": ExecutionState.TERMINATED,
}


class Terminate(TaskType):
    """``terminationStatus``, ``terminationReason``, ``workflowOutput``. The task itself is COMPLETED in any case."""

    def compute(self, task: Task) -> Result:
        status = task.input.get("terminationStatus")
        if not isinstance(status, str) or status not in _STATES:
            return Result(state=RunState.FAILED, reason=f"Invalid terminationStatus: {status}")
        output = task.input.get("workflowOutput")
        reason = task.input.get("terminationReason")
        return Result(
            state=RunState.COMPLETED,
            output=output if isinstance(output, dict) else {} if output is None else {"output": output},
            end=End(
                state=_STATES[status],
                reason=None if reason is None else str(reason),
                output={} if output is None else output,
            ),
        )
