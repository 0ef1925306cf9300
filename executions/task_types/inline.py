"""INLINE and its predecessor LAMBDA: a script on the task's input (contracts/conductor.md, section 4.5)."""

from __future__ import annotations

from typing import Any

from executions.engine.events import Result
from executions.engine.tools import Task
from executions.states import RunState
from executions.task_types.base import TaskType
from executions.task_types.scripts import LANGUAGES, VALUE_PARAM, evaluate
from workflows_app.expressions import ScriptError, ScriptTimeout


class Inline(TaskType):
    """``evaluatorType`` (javascript, graaljs, python, value-param), ``expression``; the result is ``output.result``."""

    def compute(self, task: Task) -> Result:
        evaluator = task.input.get("evaluatorType")
        if evaluator is None:
            evaluator = "javascript"
        expression = task.input.get("expression")
        if not isinstance(evaluator, str) or not evaluator.strip():
            return _broken(_empty("evaluatorType"))
        if evaluator not in LANGUAGES and evaluator != VALUE_PARAM:
            return _broken(f"Unknown evaluator '{evaluator}' in INLINE task.")
        if not isinstance(expression, str) or not expression.strip():
            return _broken(_empty("expression"))
        return scripted(task, evaluator, expression)


class Lambda(TaskType):
    """``scriptExpression``, the body of a JavaScript function; the result is ``output.result``."""

    def compute(self, task: Task) -> Result:
        body = task.input.get("scriptExpression") or task.node.options.get("script_expression")
        if not isinstance(body, str) or not body.strip():
            return _broken(_empty("scriptExpression", "Lambda"), RunState.FAILED)
        result = scripted(task, "javascript", f"(function() {{ {body}\n }})()")
        return result if result.state == RunState.COMPLETED else _broken(result.reason or "", RunState.FAILED)


def scripted(task: Task, evaluator: str, expression: str) -> Result:
    """The result of a script as a task's result. A script that is too slow may be tried again, a wrong one not."""
    try:
        value: Any = evaluate(task, evaluator, expression)
    except ScriptTimeout as error:
        return _broken(str(error), RunState.FAILED)
    except ScriptError as error:
        return _broken(error.told)
    return Result(state=RunState.COMPLETED, output={"result": value})


def _empty(name: str, of: str = "Inline") -> str:
    return f"Empty '{name}' in {of} task's input parameters. A non-empty String value must be provided."


def _broken(reason: str, state: RunState = RunState.FAILED_WITH_TERMINAL_ERROR) -> Result:
    return Result(state=state, reason=reason, output={"error": reason})
