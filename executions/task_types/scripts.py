"""Which script language an evaluator type stands for, and what is the same for all types that run scripts."""

from __future__ import annotations

from typing import Any

from executions.engine.tools import Task
from workflows_app.json_text import dumps

VALUE_PARAM = "value-param"
# evaluator type -> script language
LANGUAGES = {"javascript": "javascript", "graaljs": "javascript", "js": "javascript", "python": "python"}


def as_case(value: Any) -> str:
    """A choice as text, as definitions write their cases: null, true, 1, texts as they are, the rest as JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return dumps(value) if isinstance(value, (dict, list)) else str(value)


def evaluate(task: Task, evaluator: str, expression: str) -> Any:
    """The value of an expression of that evaluator type on the task's input. Raises ScriptError."""
    if evaluator == VALUE_PARAM:
        return task.input.get(expression)
    return task.script(LANGUAGES[evaluator], expression, task.input)
