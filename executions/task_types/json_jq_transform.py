"""JSON_JQ_TRANSFORM: a jq program on the task's input (contracts/conductor.md, section 4.5)."""

from __future__ import annotations

from executions.engine.events import Result
from executions.engine.tools import Task
from executions.states import RunState
from executions.task_types.base import TaskType
from workflows_app.expressions import ScriptError


class JsonJqTransform(TaskType):
    """``queryExpression``; ``output.result`` is the first result or null, ``output.resultList`` has all."""

    def compute(self, task: Task) -> Result:
        query = task.input.get("queryExpression")
        if not isinstance(query, str) or not query.strip():
            reason = "Missing 'queryExpression' in input parameters"
            return Result(state=RunState.FAILED, reason=reason, output={"error": reason})
        try:
            results = task.script("jq", query, dict(task.input))
        except ScriptError as error:
            return Result(state=RunState.FAILED, reason=str(error), output={"error": str(error)})
        return Result(
            state=RunState.COMPLETED,
            output={"result": results[0] if results else None, "resultList": results},
        )
