"""SWITCH and its predecessor DECISION: one case of several (contracts/conductor.md, section 4.2)."""

from __future__ import annotations

from executions.engine.events import Result
from executions.engine.tools import Task
from executions.states import RunState
from executions.task_types.base import TaskType
from executions.task_types.scripts import LANGUAGES, VALUE_PARAM, as_case, evaluate
from workflows_app.expressions import ScriptError


class Switch(TaskType):
    """The value of an expression, or of an input (value-param), names the case; cases are compared as text."""

    def compute(self, task: Task) -> Result:
        evaluator, expression = task.node.options.get("evaluator_type"), task.node.options.get("expression")
        if evaluator not in LANGUAGES and evaluator != VALUE_PARAM:
            return Result(state=RunState.FAILED, abort=f"No evaluator registered for type: {evaluator}")
        try:
            case = as_case(evaluate(task, str(evaluator), str(expression)))
        except ScriptError as error:
            return Result(state=RunState.FAILED, reason=error.told)
        return Result(
            state=RunState.COMPLETED,
            output={"evaluationResult": [case], "selectedCase": case},
            input=_marks(task, case),
            case=case,
        )


class Decision(TaskType):
    """The value of an input (``caseValueParam``) or of a JavaScript expression (``caseExpression``)."""

    def compute(self, task: Task) -> Result:
        options = task.node.options
        try:
            if options.get("case_expression"):
                value = evaluate(task, "javascript", options["case_expression"])
            else:
                value = task.input.get(options.get("case_value_param", ""))
        except ScriptError as error:
            return Result(state=RunState.FAILED, reason=f"Error while evaluating script: {error}")
        case = as_case(value)
        return Result(state=RunState.COMPLETED, output={"caseOutput": [case]}, input=_marks(task, case), case=case)


def _marks(task: Task, case: str) -> dict[str, str]:
    """What the recorded input shows of the choice."""
    options = task.node.options
    # an empty case of a DECISION leads to its default
    known = options.get("all_cases", ()) if task.node.type == "SWITCH" else options.get("cases", ())
    has_children = case in options.get("cases", ()) if case in known else bool(options.get("default"))
    return {"case": case, **({"hasChildren": "true"} if has_children else {})}
